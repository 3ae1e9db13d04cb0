using System.Collections.Immutable;
using Palisade.Nftables;

namespace Palisade.Dataplane.Reconcile;

/// <summary>What a set that stays loses, then gains.</summary>
public sealed record ElementChange(
    SetDefinition Set, ImmutableArray<Element> Removed, ImmutableArray<Element> Added);

/// <summary>
/// What turns one ruleset of a table into another, in the order in which the kernel is told: what is new (nothing
/// refers to it yet), what switches packets over, and what nothing refers to any more.
/// </summary>
public sealed record TableChange(Table Table)
{
    /// <summary>New counters.</summary>
    public ImmutableArray<NamedCounter> AddedCounters { get; init; } = [];

    /// <summary>New sets and maps with all their elements.</summary>
    public ImmutableArray<NftSet> AddedSets { get; init; } = [];

    /// <summary>New chains with all their rules.</summary>
    public ImmutableArray<Chain> AddedChains { get; init; } = [];

    /// <summary>Elements of sets and maps that stay.</summary>
    public ImmutableArray<ElementChange> Elements { get; init; } = [];

    /// <summary>Chains that stay and have other rules now: all of them.</summary>
    public ImmutableArray<Chain> ChangedChains { get; init; } = [];

    /// <summary>Sets and maps that go.</summary>
    public ImmutableArray<string> RemovedSets { get; init; } = [];

    /// <summary>Chains that go.</summary>
    public ImmutableArray<string> RemovedChains { get; init; } = [];

    /// <summary>Counters that go.</summary>
    public ImmutableArray<string> RemovedCounters { get; init; } = [];

    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => AddedCounters.IsEmpty && AddedSets.IsEmpty && AddedChains.IsEmpty && Elements.IsEmpty
        && ChangedChains.IsEmpty && RemovedSets.IsEmpty && RemovedChains.IsEmpty && RemovedCounters.IsEmpty;

    /// <summary>How many elements are told, one by one.</summary>
    public int ElementCount => Elements.Sum(set => set.Removed.Length + set.Added.Length)
        + AddedSets.Sum(set => set.Elements.Length);
}

using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>Which namespaces a set of pods is drawn from: one by its name, or all that a selector matches.</summary>
/// <param name="Name">The one namespace; null when <paramref name="Selector"/> says.</param>
/// <param name="Selector">Which namespaces by their labels, used when there is no name; the empty selector is every
/// namespace.</param>
public sealed record NamespaceScope(string? Name, LabelSelector Selector)
{
    /// <summary>Every namespace.</summary>
    public static NamespaceScope Every { get; } = new(null, LabelSelector.Everything);

    /// <summary>One namespace.</summary>
    public static NamespaceScope One(string name) => new(name, LabelSelector.Everything);

    /// <summary>
    /// All namespaces that a selector matches; a selector that only names one namespace is that namespace.
    /// </summary>
    public static NamespaceScope Matching(LabelSelector selector) => selector.Requirements switch
    {
        [{ Key: ClusterSnapshot.NameLabel, Operator: SelectorOperator.In, Values: [var name] }] => One(name),
        [] => Every,
        _ => new(null, selector),
    };

    /// <summary>Whether a namespace is in the scope.</summary>
    public bool Contains(Namespace ns) => Name is null ? Selector.Matches(ns.Labels) : Name == ns.Name;

    /// <summary>dev-team, {team=a}, or * for every namespace.</summary>
    public override string ToString() => Name ?? (Selector.SelectsEverything ? "*" : $"{{{Selector}}}");
}

/// <summary>
/// A set of pods by its symbolic definition; its members are <see cref="CompiledPolicy.Members"/>. Pods come and go,
/// the definition stays:
/// equal definitions have equal text, so the text can name a kernel set.
/// </summary>
/// <param name="Namespaces">The namespaces the pods are in.</param>
/// <param name="Pods">The labels the pods have.</param>
/// <param name="Having">Only pods where this name and protocol stand for this number (egress rules with named
/// ports).</param>
/// <param name="Within">Only the pods' addresses in this block (egress rules with named ports and ipBlock
/// peers).</param>
public sealed record PodSet(
    NamespaceScope Namespaces, LabelSelector Pods, NamedPort? Having = null, BlockPeer? Within = null)
    : IComparable<PodSet>
{
    /// <summary>Every pod.</summary>
    public static PodSet Every { get; } = new(NamespaceScope.Every, LabelSelector.Everything);

    /// <summary>Orders by text, ordinally.</summary>
    public int CompareTo(PodSet? other) => string.CompareOrdinal(ToString(), other?.ToString());

    /// <summary>
    /// For example dev-team/{app=web}, {team=a}/* having http/TCP=8080, */* having http/TCP=80 within 10.0.0.0/8.
    /// </summary>
    public override string ToString()
    {
        var pods = Pods.SelectsEverything ? "*" : $"{{{Pods}}}";
        var having = Having is { } port ? $" having {port.Name}/{port.Protocol.Spelling()}={port.Number}" : "";
        return $"{Namespaces}/{pods}{having}{(Within is null ? "" : $" within {Within}")}";
    }
}

/// <summary>
/// A union of peers: everyone, or some pods and some address blocks. Without repeats, in the order of their texts.
/// </summary>
/// <param name="Anyone">Everyone, external addresses and nodes included; then the two lists are empty.</param>
/// <param name="Pods">Sets of pods.</param>
/// <param name="Blocks">Address blocks with their own exceptions; pods' and nodes' addresses count as any
/// other.</param>
public sealed record PeerUnion(bool Anyone, ImmutableArray<PodSet> Pods, ImmutableArray<BlockPeer> Blocks)
{
    /// <summary>Sets of addresses that only ClusterNetworkPolicies can name; empty in a gate's entries.</summary>
    public ImmutableArray<AddressSet> Addresses { get; init; } = [];

    /// <summary>Everyone.</summary>
    public static PeerUnion Everyone { get; } = new(true, [], []);

    /// <inheritdoc/>
    public bool Equals(PeerUnion? other) => ReferenceEquals(this, other)
        || (other is not null && Anyone == other.Anyone
            && Pods.AsSpan().SequenceEqual(other.Pods.AsSpan())
            && Blocks.AsSpan().SequenceEqual(other.Blocks.AsSpan())
            && Addresses.AsSpan().SequenceEqual(other.Addresses.AsSpan()));

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(Anyone, Pods.Length, Blocks.Length, Addresses.Length);

    /// <summary>anyone, or the sets and blocks, separated by commas and a space.</summary>
    public override string ToString() => Anyone
        ? "anyone"
        : string.Join(", ", Pods.Cast<object>().Concat(Blocks).Concat(Addresses));
}

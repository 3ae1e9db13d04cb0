using System.Collections.Immutable;

namespace Palisade.Nftables;

/// <summary>
/// One whole table. The order of counters, sets and chains is the order of creation, and of nft list.
/// </summary>
public sealed record Ruleset(Table Table)
{
    /// <summary>Counters that rules refer to by name.</summary>
    public ImmutableArray<NamedCounter> Counters { get; init; } = [];

    /// <summary>Named sets and verdict maps.</summary>
    public ImmutableArray<NftSet> Sets { get; init; } = [];

    /// <summary>Chains with their rules.</summary>
    public ImmutableArray<Chain> Chains { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(Ruleset? other) =>
        other is not null && Table == other.Table && Counters.AsSpan().SequenceEqual(other.Counters.AsSpan())
        && Sets.AsSpan().SequenceEqual(other.Sets.AsSpan()) && Chains.AsSpan().SequenceEqual(other.Chains.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Table, Counters.Length, Sets.Length, Chains.Length);
}

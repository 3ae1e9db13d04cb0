using System.Collections.Immutable;
using System.Net;

namespace Palisade.Nftables;

/// <summary>What a set is, without its elements.</summary>
public sealed record SetDefinition(string Name, KeyType Key)
{
    /// <summary>Elements may be ranges (each field's own range in a concatenation).</summary>
    public bool IsInterval { get; init; }

    /// <summary>A verdict map: each element has a verdict.</summary>
    public bool IsVerdictMap { get; init; }

    /// <summary>A map to values of this type (each element has Data); null: a set or a verdict map.</summary>
    public KeyType? Data { get; init; }

    /// <summary>Shown by nft list.</summary>
    public string? Comment { get; init; }

    internal bool IsMap => IsVerdictMap || Data is not null;

    /// <summary>Whether its elements are pairs of keys (concatenated intervals), not interval borders.</summary>
    internal bool HasKeyEnds => IsInterval && Key.IsConcatenation;
}

/// <summary>An element: a key, or in interval sets a range of keys with both ends included.</summary>
public sealed record Element(NftKey Key)
{
    /// <summary>The last key of the range; null for a single key.</summary>
    public NftKey? End { get; init; }

    /// <summary>The verdict, in verdict maps.</summary>
    public NftVerdict? Verdict { get; init; }

    /// <summary>The value, in other maps.</summary>
    public NftKey? Data { get; init; }

    /// <summary>Shown by nft list.</summary>
    public string? Comment { get; init; }

    /// <summary>A single address.</summary>
    public static Element Of(IPAddress address) => new(NftKey.Of(address));

    /// <summary>An address block, for interval sets.</summary>
    public static Element Of(IPNetwork block)
    {
        var first = block.BaseAddress.GetAddressBytes();
        var last = block.BaseAddress.GetAddressBytes();
        for (var bit = block.PrefixLength; bit < last.Length * 8; bit++)
            last[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return Range(new(first), new(last));
    }

    /// <summary>A range with both ends included.</summary>
    public static Element Range(NftKey first, NftKey last) => new(first) { End = first == last ? null : last };

    /// <summary>A port, or a range of ports with both ends included.</summary>
    public static Element Ports(ushort first, ushort last) => Range(NftKey.Port(first), NftKey.Port(last));
}

/// <summary>A set or verdict map with its elements. Their order does not count in comparisons.</summary>
public sealed record NftSet(SetDefinition Definition)
{
    /// <summary>The elements.</summary>
    public ImmutableArray<Element> Elements { get; init; } = [];

    /// <summary>The definition's name.</summary>
    public string Name => Definition.Name;

    /// <inheritdoc/>
    public bool Equals(NftSet? other) =>
        other is not null && Definition == other.Definition && Elements.Length == other.Elements.Length
        && Elements.ToHashSet().SetEquals(other.Elements);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Definition, Elements.Length);
}

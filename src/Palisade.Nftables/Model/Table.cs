namespace Palisade.Nftables;

/// <summary>Families of tables (NFPROTO_*).</summary>
public enum NftFamily : byte
{
    /// <summary>IPv4 and IPv6.</summary>
    Inet = 1,

    /// <summary>IPv4.</summary>
    Ip = 2,

    /// <summary>Bridged frames.</summary>
    Bridge = 7,

    /// <summary>IPv6.</summary>
    Ip6 = 10,
}

/// <summary>A table: the namespace of chains, sets and objects.</summary>
public sealed record Table(NftFamily Family, string Name)
{
    /// <summary>Shown by nft list; at most <see cref="NftComment.MaxBytes"/> bytes.</summary>
    public string? Comment { get; init; }

    /// <summary>"inet palisade", as nft writes it.</summary>
    public override string ToString() => $"{NftText.FamilyName(Family)} {Name}";
}

/// <summary>A counter that rules refer to by name. Packets and Bytes are state: comparisons leave them out.</summary>
public sealed record NamedCounter(string Name)
{
    /// <summary>Shown by nft list.</summary>
    public string? Comment { get; init; }

    /// <summary>Packets counted so far.</summary>
    public ulong Packets { get; init; }

    /// <summary>Bytes counted so far.</summary>
    public ulong Bytes { get; init; }

    /// <inheritdoc/>
    public bool Equals(NamedCounter? other) => other is not null && Name == other.Name && Comment == other.Comment;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);
}

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

/// <summary>Flags of tables (NFT_TABLE_F_*); measured behaviour: docs/adr/0012.</summary>
[Flags]
public enum TableFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Its base chains are not hooked in.</summary>
    Dormant = 1,

    /// <summary>
    /// Only the socket that made it changes it; a foreign flush of everything leaves it. It is gone when the socket
    /// closes, unless it is persistent too. Since Linux 5.12.
    /// </summary>
    Owner = 2,

    /// <summary>
    /// With Owner: it stays when the owner's socket closes, then without an owner, and the next that adds it with
    /// Owner and Persist owns it. Since Linux 6.9.
    /// </summary>
    Persist = 4,
}

/// <summary>A table: the namespace of chains, sets and objects.</summary>
public sealed record Table(NftFamily Family, string Name)
{
    /// <summary>Shown by nft list; at most <see cref="NftComment.MaxBytes"/> bytes.</summary>
    public string? Comment { get; init; }

    /// <summary>None usually.</summary>
    public TableFlags Flags { get; init; }

    /// <summary>
    /// In dumps: the netlink port of the socket that owns it (<see cref="NftSocket.Port"/>); 0 without. Not compared.
    /// </summary>
    public uint OwnerPort { get; init; }

    /// <inheritdoc/>
    public bool Equals(Table? other) =>
        other is not null && Family == other.Family && Name == other.Name && Comment == other.Comment
        && Flags == other.Flags;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Family, Name, Comment, Flags);

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

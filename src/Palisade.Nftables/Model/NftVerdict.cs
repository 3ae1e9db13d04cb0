using Palisade.Nftables.Netlink;

namespace Palisade.Nftables;

/// <summary>Verdict codes (NF_*, NFT_*).</summary>
public enum VerdictKind
{
    /// <summary>Drops the packet, at once and finally.</summary>
    Drop = 0,

    /// <summary>Accepts it for this base chain; later base chains still judge.</summary>
    Accept = 1,

    /// <summary>Goes on with the next rule.</summary>
    Continue = -1,

    /// <summary>Goes on in a chain and comes back at its end.</summary>
    Jump = -3,

    /// <summary>Goes on in a chain without coming back to this one.</summary>
    Goto = -4,

    /// <summary>Back to the caller; in a base chain: the policy.</summary>
    Return = -5,
}

/// <summary>A verdict; jump and goto name a chain.</summary>
/// <remarks>nest { NFTA_VERDICT_CODE (1) i32 big-endian · NFTA_VERDICT_CHAIN (2) string, for jump and goto }</remarks>
public sealed record NftVerdict(VerdictKind Kind, string? Chain = null)
{
    /// <summary>Accept.</summary>
    public static NftVerdict Accept { get; } = new(VerdictKind.Accept);

    /// <summary>Drop.</summary>
    public static NftVerdict Drop { get; } = new(VerdictKind.Drop);

    /// <summary>Return.</summary>
    public static NftVerdict Return { get; } = new(VerdictKind.Return);

    /// <summary>Continue.</summary>
    public static NftVerdict Continue { get; } = new(VerdictKind.Continue);

    /// <summary>Jump to a chain.</summary>
    public static NftVerdict Jump(string chain) => new(VerdictKind.Jump, chain);

    /// <summary>Goto a chain.</summary>
    public static NftVerdict Goto(string chain) => new(VerdictKind.Goto, chain);

    /// <summary>As nft writes it.</summary>
    public override string ToString() => Kind switch
    {
        VerdictKind.Jump => $"jump {Chain}",
        VerdictKind.Goto => $"goto {Chain}",
        _ => Kind.ToString().ToLowerInvariant(),
    };

    /// <summary>Writes it as NFTA_DATA_VERDICT (2) inside the caller's data nest.</summary>
    internal void Encode(NetlinkBuffer buffer)
    {
        var nest = buffer.BeginNest(2);
        buffer.PutBig32(1, unchecked((uint)(int)Kind));
        if (Chain is not null)
            buffer.PutString(2, Chain);
        buffer.EndNest(nest);
    }

    internal static NftVerdict Decode(ReadOnlySpan<byte> nest)
    {
        var kind = VerdictKind.Continue;
        string? chain = null;
        var reader = new AttributeReader(nest);
        while (reader.Next())
        {
            if (reader.Type == 1)
                kind = (VerdictKind)unchecked((int)reader.Big32);
            else if (reader.Type == 2)
                chain = reader.Text;
        }

        return new(kind, chain);
    }
}

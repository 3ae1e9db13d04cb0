using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Looks registers up in a set; of a verdict map the found verdict takes effect.</summary>
/// <remarks>
/// NFTA_LOOKUP_SET (1) string · NFTA_LOOKUP_SREG (2) u32 · NFTA_LOOKUP_DREG (3) u32: for maps, 0 the verdict
/// NFTA_LOOKUP_SET_ID (4) u32, for a set made in the same batch · NFTA_LOOKUP_FLAGS (5) u32: 1 inverted
/// </remarks>
public sealed record Lookup(string Set, uint Register = Expression.FirstRegister) : Expression
{
    /// <summary>An anonymous set or map, written in the rule itself; <see cref="Set"/> is empty then.</summary>
    public NftSet? Anonymous { get; init; }

    /// <summary>Holds when the key is not in the set.</summary>
    public bool Inverted { get; init; }

    /// <summary>Takes the verdict of the found element.</summary>
    public bool IntoVerdict { get; init; }

    /// <summary>Loads the value of the found element of a map; the rule ends when there is none.</summary>
    public uint? IntoRegister { get; init; }

    /// <inheritdoc/>
    public override string KernelName => "lookup";

    /// <summary>The batch's number of the anonymous set; given by the transaction, 0 otherwise.</summary>
    internal uint SetId { get; init; }

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(2, Register);
        if (IntoVerdict)
            buffer.PutBig32(3, 0);
        else if (IntoRegister is { } target)
            buffer.PutBig32(3, target);
        buffer.PutString(1, Set);
        if (SetId != 0)
            buffer.PutBig32(4, SetId);
        if (Inverted)
            buffer.PutBig32(5, 1);
    }

    internal override void Print(RulePrinter printer) => printer.Lookup(this);

    internal static Lookup DecodeBody(ReadOnlySpan<byte> body)
    {
        var lookup = new Lookup("");
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            lookup = reader.Type switch
            {
                1 => lookup with { Set = reader.Text },
                2 => lookup with { Register = reader.Big32 },
                3 when reader.Big32 == 0 => lookup with { IntoVerdict = true },
                3 => lookup with { IntoRegister = reader.Big32 },
                5 => lookup with { Inverted = (reader.Big32 & 1) != 0 },
                _ => lookup,
            };
        }

        return lookup;
    }
}

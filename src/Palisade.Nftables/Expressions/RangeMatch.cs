using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>
/// Whether a register lies in a range, both ends included. nft uses it for "not in" only; "in" is two comparisons.
/// </summary>
/// <remarks>
/// NFTA_RANGE_SREG (1) u32 · NFTA_RANGE_OP (2) u32: 0 in, 1 not in · NFTA_RANGE_FROM_DATA (3) data ·
///   NFTA_RANGE_TO_DATA (4) data
/// </remarks>
public sealed record RangeMatch(bool Inverted, NftKey From, NftKey To, uint Register = Expression.FirstRegister)
    : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "range";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, Register);
        buffer.PutBig32(2, Inverted ? 1u : 0u);
        buffer.PutValue(3, From);
        buffer.PutValue(4, To);
    }

    internal override void Print(RulePrinter printer) => printer.Range(Register, Inverted, From, To);

    internal static RangeMatch DecodeBody(ReadOnlySpan<byte> body)
    {
        uint register = 0, operation = 0;
        NftKey from = default, to = default;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: register = reader.Big32; break;
                case 2: operation = reader.Big32; break;
                case 3: from = reader.Value; break;
                case 4: to = reader.Value; break;
            }
        }

        return new(operation == 1, from, to, register);
    }
}

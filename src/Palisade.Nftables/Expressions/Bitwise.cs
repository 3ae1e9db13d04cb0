using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>register = (register AND mask) XOR xor.</summary>
/// <remarks>
/// NFTA_BITWISE_SREG (1) u32 · NFTA_BITWISE_DREG (2) u32 · NFTA_BITWISE_LEN (3) u32, bytes
/// NFTA_BITWISE_MASK (4) data · NFTA_BITWISE_XOR (5) data · NFTA_BITWISE_OP (6) u32, 0 in dumps: mask and xor
/// </remarks>
public sealed record Bitwise(NftKey Mask, uint Register = Expression.FirstRegister) : Expression
{
    /// <summary>As long as the mask; null: all zero.</summary>
    public NftKey? Xor { get; init; }

    /// <inheritdoc/>
    public override string KernelName => "bitwise";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, Register);
        buffer.PutBig32(2, Register);
        buffer.PutBig32(3, (uint)Mask.Length);
        buffer.PutValue(4, Mask);
        buffer.PutValue(5, Xor ?? new(new byte[Mask.Length]));
    }

    internal override void Print(RulePrinter printer) => printer.Mask(this);

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        uint source = 0, target = 0, operation = 0;
        NftKey mask = default, xor = default;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: source = reader.Big32; break;
                case 2: target = reader.Big32; break;
                case 4: mask = reader.Value; break;
                case 5: xor = reader.Value; break;
                case 6: operation = reader.Big32; break;
            }
        }

        if (source != target || operation != 0)
            return new Unknown("bitwise", new(body));
        return new Bitwise(mask, source) { Xor = xor.Bytes.ContainsAnyExcept((byte)0) ? xor : null };
    }
}

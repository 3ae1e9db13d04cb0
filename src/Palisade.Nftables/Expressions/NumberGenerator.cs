using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>
/// Loads a number from Offset to Offset + Modulus - 1, random or the next one; 32 bits in host order.
/// </summary>
/// <remarks>
/// NFTA_NG_DREG (1) u32 · NFTA_NG_MODULUS (2) u32 · NFTA_NG_TYPE (3) u32: 0 incremental, 1 random
/// NFTA_NG_OFFSET (4) u32
/// </remarks>
public sealed record NumberGenerator(uint Modulus, uint Register = Expression.FirstRegister) : Expression
{
    /// <summary>Random; otherwise one after the other, over all packets that come to this rule.</summary>
    public bool IsRandom { get; init; } = true;

    /// <summary>The lowest number.</summary>
    public uint Offset { get; init; }

    /// <inheritdoc/>
    public override string KernelName => "numgen";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, Register);
        buffer.PutBig32(2, Modulus);
        buffer.PutBig32(3, IsRandom ? 1u : 0u);
        buffer.PutBig32(4, Offset);
    }

    internal override void Print(RulePrinter printer)
    {
        var offset = Offset == 0 ? "" : $" offset {Offset}";
        var text = $"numgen {(IsRandom ? "random" : "inc")} mod {Modulus}{offset}";
        printer.Load(Register, new(text, FieldType.Integer, 4) { IsHostNumber = true });
    }

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        uint register = 0, modulus = 0, type = 0, offset = 0;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: register = reader.Big32; break;
                case 2: modulus = reader.Big32; break;
                case 3: type = reader.Big32; break;
                case 4: offset = reader.Big32; break;
            }
        }

        return type > 1
            ? new Unknown("numgen", new(body))
            : new NumberGenerator(modulus, register) { IsRandom = type == 1, Offset = offset };
    }
}

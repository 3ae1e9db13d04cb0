using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Loads a constant into a register.</summary>
/// <remarks>NFTA_IMMEDIATE_DREG (1) u32 · NFTA_IMMEDIATE_DATA (2) nest { NFTA_DATA_VALUE (1) bytes }</remarks>
public sealed record ImmediateValue(NftKey Value, uint Register = Expression.FirstRegister) : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "immediate";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, Register);
        buffer.PutValue(2, Value);
    }

    internal override void Print(RulePrinter printer) =>
        printer.Load(Register, new("", FieldType.None, Value.Length) { Constant = Value });

    internal static Expression DecodeValue(ReadOnlySpan<byte> body)
    {
        uint register = 0;
        var value = default(NftKey);
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            if (reader.Type == 1)
                register = reader.Big32;
            else if (reader.Type == 2)
                value = reader.Value;
        }

        return value.Length == 0 ? new Unknown("immediate", new(body)) : new ImmediateValue(value, register);
    }
}

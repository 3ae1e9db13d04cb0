using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Comparison operators (NFT_CMP_*).</summary>
public enum CompareOperator : uint
{
    /// <summary>Equal.</summary>
    Equal = 0,

    /// <summary>Not equal.</summary>
    NotEqual = 1,

    /// <summary>Less.</summary>
    Less = 2,

    /// <summary>Less or equal.</summary>
    LessOrEqual = 3,

    /// <summary>Greater.</summary>
    Greater = 4,

    /// <summary>Greater or equal.</summary>
    GreaterOrEqual = 5,
}

/// <summary>Compares a register with a value, bytewise; the rule ends when it does not hold.</summary>
/// <remarks>
/// NFTA_CMP_SREG (1) u32 · NFTA_CMP_OP (2) u32 · NFTA_CMP_DATA (3) nest { NFTA_DATA_VALUE (1) bytes }
/// </remarks>
public sealed record Compare(CompareOperator Operator, NftKey Value, uint Register = Expression.FirstRegister)
    : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "cmp";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, Register);
        buffer.PutBig32(2, (uint)Operator);
        buffer.PutValue(3, Value);
    }

    internal override void Print(RulePrinter printer) => printer.Compare(this);

    internal static Compare DecodeBody(ReadOnlySpan<byte> body)
    {
        uint register = 0, operation = 0;
        var value = default(NftKey);
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: register = reader.Big32; break;
                case 2: operation = reader.Big32; break;
                case 3: value = reader.Value; break;
            }
        }

        return new((CompareOperator)operation, value, register);
    }
}

using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Sets something of the packet that is not in it, usually its mark.</summary>
/// <remarks>NFTA_META_KEY (2) u32 · NFTA_META_SREG (3) u32</remarks>
public sealed record MetaSet(MetaKey Key, uint Register = Expression.FirstRegister) : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "meta";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(2, (uint)Key);
        buffer.PutBig32(3, Register);
    }

    internal override void Print(RulePrinter printer)
    {
        var target = Meta.OperandOf(Key);
        printer.Say($"{target.Text} set {printer.TakeValue(Register, target)}");
    }
}

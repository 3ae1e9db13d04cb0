using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Sets the mark, labels or zone of the packet's connection.</summary>
/// <remarks>
/// NFTA_CT_KEY (2) u32 · NFTA_CT_DIRECTION (3) u8, of zones · NFTA_CT_SREG (4) u32. Labels are added, never removed.
/// </remarks>
public sealed record ConntrackSet(ConntrackKey Key, uint Register = Expression.FirstRegister) : Expression
{
    /// <summary>Of zones: for one direction only.</summary>
    public bool? IsReply { get; init; }

    /// <inheritdoc/>
    public override string KernelName => "ct";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(2, (uint)Key);
        if (IsReply is { } reply)
            buffer.PutByte(3, reply ? (byte)1 : (byte)0);
        buffer.PutBig32(4, Register);
    }

    internal override void Print(RulePrinter printer)
    {
        var target = Conntrack.OperandOf(Key, IsReply);
        printer.Say($"{target.Text} set {printer.TakeValue(Register, target)}");
    }
}

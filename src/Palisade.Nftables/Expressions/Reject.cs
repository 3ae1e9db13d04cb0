using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Drops the packet and tells its sender: port unreachable, or with TCP a reset.</summary>
/// <param name="ByTcpReset">By a TCP reset; the rule must match TCP before. Otherwise by ICMP or ICMPv6.</param>
/// <remarks>
/// NFTA_REJECT_TYPE (1) u32: 0 icmp, 1 tcp reset, 2 icmpx, of the packet's family · _ICMP_CODE (2) u8, of icmpx:
///   0 no route, 1 port unreachable, 2 host unreachable, 3 administratively prohibited
/// </remarks>
public sealed record Reject(bool ByTcpReset = false) : Expression
{
    private const uint TcpReset = 1;
    private const uint OfPacketsFamily = 2;
    private const byte PortUnreachable = 1;

    /// <inheritdoc/>
    public override string KernelName => "reject";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, ByTcpReset ? TcpReset : OfPacketsFamily);
        if (!ByTcpReset)
            buffer.PutByte(2, PortUnreachable);
    }

    internal override void Print(RulePrinter printer) => printer.Say(ByTcpReset ? "reject with tcp reset" : "reject");

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        uint type = 0;
        byte code = 0;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            if (reader.Type == 1)
                type = reader.Big32;
            else if (reader.Type == 2)
                code = reader.Byte;
        }

        return (type, code) switch
        {
            (TcpReset, _) => new Reject(ByTcpReset: true),
            (OfPacketsFamily, PortUnreachable) => new Reject(),
            _ => new Unknown("reject", new(body)),
        };
    }
}

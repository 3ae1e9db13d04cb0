using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Where a payload offset counts from (NFT_PAYLOAD_*).</summary>
public enum PayloadBase : uint
{
    /// <summary>The link-layer header.</summary>
    Link = 0,

    /// <summary>The IPv4 or IPv6 header.</summary>
    Network = 1,

    /// <summary>The transport header.</summary>
    Transport = 2,
}

/// <summary>Loads bytes of the packet.</summary>
/// <remarks>
/// NFTA_PAYLOAD_DREG (1) u32 · NFTA_PAYLOAD_BASE (2) u32 · NFTA_PAYLOAD_OFFSET (3) u32, bytes · NFTA_PAYLOAD_LEN
///   (4) u32, bytes
/// </remarks>
public sealed record Payload(PayloadBase Base, uint Offset, uint Length, uint Register = Expression.FirstRegister)
    : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "payload";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, Register);
        buffer.PutBig32(2, (uint)Base);
        buffer.PutBig32(3, Offset);
        buffer.PutBig32(4, Length);
    }

    internal override void Print(RulePrinter printer)
    {
        var operand = Base switch
        {
            PayloadBase.Link => LinkField(),
            PayloadBase.Network => NetworkField(printer),
            PayloadBase.Transport => TransportField(printer),
            _ => null,
        };
        var raw = Base switch { PayloadBase.Link => "ll", PayloadBase.Network => "nh", _ => "th" };
        printer.Load(Register, operand ?? new($"@{raw},{Offset * 8},{Length * 8}", FieldType.Integer, (int)Length));
    }

    internal static Payload DecodeBody(ReadOnlySpan<byte> body)
    {
        uint register = 0, origin = 0, offset = 0, length = 0;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: register = reader.Big32; break;
                case 2: origin = reader.Big32; break;
                case 3: offset = reader.Big32; break;
                case 4: length = reader.Big32; break;
            }
        }

        return new((PayloadBase)origin, offset, length, register);
    }

    private Operand? LinkField() => (Offset, Length) switch
    {
        (0, 6) => new("ether daddr", FieldType.EtherAddress, 6),
        (6, 6) => new("ether saddr", FieldType.EtherAddress, 6),
        (12, 2) => new("ether type", FieldType.EtherType, 2),
        _ => null,
    };

    private Operand? NetworkField(RulePrinter printer)
    {
        Operand? field = (printer.Family, Offset) switch
        {
            (RulePrinter.V4, 9) => new("ip protocol", FieldType.InetProtocol, 1),
            (RulePrinter.V4, 8) => new("ip ttl", FieldType.Integer, 1),
            (RulePrinter.V4, 12) => new("ip saddr", FieldType.Ipv4Address, 4),
            (RulePrinter.V4, 16) => new("ip daddr", FieldType.Ipv4Address, 4),
            (RulePrinter.V6, 6) => new("ip6 nexthdr", FieldType.InetProtocol, 1),
            (RulePrinter.V6, 7) => new("ip6 hoplimit", FieldType.Integer, 1),
            (RulePrinter.V6, 8) => new("ip6 saddr", FieldType.Ipv6Address, 16),
            (RulePrinter.V6, 24) => new("ip6 daddr", FieldType.Ipv6Address, 16),
            (RulePrinter.Arp, 14) => new("arp saddr ip", FieldType.Ipv4Address, 4),
            (RulePrinter.Arp, 24) => new("arp daddr ip", FieldType.Ipv4Address, 4),
            _ => null,
        };
        if (field is null || Length > field.Length)
            return null;
        printer.ForgetFamilyMatch();   // nft prints "ip saddr", from which it follows
        return field with { LoadedBytes = (int)Length };   // a prefix of whole bytes is loaded short
    }

    private Operand? TransportField(RulePrinter printer)
    {
        Operand? field = (printer.Protocol, Offset, Length) switch
        {
            (6, 0, 2) => new("tcp sport", FieldType.InetService, 2),
            (6, 2, 2) => new("tcp dport", FieldType.InetService, 2),
            (6, 13, 1) => new("tcp flags", FieldType.TcpFlags, 1),
            (17, 0, 2) => new("udp sport", FieldType.InetService, 2),
            (17, 2, 2) => new("udp dport", FieldType.InetService, 2),
            (132, 0, 2) => new("sctp sport", FieldType.InetService, 2),
            (132, 2, 2) => new("sctp dport", FieldType.InetService, 2),
            (1, 0, 1) => new("icmp type", FieldType.IcmpType, 1),
            (58, 0, 1) => new("icmpv6 type", FieldType.Icmpv6Type, 1),
            (null, 0, 2) => new("th sport", FieldType.InetService, 2),
            (null, 2, 2) => new("th dport", FieldType.InetService, 2),
            _ => null,
        };
        if (field is not null && printer.Protocol is not null)
            printer.ForgetProtocolMatch();
        return field;
    }
}

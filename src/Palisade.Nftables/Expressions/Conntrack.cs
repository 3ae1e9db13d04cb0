using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>What ct loads (NFT_CT_*).</summary>
public enum ConntrackKey : uint
{
    /// <summary>State bits, 32 bits in host order.</summary>
    State = 0,

    /// <summary>Direction, one byte: 0 original, 1 reply.</summary>
    Direction = 1,

    /// <summary>Status bits (IPS_*), 32 bits in host order.</summary>
    Status = 2,

    /// <summary>Connection mark, 32 bits in host order.</summary>
    Mark = 3,

    /// <summary>IP protocol number, one byte.</summary>
    Protocol = 10,

    /// <summary>Source port of a direction, two bytes.</summary>
    SourcePort = 11,

    /// <summary>Destination port of a direction, two bytes.</summary>
    DestinationPort = 12,

    /// <summary>Labels, 16 bytes, label 0 the lowest bit of the first.</summary>
    Labels = 13,

    /// <summary>Zone, two bytes in host order.</summary>
    Zone = 17,

    /// <summary>IPv4 source address of a direction.</summary>
    SourceV4 = 19,

    /// <summary>IPv4 destination address of a direction.</summary>
    DestinationV4 = 20,

    /// <summary>IPv6 source address of a direction.</summary>
    SourceV6 = 21,

    /// <summary>IPv6 destination address of a direction.</summary>
    DestinationV6 = 22,
}

/// <summary>Loads something about the packet's connection.</summary>
/// <remarks>NFTA_CT_DREG (1) u32 · NFTA_CT_KEY (2) u32 · NFTA_CT_DIRECTION (3) u8 · NFTA_CT_SREG (4): ConntrackSet
/// </remarks>
public sealed record Conntrack(ConntrackKey Key, uint Register = Expression.FirstRegister) : Expression
{
    /// <summary>The direction asked about; null: of the whole connection. Addresses and ports need one.</summary>
    public bool? IsReply { get; init; }

    /// <inheritdoc/>
    public override string KernelName => "ct";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(2, (uint)Key);
        buffer.PutBig32(1, Register);
        if (IsReply is { } reply)
            buffer.PutByte(3, reply ? (byte)1 : (byte)0);
    }

    internal override void Print(RulePrinter printer) => printer.Load(Register, OperandOf(Key, IsReply));

    internal static Operand OperandOf(ConntrackKey key, bool? isReply)
    {
        var ct = isReply switch { null => "ct", true => "ct reply", false => "ct original" };
        return key switch
        {
            ConntrackKey.State => new("ct state", FieldType.CtState, 4),
            ConntrackKey.Direction => new("ct direction", FieldType.CtDirection, 1),
            ConntrackKey.Status => new("ct status", FieldType.CtStatus, 4),
            ConntrackKey.Mark => new("ct mark", FieldType.Mark, 4),
            ConntrackKey.Protocol => new($"{ct} protocol", FieldType.InetProtocol, 1),
            ConntrackKey.SourcePort => new($"{ct} proto-src", FieldType.InetService, 2),
            ConntrackKey.DestinationPort => new($"{ct} proto-dst", FieldType.InetService, 2),
            ConntrackKey.Labels => new("ct label", FieldType.CtLabel, 16),
            ConntrackKey.Zone => new($"{ct} zone", FieldType.Integer, 2) { IsHostNumber = true },
            ConntrackKey.SourceV4 => new($"{ct} ip saddr", FieldType.Ipv4Address, 4),
            ConntrackKey.DestinationV4 => new($"{ct} ip daddr", FieldType.Ipv4Address, 4),
            ConntrackKey.SourceV6 => new($"{ct} ip6 saddr", FieldType.Ipv6Address, 16),
            ConntrackKey.DestinationV6 => new($"{ct} ip6 daddr", FieldType.Ipv6Address, 16),
            _ => new($"ct {(uint)key}", FieldType.None, 4),
        };
    }

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        uint key = 0, register = 0, source = 0;
        bool? reply = null;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: register = reader.Big32; break;
                case 2: key = reader.Big32; break;
                case 3: reply = reader.Byte == 1; break;
                case 4: source = reader.Big32; break;
            }
        }

        return source != 0
            ? new ConntrackSet((ConntrackKey)key, source) { IsReply = reply }
            : new Conntrack((ConntrackKey)key, register) { IsReply = reply };
    }
}

using System.Collections.Immutable;

namespace Palisade.Nftables;

/// <summary>nft's numbers of its data types (include/datatype.h); the kernel only stores them.</summary>
public enum FieldType : byte
{
    /// <summary>Not known.</summary>
    None = 0,

    /// <summary>Protocol family: ipv4, ipv6.</summary>
    NfProto = 2,

    /// <summary>A number.</summary>
    Integer = 4,

    /// <summary>IPv4 address.</summary>
    Ipv4Address = 7,

    /// <summary>IPv6 address.</summary>
    Ipv6Address = 8,

    /// <summary>Ethernet address.</summary>
    EtherAddress = 9,

    /// <summary>Type of an Ethernet frame.</summary>
    EtherType = 10,

    /// <summary>IP protocol number.</summary>
    InetProtocol = 12,

    /// <summary>Port.</summary>
    InetService = 13,

    /// <summary>ICMP type.</summary>
    IcmpType = 14,

    /// <summary>TCP's control bits.</summary>
    TcpFlags = 15,

    /// <summary>Packet or connection mark.</summary>
    Mark = 19,

    /// <summary>Interface number.</summary>
    InterfaceIndex = 20,

    /// <summary>Conntrack state bits.</summary>
    CtState = 26,

    /// <summary>Conntrack direction.</summary>
    CtDirection = 27,

    /// <summary>Conntrack status bits.</summary>
    CtStatus = 28,

    /// <summary>ICMPv6 type.</summary>
    Icmpv6Type = 29,

    /// <summary>Conntrack labels, 128 bits.</summary>
    CtLabel = 30,

    /// <summary>Route type of an address.</summary>
    FibAddressType = 38,

    /// <summary>Interface name.</summary>
    InterfaceName = 41,
}

/// <summary>The type of a set's keys: one field, or up to five concatenated (6 bits each, the first highest).</summary>
public readonly record struct KeyType(uint Number)
{
    /// <summary>ipv4_addr.</summary>
    public static KeyType Ipv4Address { get; } = new((uint)FieldType.Ipv4Address);

    /// <summary>ipv6_addr.</summary>
    public static KeyType Ipv6Address { get; } = new((uint)FieldType.Ipv6Address);

    /// <summary>ether_addr.</summary>
    public static KeyType EtherAddress { get; } = new((uint)FieldType.EtherAddress);

    /// <summary>What numgen gives: 32 bits in the host's order. For maps written in a rule only.</summary>
    public static KeyType HostInteger { get; } = new((uint)FieldType.Integer) { IntegerBytes = 4 };

    /// <summary>ifname.</summary>
    public static KeyType InterfaceName { get; } = new((uint)FieldType.InterfaceName);

    /// <summary>inet_proto.</summary>
    public static KeyType InetProtocol { get; } = new((uint)FieldType.InetProtocol);

    /// <summary>inet_service.</summary>
    public static KeyType InetService { get; } = new((uint)FieldType.InetService);

    /// <summary>mark.</summary>
    public static KeyType Mark { get; } = new((uint)FieldType.Mark);

    /// <summary>Of a single integer, its length; 0: one byte.</summary>
    public int IntegerBytes { get; init; }

    /// <summary>The fields, in order.</summary>
    public ImmutableArray<FieldType> Fields
    {
        get
        {
            var fields = ImmutableArray.CreateBuilder<FieldType>();
            for (var rest = Number; rest != 0; rest >>= 6)
                fields.Insert(0, (FieldType)(rest & 0x3f));
            return fields.ToImmutable();
        }
    }

    /// <summary>Whether it has more than one field.</summary>
    public bool IsConcatenation => Number > 0x3f;

    /// <summary>Length of a key in bytes; the fields of a concatenation are padded to 4 each.</summary>
    public int Length
    {
        get
        {
            if (!IsConcatenation)
                return IntegerBytes > 0 ? IntegerBytes : LengthOf((FieldType)Number);
            var length = 0;
            foreach (var part in Fields)
                length += (LengthOf(part) + 3) & ~3;
            return length;
        }
    }

    /// <summary>A concatenation, for example ifname . ipv4_addr.</summary>
    public static KeyType Concatenate(params ReadOnlySpan<KeyType> types)
    {
        uint number = 0;
        foreach (var type in types)
            number = checked(number << 6) | type.Number;
        return new(number);
    }

    /// <summary>A single field.</summary>
    public static KeyType Of(FieldType field) => new((uint)field);

    /// <summary>As nft writes it: "ipv4_addr . inet_service".</summary>
    public override string ToString() => string.Join(" . ", Fields.Select(FieldText.NameOf));

    internal static int LengthOf(FieldType field) => field switch
    {
        FieldType.NfProto or FieldType.InetProtocol or FieldType.IcmpType or FieldType.Icmpv6Type => 1,
        FieldType.CtDirection or FieldType.Integer or FieldType.TcpFlags => 1,
        FieldType.InetService or FieldType.EtherType => 2,
        FieldType.EtherAddress => 6,
        FieldType.Ipv6Address or FieldType.InterfaceName or FieldType.CtLabel => 16,
        _ => 4,
    };
}

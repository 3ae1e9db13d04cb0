using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Palisade.Nftables;

/// <summary>Values as nft 1.0.6 prints them.</summary>
internal static class FieldText
{
    /// <summary>ct state bits in the order nft prints them.</summary>
    internal static readonly (string Name, uint Bit)[] StateBits =
        [("invalid", 1), ("new", 8), ("established", 2), ("related", 4), ("untracked", 64)];

    /// <summary>ct status bits (enum ip_conntrack_status).</summary>
    internal static readonly (string Name, uint Bit)[] StatusBits =
    [
        ("expected", 1), ("seen-reply", 2), ("assured", 4), ("confirmed", 8), ("snat", 0x10), ("dnat", 0x20),
        ("dying", 0x200),
    ];

    private static readonly (string Name, uint Bit)[] TcpFlagBits =
    [
        ("fin", 0x01), ("syn", 0x02), ("rst", 0x04), ("psh", 0x08), ("ack", 0x10), ("urg", 0x20), ("ecn", 0x40),
        ("cwr", 0x80),
    ];

    internal static string NameOf(FieldType field) => field switch
    {
        FieldType.NfProto => "nf_proto",
        FieldType.Ipv4Address => "ipv4_addr",
        FieldType.Ipv6Address => "ipv6_addr",
        FieldType.InetProtocol => "inet_proto",
        FieldType.InetService => "inet_service",
        FieldType.EtherAddress => "ether_addr",
        FieldType.EtherType => "ether_type",
        FieldType.TcpFlags => "tcp_flag",
        FieldType.CtLabel => "ct_label",
        FieldType.IcmpType => "icmp_type",
        FieldType.Icmpv6Type => "icmpv6_type",
        FieldType.Mark => "mark",
        FieldType.InterfaceIndex => "iface_index",
        FieldType.InterfaceName => "ifname",
        FieldType.CtState => "ct_state",
        FieldType.CtDirection => "ct_dir",
        FieldType.CtStatus => "ct_status",
        FieldType.FibAddressType => "fib_addrtype",
        _ => "integer",
    };

    internal static bool HasPrefixes(FieldType field) => field is FieldType.Ipv4Address or FieldType.Ipv6Address;

    internal static string Format(FieldType field, ReadOnlySpan<byte> bytes) => field switch
    {
        FieldType.NfProto => bytes[0] switch { 2 => "ipv4", 10 => "ipv6", var other => $"{other}" },
        FieldType.Ipv4Address or FieldType.Ipv6Address => new IPAddress(bytes).ToString(),
        FieldType.InetProtocol => ProtocolName(bytes[0]),
        FieldType.InetService => $"{BinaryPrimitives.ReadUInt16BigEndian(bytes)}",
        FieldType.EtherAddress => string.Join(':', bytes.ToArray().Select(b => $"{b:x2}")),
        FieldType.EtherType => EtherType(BinaryPrimitives.ReadUInt16BigEndian(bytes)),
        FieldType.TcpFlags => bytes[0] == 0 ? "0x0" : Bits(TcpFlagBits, bytes[0]),
        FieldType.CtLabel => Labels(bytes),
        FieldType.IcmpType => IcmpType(bytes[0]),
        FieldType.Icmpv6Type => Icmpv6Type(bytes[0]),
        FieldType.Mark => $"0x{Host32(bytes):x8}",
        FieldType.InterfaceIndex => Host32(bytes) switch { 0 => "0", 1 => "\"lo\"", var index => $"{index}" },
        FieldType.InterfaceName => $"\"{InterfaceName(bytes)}\"",
        FieldType.CtState => Bits(StateBits, Host32(bytes)),
        FieldType.CtStatus => Bits(StatusBits, Host32(bytes)),
        FieldType.CtDirection => bytes[0] == 0 ? "original" : "reply",
        FieldType.FibAddressType => RouteType(Host32(bytes)),
        _ => $"{BigEndian(bytes)}",
    };

    /// <summary>Bits by their names, and those that nft has no name for as numbers.</summary>
    internal static string Bits((string Name, uint Bit)[] table, uint bits)
    {
        var named = table.Where(entry => (bits & entry.Bit) != 0).Select(entry => entry.Name);
        var rest = table.Aggregate(bits, (rest, entry) => rest & ~entry.Bit);
        return string.Join(',', named.Concat(
            Enumerable.Range(0, 32).Where(bit => (rest >> bit & 1) != 0).Select(bit => $"0x{1u << bit:x}")));
    }

    internal static uint Host32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    /// <summary>An interface name; one that does not fill its field and has no NUL is a prefix, "eth*".</summary>
    private static string InterfaceName(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return end >= 0 ? Encoding.UTF8.GetString(bytes[..end]) : Encoding.UTF8.GetString(bytes) + "*";
    }

    private static UInt128 BigEndian(ReadOnlySpan<byte> bytes)
    {
        UInt128 value = 0;
        foreach (var b in bytes)
            value = (value << 8) | b;
        return value;
    }

    // The names of Debian's /etc/protocols, which nft asks; numbers without a name there are printed as numbers.
    private static string ProtocolName(byte protocol) => protocol switch
    {
        0 => "ip",
        1 => "icmp",
        2 => "igmp",
        3 => "ggp",
        4 => "ipencap",
        5 => "st",
        6 => "tcp",
        8 => "egp",
        9 => "igp",
        12 => "pup",
        17 => "udp",
        20 => "hmp",
        22 => "xns-idp",
        27 => "rdp",
        29 => "iso-tp4",
        33 => "dccp",
        36 => "xtp",
        37 => "ddp",
        38 => "idpr-cmtp",
        41 => "ipv6",
        43 => "ipv6-route",
        44 => "ipv6-frag",
        45 => "idrp",
        46 => "rsvp",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        57 => "skip",
        58 => "ipv6-icmp",
        59 => "ipv6-nonxt",
        60 => "ipv6-opts",
        73 => "rspf",
        81 => "vmtp",
        88 => "eigrp",
        89 => "ospf",
        93 => "ax.25",
        94 => "ipip",
        97 => "etherip",
        98 => "encap",
        103 => "pim",
        108 => "ipcomp",
        112 => "vrrp",
        115 => "l2tp",
        124 => "isis",
        132 => "sctp",
        133 => "fc",
        135 => "mobility-header",
        136 => "udplite",
        137 => "mpls-in-ip",
        138 => "manet",
        139 => "hip",
        140 => "shim6",
        141 => "wesp",
        142 => "rohc",
        143 => "ethernet",
        _ => $"{protocol}",
    };

    private static string EtherType(ushort type) => type switch
    {
        0x0800 => "ip",
        0x0806 => "arp",
        0x86dd => "ip6",
        0x8100 => "8021q",
        0x88a8 => "8021ad",
        _ => $"0x{type:x4}",
    };

    /// <summary>The numbers of the labels that are set; nft prints names where connlabel.conf has them.</summary>
    private static string Labels(ReadOnlySpan<byte> bytes)
    {
        var set = new List<int>();
        for (var label = 0; label < bytes.Length * 8; label++)
        {
            if ((bytes[label / 8] & 1 << label % 8) != 0)
                set.Add(label);
        }

        return set.Count == 0 ? "0x0" : string.Join(',', set);
    }

    private static string IcmpType(byte type) => type switch
    {
        0 => "echo-reply",
        3 => "destination-unreachable",
        4 => "source-quench",
        5 => "redirect",
        8 => "echo-request",
        9 => "router-advertisement",
        10 => "router-solicitation",
        11 => "time-exceeded",
        12 => "parameter-problem",
        13 => "timestamp-request",
        14 => "timestamp-reply",
        15 => "info-request",
        16 => "info-reply",
        17 => "address-mask-request",
        18 => "address-mask-reply",
        _ => $"{type}",
    };

    private static string Icmpv6Type(byte type) => type switch
    {
        1 => "destination-unreachable",
        2 => "packet-too-big",
        3 => "time-exceeded",
        4 => "parameter-problem",
        128 => "echo-request",
        129 => "echo-reply",
        130 => "mld-listener-query",
        131 => "mld-listener-report",
        132 => "mld-listener-done",
        133 => "nd-router-solicit",
        134 => "nd-router-advert",
        135 => "nd-neighbor-solicit",
        136 => "nd-neighbor-advert",
        137 => "nd-redirect",
        138 => "router-renumbering",
        141 => "ind-neighbor-solicit",
        142 => "ind-neighbor-advert",
        143 => "mld2-listener-report",
        _ => $"{type}",
    };

    private static string RouteType(uint type) => type switch
    {
        0 => "unspec",
        1 => "unicast",
        2 => "local",
        3 => "broadcast",
        4 => "anycast",
        5 => "multicast",
        6 => "blackhole",
        7 => "unreachable",
        8 => "prohibit",
        _ => $"{type}",
    };
}

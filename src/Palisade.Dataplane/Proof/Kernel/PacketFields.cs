namespace Palisade.Dataplane.Proof.Kernel;

/// <summary>The kernel's numbers of what rules look at. Source: linux/netfilter/nf_tables.h.</summary>
internal static class PacketFields
{
    public const uint MetaInputIndex = 4;
    public const uint MetaOutputIndex = 5;
    public const uint MetaInputName = 6;
    public const uint MetaOutputName = 7;
    public const uint MetaFamily = 15;
    public const uint MetaTransport = 16;

    public const uint NetworkHeader = 1;
    public const uint TransportHeader = 2;

    public const uint CtState = 0;
    public const uint CtDirection = 1;
    public const uint CtStatus = 2;

    public const uint FibAddressType = 3;
    public const uint FibSource = 1;
    public const uint FibDestination = 2;

    /// <summary>Length of an interface name with its padding, IFNAMSIZ.</summary>
    public const int NameLength = 16;

    // As nft names them, from 0 on.
    private static readonly string[] _metaNames =
    [
        "length", "protocol", "priority", "mark", "iif", "oif", "iifname", "oifname", "iiftype", "oiftype", "skuid",
        "skgid", "nftrace", "rtclassid", "secmark", "nfproto", "l4proto", "ibrname", "obrname", "pkttype", "cpu",
        "iifgroup", "oifgroup", "cgroup", "random", "ipsec", "iifkind", "oifkind", "ibrpvid", "ibrvproto", "time",
        "day", "hour",
    ];

    /// <summary>What people call a meta key.</summary>
    public static string NameOfMeta(uint key) => key < _metaNames.Length ? _metaNames[key] : $"key {key}";

    /// <summary>The bytes that a load puts into its register; 4 where it is not known here.</summary>
    public static int LengthOf(FieldSource source, uint key) => (source, key) switch
    {
        (FieldSource.Meta, MetaInputName or MetaOutputName) => NameLength,
        (FieldSource.Meta, MetaFamily or MetaTransport) => 1,
        (FieldSource.Conntrack, CtDirection) => 1,
        _ => 4,
    };

    /// <summary>
    /// Which address of a packet a payload field holds the beginning of; null: it is none. Offsets of IPv4 and IPv6
    /// headers: RFC 791 §3.1, RFC 8200 §3.
    /// </summary>
    public static AddressEnd? AddressIn(Field field, bool v6)
    {
        if (field is not { Source: FieldSource.Payload, Key: NetworkHeader })
            return null;
        return (v6, field.Offset) switch
        {
            (false, 12) when field.Length <= 4 => AddressEnd.Source,
            (false, 16) when field.Length <= 4 => AddressEnd.Destination,
            (true, 8) when field.Length <= 16 => AddressEnd.Source,
            (true, 24) when field.Length <= 16 => AddressEnd.Destination,
            _ => null,
        };
    }

    /// <summary>The destination port of TCP, UDP and SCTP.</summary>
    public static bool IsPort(Field field) =>
        field is { Source: FieldSource.Payload, Key: TransportHeader, Offset: 2, Length: 2 };

    /// <summary>The type of ICMP and ICMPv6.</summary>
    public static bool IsMessageType(Field field) =>
        field is { Source: FieldSource.Payload, Key: TransportHeader, Offset: 0, Length: 1 };

    /// <summary>The flags of TCP, its thirteenth byte (RFC 9293 §3.1); of other protocols not asked for.</summary>
    public static bool IsTcpFlags(Field field) =>
        field is { Source: FieldSource.Payload, Key: TransportHeader, Offset: 13, Length: 1 };

    public static bool IsTransport(Field field) => field is { Source: FieldSource.Meta, Key: MetaTransport };

    public static bool IsInterfaceName(Field field) =>
        field is { Source: FieldSource.Meta, Key: MetaInputName or MetaOutputName };
}

/// <summary>Who an address of a packet is of.</summary>
internal enum AddressEnd
{
    Source,
    Destination,
}

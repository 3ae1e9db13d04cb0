using System.Collections.Immutable;
using System.Net;
using System.Text;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Packets;

namespace Palisade.Nftables;

/// <summary>
/// Matches, named as nft writes them, with the family and protocol matches nft would add in a table of family inet.
/// </summary>
public static class Match
{
    private const byte V4 = 2;
    private const byte V6 = 10;

    /// <summary>`ip saddr @set` or `ip6 saddr @set`.</summary>
    public static ImmutableArray<Expression> Source(int family, string set, bool not = false) =>
        [.. OfFamily(family), AddressField(family, source: true), new Lookup(set) { Inverted = not }];

    /// <summary>`ip daddr @set` or `ip6 daddr @set`.</summary>
    public static ImmutableArray<Expression> Destination(int family, string set, bool not = false) =>
        [.. OfFamily(family), AddressField(family, source: false), new Lookup(set) { Inverted = not }];

    /// <summary>`ip saddr 10.0.0.0/8`; of length zero it is `meta nfproto ipv4`.</summary>
    public static ImmutableArray<Expression> Source(IPNetwork block, bool not = false) =>
        Block(block, source: true, not);

    /// <summary>`ip daddr 10.0.0.0/8`; of length zero it is `meta nfproto ipv4`.</summary>
    public static ImmutableArray<Expression> Destination(IPNetwork block, bool not = false) =>
        Block(block, source: false, not);

    /// <summary>`ip saddr . ip daddr @set`.</summary>
    public static ImmutableArray<Expression> SourceAndDestination(int family, string set, bool not = false) =>
        BothAddresses(family, new(set) { Inverted = not });

    /// <summary>`ip saddr . ip daddr vmap @map`.</summary>
    public static ImmutableArray<Expression> SourceAndDestinationMap(int family, string map) =>
        BothAddresses(family, new(map) { IntoVerdict = true });

    /// <summary>`ip saddr vmap @map`.</summary>
    public static ImmutableArray<Expression> SourceMap(int family, string map) =>
        [.. OfFamily(family), AddressField(family, source: true), new Lookup(map) { IntoVerdict = true }];

    /// <summary>`ip daddr vmap @map`.</summary>
    public static ImmutableArray<Expression> DestinationMap(int family, string map) =>
        [.. OfFamily(family), AddressField(family, source: false), new Lookup(map) { IntoVerdict = true }];

    /// <summary>`iifname "eth0"`; a trailing * matches a prefix.</summary>
    public static ImmutableArray<Expression> InputInterface(string name, bool not = false) =>
        [new Meta(MetaKey.InputName), InterfaceIs(name, not)];

    /// <summary>`oifname "eth0"`; a trailing * matches a prefix.</summary>
    public static ImmutableArray<Expression> OutputInterface(string name, bool not = false) =>
        [new Meta(MetaKey.OutputName), InterfaceIs(name, not)];

    /// <summary>`iifname @set`.</summary>
    public static ImmutableArray<Expression> InputInterfaceIn(string set, bool not = false) =>
        [new Meta(MetaKey.InputName), new Lookup(set) { Inverted = not }];

    /// <summary>`oifname @set`.</summary>
    public static ImmutableArray<Expression> OutputInterfaceIn(string set, bool not = false) =>
        [new Meta(MetaKey.OutputName), new Lookup(set) { Inverted = not }];

    /// <summary>`iifname vmap @map`.</summary>
    public static ImmutableArray<Expression> InputInterfaceMap(string map) =>
        [new Meta(MetaKey.InputName), new Lookup(map) { IntoVerdict = true }];

    /// <summary>`oifname vmap @map`.</summary>
    public static ImmutableArray<Expression> OutputInterfaceMap(string map) =>
        [new Meta(MetaKey.OutputName), new Lookup(map) { IntoVerdict = true }];

    /// <summary>`iifname . ip saddr @set`: whether the source belongs to the interface it came by.</summary>
    public static ImmutableArray<Expression> InputInterfaceAndSource(int family, string set, bool not = false) =>
        InterfaceAnd(MetaKey.InputName, family, source: true, new Lookup(set) { Inverted = not });

    /// <summary>`oifname . ip daddr @set`.</summary>
    public static ImmutableArray<Expression> OutputInterfaceAndDestination(int family, string set, bool not = false) =>
        InterfaceAnd(MetaKey.OutputName, family, source: false, new Lookup(set) { Inverted = not });

    /// <summary>`iifname . ip saddr vmap @map`.</summary>
    public static ImmutableArray<Expression> InputInterfaceAndSourceMap(int family, string map) =>
        InterfaceAnd(MetaKey.InputName, family, source: true, new Lookup(map) { IntoVerdict = true });

    /// <summary>`oifname . ip daddr vmap @map`.</summary>
    public static ImmutableArray<Expression> OutputInterfaceAndDestinationMap(int family, string map) =>
        InterfaceAnd(MetaKey.OutputName, family, source: false, new Lookup(map) { IntoVerdict = true });

    /// <summary>
    /// `tcp dport 80`, `tcp dport 1000-2000` or `tcp dport { 80, 443, 1000-2000 }`. Ranges are disjoint, both ends
    /// included.
    /// </summary>
    /// <param name="protocol">6 TCP, 17 UDP, 132 SCTP.</param>
    /// <param name="ranges">At least one.</param>
    public static ImmutableArray<Expression> DestinationPorts(
        byte protocol, params ReadOnlySpan<(ushort First, ushort Last)> ranges)
    {
        var port = new Payload(PayloadBase.Transport, 2, 2);
        if (ranges.Length == 1)
            return [.. Protocol(protocol), port, .. PortRange(ranges[0].First, ranges[0].Last)];
        var elements = ImmutableArray.CreateBuilder<Element>();
        var interval = false;
        foreach (var (first, last) in ranges)
        {
            elements.Add(Element.Ports(first, last));
            interval |= first != last;
        }

        var definition = new SetDefinition("", KeyType.InetService) { IsInterval = interval };
        var set = new NftSet(definition) { Elements = elements.ToImmutable() };
        return [.. Protocol(protocol), port, new Lookup("") { Anonymous = set }];
    }

    /// <summary>`tcp dport @set`.</summary>
    public static ImmutableArray<Expression> DestinationPortIn(byte protocol, string set) =>
        [.. Protocol(protocol), new Payload(PayloadBase.Transport, 2, 2), new Lookup(set)];

    /// <summary>`meta l4proto tcp`.</summary>
    public static ImmutableArray<Expression> Protocol(byte protocol, bool not = false) =>
        [new Meta(MetaKey.L4Proto), new Compare(Sign(not), NftKey.Byte(protocol))];

    /// <summary>`meta l4proto { tcp, udp, sctp }`.</summary>
    public static ImmutableArray<Expression> ProtocolIn(ReadOnlySpan<byte> protocols, bool not = false) =>
        [new Meta(MetaKey.L4Proto), OneOf(FieldType.InetProtocol, protocols, not)];

    /// <summary>`meta nfproto ipv4` (4) or `meta nfproto ipv6` (6).</summary>
    public static ImmutableArray<Expression> Family(int family) => OfFamily(family);

    /// <summary>`icmp type echo-request`, or one of several.</summary>
    public static ImmutableArray<Expression> IcmpType(params ReadOnlySpan<byte> types) =>
        [.. OfFamily(4), .. Protocol(1), new Payload(PayloadBase.Transport, 0, 1), Equals(FieldType.IcmpType, types)];

    /// <summary>`icmpv6 type nd-router-advert`, or one of several.</summary>
    public static ImmutableArray<Expression> Icmpv6Type(params ReadOnlySpan<byte> types) =>
    [
        .. OfFamily(6), .. Protocol(58), new Payload(PayloadBase.Transport, 0, 1), Equals(FieldType.Icmpv6Type, types),
    ];

    /// <summary>`ip6 hoplimit 255`.</summary>
    public static ImmutableArray<Expression> HopLimit(byte limit, bool not = false) =>
        [.. OfFamily(6), new Payload(PayloadBase.Network, 7, 1), new Compare(Sign(not), NftKey.Byte(limit))];

    /// <summary>`ct state established,related`: any of the bits.</summary>
    public static ImmutableArray<Expression> CtState(CtState states) =>
    [
        new Conntrack(ConntrackKey.State), new Bitwise(NftKey.Host32((uint)states)),
        new Compare(CompareOperator.NotEqual, NftKey.Host32(0)),
    ];

    /// <summary>`ct status dnat`: any of the IPS_* bits (dnat 0x20, snat 0x10).</summary>
    public static ImmutableArray<Expression> CtStatus(uint bits) =>
    [
        new Conntrack(ConntrackKey.Status), new Bitwise(NftKey.Host32(bits)),
        new Compare(CompareOperator.NotEqual, NftKey.Host32(0)),
    ];

    /// <summary>`ct direction original` or `ct direction reply`.</summary>
    public static ImmutableArray<Expression> CtDirection(bool reply) =>
    [
        new Conntrack(ConntrackKey.Direction),
        new Compare(CompareOperator.Equal, NftKey.Byte(reply ? (byte)1 : (byte)0)),
    ];

    /// <summary>`ct label 5`: whether the connection has it.</summary>
    public static ImmutableArray<Expression> CtLabel(int label, bool not = false) =>
    [
        new Conntrack(ConntrackKey.Labels), new Bitwise(NftKey.Bit(label, 16)),
        new Compare(not ? CompareOperator.Equal : CompareOperator.NotEqual, new(new byte[16])),
    ];

    /// <summary>`ct zone 5`.</summary>
    public static ImmutableArray<Expression> CtZone(ushort zone, bool not = false) =>
        [new Conntrack(ConntrackKey.Zone), new Compare(Sign(not), NftKey.Host16(zone))];

    /// <summary>`ct original ip daddr @set`: where it was sent before its destination was translated.</summary>
    public static ImmutableArray<Expression> CtOriginalDestination(int family, string set, bool not = false)
    {
        var key = family == 4 ? ConntrackKey.DestinationV4 : ConntrackKey.DestinationV6;
        return [new Conntrack(key) { IsReply = false }, new Lookup(set) { Inverted = not }];
    }

    /// <summary>`tcp flags syn / fin,syn,rst,ack`: of the flags in the mask, exactly those.</summary>
    public static ImmutableArray<Expression> TcpFlags(TcpFlags flags, TcpFlags mask, bool not = false) =>
    [
        .. Protocol(6), new Payload(PayloadBase.Transport, 13, 1), new Bitwise(NftKey.Byte((byte)mask)),
        new Compare(Sign(not), NftKey.Byte((byte)flags)),
    ];

    /// <summary>`ip daddr . meta l4proto . th dport vmap @map`.</summary>
    public static ImmutableArray<Expression> DestinationServiceMap(int family, string map) =>
        [.. ServiceFields(family), new Lookup(map) { IntoVerdict = true }];

    /// <summary>`ip daddr . meta l4proto . th dport @set`.</summary>
    public static ImmutableArray<Expression> DestinationServiceIn(int family, string set, bool not = false) =>
        [.. ServiceFields(family), new Lookup(set) { Inverted = not }];

    /// <summary>`ct mark 0x00000001`.</summary>
    public static ImmutableArray<Expression> CtMark(uint mark) =>
        [new Conntrack(ConntrackKey.Mark), new Compare(CompareOperator.Equal, NftKey.Host32(mark))];

    /// <summary>`meta mark 0x00000001`, or with a mask `meta mark &amp; 0x0000000f == 0x00000001`.</summary>
    public static ImmutableArray<Expression> Mark(uint mark, uint mask = uint.MaxValue)
    {
        var equal = new Compare(CompareOperator.Equal, NftKey.Host32(mark));
        return mask == uint.MaxValue
            ? [new Meta(MetaKey.Mark), equal]
            : [new Meta(MetaKey.Mark), new Bitwise(NftKey.Host32(mask)), equal];
    }

    /// <summary>
    /// `fib daddr type local`: what the routing table says the address is (2 local, 3 broadcast, 5 multicast: RTN_*).
    /// </summary>
    public static ImmutableArray<Expression> Fib(FibInput input, uint routeType = 2, bool not = false) =>
        [new Fib(input, FibResult.AddressType), new Compare(Sign(not), NftKey.Host32(routeType))];

    /// <summary>Destination address, transport protocol and port, one behind the other.</summary>
    internal static ImmutableArray<Expression> ServiceFields(int family)
    {
        var address = family == 4 ? 4 : 16;
        return
        [
            .. OfFamily(family), AddressField(family, source: false),
            new Meta(MetaKey.L4Proto, Registers.After(address)),
            new Payload(PayloadBase.Transport, 2, 2, Registers.After(address + 4)),
        ];
    }

    private static CompareOperator Sign(bool not) => not ? CompareOperator.NotEqual : CompareOperator.Equal;

    private static ImmutableArray<Expression> OfFamily(int family) =>
        [new Meta(MetaKey.NfProto), new Compare(CompareOperator.Equal, NftKey.Byte(family == 4 ? V4 : V6))];

    private static Payload AddressField(int family, bool source) => family == 4
        ? new(PayloadBase.Network, source ? 12u : 16u, 4)
        : new(PayloadBase.Network, source ? 8u : 24u, 16);

    private static Expression Equals(FieldType field, ReadOnlySpan<byte> values) => values.Length == 1
        ? new Compare(CompareOperator.Equal, NftKey.Byte(values[0]))
        : OneOf(field, values, not: false);

    private static Lookup OneOf(FieldType field, ReadOnlySpan<byte> values, bool not)
    {
        var elements = ImmutableArray.CreateBuilder<Element>();
        foreach (var value in values)
            elements.Add(new(NftKey.Byte(value)));
        var set = new NftSet(new("", KeyType.Of(field))) { Elements = elements.ToImmutable() };
        return new("") { Anonymous = set, Inverted = not };
    }

    private static Compare InterfaceIs(string name, bool not)
    {
        var value = name.EndsWith('*') ? new NftKey(Encoding.UTF8.GetBytes(name[..^1])) : NftKey.Interface(name);
        return new(Sign(not), value);
    }

    private static ImmutableArray<Expression> InterfaceAnd(MetaKey key, int family, bool source, Lookup lookup) =>
    [
        .. OfFamily(family), new Meta(key),
        AddressField(family, source) with { Register = Registers.After(16) }, lookup,
    ];

    private static ImmutableArray<Expression> PortRange(ushort first, ushort last) => first == last
        ? [new Compare(CompareOperator.Equal, NftKey.Port(first))]
        :
        [
            new Compare(CompareOperator.GreaterOrEqual, NftKey.Port(first)),
            new Compare(CompareOperator.LessOrEqual, NftKey.Port(last)),
        ];

    private static ImmutableArray<Expression> BothAddresses(int family, Lookup lookup) =>
    [
        .. OfFamily(family), AddressField(family, source: true),
        AddressField(family, source: false) with { Register = Registers.After(family == 4 ? 4 : 16) },
        lookup,
    ];

    private static ImmutableArray<Expression> Block(IPNetwork block, bool source, bool not)
    {
        var bytes = block.BaseAddress.GetAddressBytes();
        var family = bytes.Length == 4 ? 4 : 6;
        var length = block.PrefixLength;
        var field = AddressField(family, source);
        if (length == 0)
            return not ? throw new ArgumentException("nothing lies outside a block of length zero") : OfFamily(family);
        if (length % 8 == 0)   // whole bytes: nft loads only them
        {
            var prefix = new Compare(Sign(not), new(bytes.AsSpan(0, length / 8)));
            return [.. OfFamily(family), field with { Length = (uint)length / 8 }, prefix];
        }

        var mask = new byte[bytes.Length];
        for (var bit = 0; bit < length; bit++)
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return [.. OfFamily(family), field, new Bitwise(new(mask)), new Compare(Sign(not), new(bytes))];
    }
}

/// <summary>Conntrack states (NF_CT_STATE_*).</summary>
[Flags]
public enum CtState : uint
{
    /// <summary>Not fitting any connection.</summary>
    Invalid = 1,

    /// <summary>Of a connection seen in both directions.</summary>
    Established = 2,

    /// <summary>Belonging to another connection: an ICMP error, or expected by a helper.</summary>
    Related = 4,

    /// <summary>The first of a connection.</summary>
    New = 8,

    /// <summary>Exempted from tracking.</summary>
    Untracked = 64,
}

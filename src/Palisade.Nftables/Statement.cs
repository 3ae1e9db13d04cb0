using System.Collections.Immutable;
using Palisade.Nftables.Expressions;

namespace Palisade.Nftables;

/// <summary>What a rule does, named as nft writes it.</summary>
public static class Statement
{
    /// <summary>`accept`.</summary>
    public static ImmutableArray<Expression> Accept { get; } = Verdict(NftVerdict.Accept);

    /// <summary>`drop`.</summary>
    public static ImmutableArray<Expression> Drop { get; } = Verdict(NftVerdict.Drop);

    /// <summary>`return`.</summary>
    public static ImmutableArray<Expression> Return { get; } = Verdict(NftVerdict.Return);

    /// <summary>`reject`: dropped, and the sender is told by ICMP.</summary>
    public static ImmutableArray<Expression> Reject { get; } = [new Reject()];

    /// <summary>`reject with tcp reset`; needs a match on TCP before it.</summary>
    public static ImmutableArray<Expression> RejectByTcpReset { get; } = [new Reject(ByTcpReset: true)];

    /// <summary>`jump chain`.</summary>
    public static ImmutableArray<Expression> Jump(string chain) => Verdict(NftVerdict.Jump(chain));

    /// <summary>`goto chain`.</summary>
    public static ImmutableArray<Expression> Goto(string chain) => Verdict(NftVerdict.Goto(chain));

    /// <summary>Any verdict.</summary>
    public static ImmutableArray<Expression> Verdict(NftVerdict verdict) => [new Immediate(verdict)];

    /// <summary>`counter`, one of the rule's own.</summary>
    public static ImmutableArray<Expression> Counter { get; } = [new Counter()];

    /// <summary>`counter name "x"`.</summary>
    public static ImmutableArray<Expression> CountOn(string counter) => [new CounterReference(counter)];

    /// <summary>`log prefix "x" group 5 snaplen 64 queue-threshold 20`; a prefix has at most 127 bytes.</summary>
    public static ImmutableArray<Expression> Log(
        ushort group, string? prefix = null, uint snapLength = 0, ushort queueThreshold = 0) =>
        [new Log(group) { Prefix = prefix, SnapLength = snapLength, QueueThreshold = queueThreshold }];

    /// <summary>`notrack`: no connection for this packet. Before conntrack only (hook priority below -200).</summary>
    public static ImmutableArray<Expression> NoTrack { get; } = [new NoTrack()];

    /// <summary>`meta mark set 0x00000004`, or of the bits in a mask `meta mark set meta mark &amp; … | …`.</summary>
    public static ImmutableArray<Expression> SetMark(uint mark, uint mask = uint.MaxValue) =>
        [.. MarkBits(new Meta(MetaKey.Mark), mark, mask), new MetaSet(MetaKey.Mark)];

    /// <summary>`ct mark set 0x00000004`, or of the bits in a mask `ct mark set ct mark &amp; … | …`.</summary>
    public static ImmutableArray<Expression> SetCtMark(uint mark, uint mask = uint.MaxValue) =>
        [.. MarkBits(new Conntrack(ConntrackKey.Mark), mark, mask), new ConntrackSet(ConntrackKey.Mark)];

    /// <summary>`ct label set 5`: added to the connection's labels, 0 to 127.</summary>
    public static ImmutableArray<Expression> SetCtLabel(int label) =>
        [new ImmediateValue(NftKey.Bit(label, 16)), new ConntrackSet(ConntrackKey.Labels)];

    /// <summary>`ct zone set 5`. Before conntrack only.</summary>
    public static ImmutableArray<Expression> SetCtZone(ushort zone) =>
        [new ImmediateValue(NftKey.Host16(zone)), new ConntrackSet(ConntrackKey.Zone)];

    /// <summary>
    /// `dnat ip to 10.0.0.5:80`. In nat chains; a port needs a match on the transport protocol before it.
    /// </summary>
    public static ImmutableArray<Expression> DestinationNat(PacketAddress address, ushort? port = null) =>
        NatTo(isSource: false, address, port);

    /// <summary>`snat ip to 10.0.0.5`.</summary>
    public static ImmutableArray<Expression> SourceNat(PacketAddress address, ushort? port = null) =>
        NatTo(isSource: true, address, port);

    /// <summary>
    /// `dnat ip to ip daddr . meta l4proto . th dport map @services`: to the address and port that a map has for the
    /// packet's; the rule does nothing when it has none. Keys and values: see <see cref="ServiceMap"/>.
    /// </summary>
    public static ImmutableArray<Expression> DestinationNatByMap(int family, string map) =>
    [
        .. Match.ServiceFields(family), new Lookup(map) { IntoRegister = Expression.FirstRegister },
        new Nat(IsSource: false, family, Expression.FirstRegister, Registers.After(family == 4 ? 4 : 16)),
    ];

    /// <summary>
    /// `dnat ip to numgen random mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 80 }`: to one of them, equally often.
    /// Needs a match on the transport protocol before it.
    /// </summary>
    /// <param name="endpoints">At least one, all of one family.</param>
    public static ImmutableArray<Expression> DestinationNatToOneOf(
        params ReadOnlySpan<(PacketAddress Address, ushort Port)> endpoints)
    {
        var elements = ImmutableArray.CreateBuilder<Element>(endpoints.Length);
        foreach (var (address, port) in endpoints)
        {
            var target = NftKey.Concatenate(NftKey.Of(address), NftKey.Port(port));
            elements.Add(new(NftKey.Host32((uint)elements.Count)) { Data = target });
        }

        var family = endpoints[0].Address.Family;
        var data = KeyType.Concatenate(AddressType(family), KeyType.InetService);
        var map = new NftSet(new("", KeyType.HostInteger) { Data = data }) { Elements = elements.ToImmutable() };
        return
        [
            new NumberGenerator((uint)endpoints.Length),
            new Lookup("") { Anonymous = map, IntoRegister = Expression.FirstRegister },
            new Nat(IsSource: false, family, Expression.FirstRegister, Registers.After(family == 4 ? 4 : 16)),
        ];
    }

    /// <summary>`numgen random mod 2 vmap { 0 : goto a, 1 : goto b }`: one of the verdicts, equally often.</summary>
    public static ImmutableArray<Expression> OneOf(params ReadOnlySpan<NftVerdict> verdicts)
    {
        var elements = ImmutableArray.CreateBuilder<Element>(verdicts.Length);
        foreach (var verdict in verdicts)
            elements.Add(new(NftKey.Host32((uint)elements.Count)) { Verdict = verdict });
        var definition = new SetDefinition("", KeyType.HostInteger) { IsVerdictMap = true };
        var map = new NftSet(definition) { Elements = elements.ToImmutable() };
        return [new NumberGenerator((uint)verdicts.Length), new Lookup("") { Anonymous = map, IntoVerdict = true }];
    }

    /// <summary>
    /// The definition of a map for <see cref="DestinationNatByMap"/>: address . protocol . port : address . port.
    /// </summary>
    public static SetDefinition ServiceMap(int family, string name) =>
        new(name, KeyType.Concatenate(AddressType(family), KeyType.InetProtocol, KeyType.InetService))
        {
            Data = KeyType.Concatenate(AddressType(family), KeyType.InetService),
        };

    /// <summary>`limit rate 10/second burst 20 packets`.</summary>
    public static ImmutableArray<Expression> Limit(ulong rate, ulong seconds = 1, uint burst = 5, bool over = false) =>
        [new Limit(rate, seconds, burst, over)];

    private static KeyType AddressType(int family) => family == 4 ? KeyType.Ipv4Address : KeyType.Ipv6Address;

    private static ImmutableArray<Expression> MarkBits(Expression load, uint mark, uint mask) => mask == uint.MaxValue
        ? [new ImmediateValue(NftKey.Host32(mark))]
        : [load, new Bitwise(NftKey.Host32(~mask)) { Xor = NftKey.Host32(mark & mask) }];

    private static ImmutableArray<Expression> NatTo(bool isSource, PacketAddress address, ushort? port) =>
        port is { } at ?
        [
            new ImmediateValue(NftKey.Of(address)), new ImmediateValue(NftKey.Port(at), Expression.FirstRegister + 1),
            new Nat(isSource, address.Family, Expression.FirstRegister, Expression.FirstRegister + 1),
        ]
        : [new ImmediateValue(NftKey.Of(address)), new Nat(isSource, address.Family)];
}

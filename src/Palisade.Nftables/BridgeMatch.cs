using System.Collections.Immutable;
using Palisade.Nftables.Expressions;

namespace Palisade.Nftables;

/// <summary>
/// Matches for tables of family bridge, named as nft writes them, with the frame type matches nft would add. Interfaces
/// are the bridge's ports; matches of <see cref="Match"/> on interfaces, marks and protocols hold there too.
/// </summary>
public static class BridgeMatch
{
    /// <summary>ETH_P_IP.</summary>
    public const ushort IPv4 = 0x0800;

    /// <summary>ETH_P_ARP.</summary>
    public const ushort Arp = 0x0806;

    /// <summary>ETH_P_IPV6.</summary>
    public const ushort IPv6 = 0x86dd;

    /// <summary>`ether type arp`.</summary>
    public static ImmutableArray<Expression> EtherType(ushort type, bool not = false) =>
        [new Payload(PayloadBase.Link, 12, 2), new Compare(Sign(not), NftKey.Port(type))];

    /// <summary>`ether type { ip, arp, ip6 }`.</summary>
    public static ImmutableArray<Expression> EtherTypeIn(ReadOnlySpan<ushort> types, bool not = false)
    {
        var elements = ImmutableArray.CreateBuilder<Element>(types.Length);
        foreach (var type in types)
            elements.Add(new(NftKey.Port(type)));
        var set = new NftSet(new("", KeyType.Of(FieldType.EtherType))) { Elements = elements.ToImmutable() };
        return [new Payload(PayloadBase.Link, 12, 2), new Lookup("") { Anonymous = set, Inverted = not }];
    }

    /// <summary>
    /// A match of <see cref="Match"/> for frames: where it asks for the family, the frame's type says it.
    /// </summary>
    public static ImmutableArray<Expression> Of(ImmutableArray<Expression> match)
    {
        var framed = match.ToBuilder();
        for (var i = 0; i + 1 < framed.Count; i++)
        {
            if (framed[i] is not Meta { Key: MetaKey.NfProto } family || framed[i + 1] is not Compare compare)
                continue;
            var type = compare.Value == NftKey.Byte(2) ? IPv4 : IPv6;   // NFPROTO_IPV4; the other is NFPROTO_IPV6
            framed[i] = family with { Key = MetaKey.Protocol };
            framed[i + 1] = compare with { Value = NftKey.Port(type) };
        }

        return framed.ToImmutable();
    }

    /// <summary>`iifname . ip saddr @set`: whether the source belongs to the port it came by.</summary>
    public static ImmutableArray<Expression> InputInterfaceAndSource(int family, string set, bool not = false) =>
        Of(Match.InputInterfaceAndSource(family, set, not));

    /// <summary>`iifname . arp saddr ip @set`: whether who it says it is belongs to the port it came by.</summary>
    public static ImmutableArray<Expression> InputInterfaceAndArpSource(string set, bool not = false) =>
        [.. EtherType(Arp), .. InterfaceAnd(new(PayloadBase.Network, 14, 4), set, not)];

    /// <summary>`arp saddr ip @set`.</summary>
    public static ImmutableArray<Expression> ArpSource(string set, bool not = false) =>
        [.. EtherType(Arp), new Payload(PayloadBase.Network, 14, 4), new Lookup(set) { Inverted = not }];

    /// <summary>`arp saddr ip 0.0.0.0`: who asks whether an address is free (RFC 5227).</summary>
    public static ImmutableArray<Expression> ArpProbe { get; } =
    [
        .. EtherType(Arp), new Payload(PayloadBase.Network, 14, 4),
        new Compare(CompareOperator.Equal, NftKey.Host32(0)),
    ];

    /// <summary>
    /// Which address a neighbour advertisement speaks for, after a match on its type: `iifname . @th,64,128 @set`, as
    /// nft writes it.
    /// </summary>
    public static ImmutableArray<Expression> InputInterfaceAndTarget(string set, bool not = false) =>
        InterfaceAnd(new(PayloadBase.Transport, 8, 16), set, not);

    /// <summary>`@th,64,128 @set`: the target of a neighbour advertisement, after a match on its type.</summary>
    public static ImmutableArray<Expression> Target(string set, bool not = false) =>
        [new Payload(PayloadBase.Transport, 8, 16), new Lookup(set) { Inverted = not }];

    /// <summary>Whether that target is of the link, fe80::/10.</summary>
    public static ImmutableArray<Expression> TargetOfLink(bool not = false) =>
    [
        new Payload(PayloadBase.Transport, 8, 2), new Bitwise(new([0xff, 0xc0])),
        new Compare(Sign(not), new([0xfe, 0x80])),
    ];

    /// <summary>`ether saddr @set`.</summary>
    public static ImmutableArray<Expression> Hardware(string set, bool not = false) =>
        [new Payload(PayloadBase.Link, 6, 6), new Lookup(set) { Inverted = not }];

    /// <summary>`iifname . ether saddr @set`.</summary>
    public static ImmutableArray<Expression> InputInterfaceAndHardware(string set, bool not = false) =>
        InterfaceAnd(new(PayloadBase.Link, 6, 6), set, not);

    private static ImmutableArray<Expression> InterfaceAnd(Payload field, string set, bool not) =>
    [
        new Meta(MetaKey.InputName), field with { Register = Registers.After(16) }, new Lookup(set) { Inverted = not },
    ];

    private static CompareOperator Sign(bool not) => not ? CompareOperator.NotEqual : CompareOperator.Equal;
}

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

    /// <summary>`iifname . ip saddr @set`: whether the source belongs to the port it came by.</summary>
    public static ImmutableArray<Expression> InputInterfaceAndSource(int family, string set, bool not = false)
    {
        var field = family == 4 ? new Payload(PayloadBase.Network, 12, 4) : new Payload(PayloadBase.Network, 8, 16);
        return
        [
            new Meta(MetaKey.Protocol), new Compare(CompareOperator.Equal, NftKey.Port(family == 4 ? IPv4 : IPv6)),
            .. InterfaceAnd(field, set, not),
        ];
    }

    /// <summary>`iifname . arp saddr ip @set`: whether who it says it is belongs to the port it came by.</summary>
    public static ImmutableArray<Expression> InputInterfaceAndArpSource(string set, bool not = false) =>
        [.. EtherType(Arp), .. InterfaceAnd(new(PayloadBase.Network, 14, 4), set, not)];

    /// <summary>`iifname . ether saddr @set`.</summary>
    public static ImmutableArray<Expression> InputInterfaceAndHardware(string set, bool not = false) =>
        InterfaceAnd(new(PayloadBase.Link, 6, 6), set, not);

    private static ImmutableArray<Expression> InterfaceAnd(Payload field, string set, bool not) =>
    [
        new Meta(MetaKey.InputName), field with { Register = Registers.After(16) }, new Lookup(set) { Inverted = not },
    ];

    private static CompareOperator Sign(bool not) => not ? CompareOperator.NotEqual : CompareOperator.Equal;
}

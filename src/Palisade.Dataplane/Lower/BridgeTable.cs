using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// The table bridge palisade of a node whose pods are ports of bridges: what a port may say, and what may be said to
/// it. It keeps no state and knows no policy; gates judge afterwards, where the kernel hands bridged packets to its IP
/// hooks. Ports are told by their names: `meta ibrname` is not in every kernel.
/// </summary>
public static class BridgeTable
{
    private const byte Igmp = 2;
    private const string TakenHardware = $"{Names.Taken}_{Names.Hardware}";

    /// <summary>bridge palisade.</summary>
    public static Table OurTable => Names.BridgeTable();

    /// <summary>The table; null where no pod is a port of a bridge.</summary>
    public static Ruleset? Of(PodBridges bridges, NodeSettings settings)
    {
        if (bridges.Names.IsEmpty)
            return null;
        var table = new Ruleset(Names.BridgeTable("Palisade: what the ports of pods' bridges may say"))
        {
            Counters =
            [
                new(Names.Spoofed) { Comment = "from a pod, with a source that is not its own" },
                new(Names.RogueAdvertisement) { Comment = "router advertisements and redirects from pods" },
                new(Names.RogueDiscovery) { Comment = "neighbour discovery from beyond the link" },
                new(Names.Frames) { Comment = "from or to a pod, neither IP nor ARP" },
                new(Names.NoGate) { Comment = "from or to a port that no known pod has claimed" },
                new(Names.Elsewhere) { Comment = "to a port that the destination is not behind" },
            ],
            Sets = [.. Sets(bridges)],
            Chains =
            [
                Claimed(settings.Mode), Arriving(settings.Mode, !bridges.Uplinks.IsEmpty), Delivery(settings.Mode),
            ],
        };
        return DropLog.AddTo(table, settings.LogGroup);
    }

    /// <summary>
    /// What both tables allow: until the gates of pods that came are in force, and of pods that went before theirs are
    /// gone.
    /// </summary>
    public static Ruleset Narrowed(Ruleset desired, Ruleset? before)
    {
        var known = (before?.Sets ?? []).ToDictionary(set => set.Name, set => set.Elements.ToHashSet());
        return desired with
        {
            Sets =
            [
                .. desired.Sets.Select(set => set with
                {
                    Elements = set.Name.StartsWith(Names.Taken, StringComparison.Ordinal)
                        ? [.. set.Elements.Union(known.GetValueOrDefault(set.Name, [])).OrderBy(element => element.Key)]
                        : [.. set.Elements.Where(known.GetValueOrDefault(set.Name, []).Contains)],
                }),
            ],
        };
    }

    private static IEnumerable<NftSet> Sets(PodBridges bridges)
    {
        yield return TableFrame.Of(
            Names.Ports, KeyType.InterfaceName, "ports of known pods; every other is unclaimed",
            bridges.Ports.Select(NftKey.Interface));
        yield return TableFrame.Of(
            Names.Uplinks, KeyType.InterfaceName, "ports of their bridges that lead out of the node",
            bridges.Uplinks.Select(NftKey.Interface));
        yield return TableFrame.Of(
            Names.OtherPorts, KeyType.InterfaceName, "ports of bridges without known pods",
            bridges.Others.Select(NftKey.Interface));
        yield return TableFrame.Of(
            Names.Hardware, KeyType.Concatenate(KeyType.InterfaceName, KeyType.EtherAddress),
            "which hardware address may come from which port",
            bridges.Hardware.Select(of => NftKey.Concatenate(NftKey.Interface(of.Port), HardwareKey(of))));
        yield return TableFrame.Of(
            TakenHardware, KeyType.EtherAddress, "hardware addresses of known pods",
            bridges.Hardware.Select(HardwareKey).Distinct().Order());
        foreach (var family in (AddressFamily[])[AddressFamily.V4, AddressFamily.V6])
        {
            var (suffix, type) = ((int)family, AddressSets.TypeOf(family));
            var sources = bridges.Sources.Where(source => source.Address.Family == family).ToList();
            var own = bridges.Own.Where(address => address.Family == family).ToList();
            yield return TableFrame.Of(
                $"source{suffix}", KeyType.Concatenate(KeyType.InterfaceName, type),
                "which address may come from which port", sources.Select(source =>
                    NftKey.Concatenate(NftKey.Interface(source.Interface), AddressSets.KeyOf(source.Address))));
            yield return TableFrame.Of(
                Taken(suffix), type, "addresses of known pods and of the node: no other port's",
                sources.Select(source => source.Address).Concat(own).Select(AddressSets.KeyOf).Distinct().Order());
            yield return TableFrame.Of(
                $"{Names.Own}{suffix}", type, "the node's own addresses", own.Select(AddressSets.KeyOf));
        }
    }

    private static NftKey HardwareKey((string Port, System.Net.NetworkInformation.PhysicalAddress Address) of) =>
        new(of.Address.GetAddressBytes());

    /// <summary>Before the bridge learns where a hardware address is, and before IP hooks see the packet.</summary>
    private static Chain Arriving(EnforcementMode mode, bool hasUplinks) => new(Names.Ports)
    {
        Base = new("filter", NftHook.Prerouting, -300),
        Comment = "a port says only what its pod may; one that no known pod has claimed speaks to the node",
        Rules =
        [
            Rule.Of(Match.InputInterfaceIn(Names.OtherPorts), Statement.Accept),
            .. hasUplinks ? FromUplinks(mode) : [],
            NeitherIpNorArp(mode),
            Rule.Of(Match.InputInterfaceIn(Names.Ports), Statement.Goto(Names.Claimed)),
            Rule.Of(BridgeMatch.Hardware(TakenHardware), BaseChains.Counted(Names.NoGate, mode)),
            Rule.Of(BridgeMatch.ArpSource(Taken(4), not: true), Statement.Accept),
            .. BaseChains.ForFamilies(f => Rule.Of(
                BridgeMatch.Of(Match.Source(f, Taken(f))), BaseChains.Counted(Names.NoGate, mode))),
            Rule.Of(Advertisement, BridgeMatch.Target(Taken(6)), BaseChains.Counted(Names.NoGate, mode)),
            Rule.Of(
                BridgeMatch.Of(Match.Icmpv6Type(
                    BaseChains.NeighbourSolicitation, BaseChains.NeighbourAdvertisement)),
                OnLink(), Statement.Accept),
            Rule.Of(BridgeMatch.Of(Match.Source(BaseChains.LinkLocal)), BaseChains.Counted(Names.NoGate, mode)),
            .. BaseChains.ForFamilies(f => Rule.Of(
                BridgeMatch.Of(Match.Destination(f, $"{Names.Own}{f}")), Statement.Accept)
                with { Comment = "judged in unclaimed of table inet palisade" }),
            Rule.Of(BaseChains.Counted(Names.NoGate, mode)),
        ],
    };

    /// <summary>Whoever is behind such a port is no pod of this node, and not the node.</summary>
    private static Rule[] FromUplinks(EnforcementMode mode)
    {
        var there = Match.InputInterfaceIn(Names.Uplinks);
        var end = BaseChains.Counted(Names.Spoofed, mode);
        return
        [
            .. BaseChains.ForFamilies(f => Rule.Of(there, BridgeMatch.Of(Match.Source(f, Taken(f))), end)),
            Rule.Of(there, BridgeMatch.ArpSource(Taken(4)), end),
            Rule.Of(there, Advertisement, BridgeMatch.Target(Taken(6)), end),
            Rule.Of(there, Statement.Accept),
        ];
    }

    private static Chain Claimed(EnforcementMode mode) => new(Names.Claimed)
    {
        Comment = "a frame from a pod carries that pod's own addresses, also where it speaks of addresses",
        Rules =
        [
            Rule.Of(
                BridgeMatch.InputInterfaceAndHardware(Names.Hardware, not: true),
                BaseChains.Counted(Names.Spoofed, mode)),
            Rule.Of(BridgeMatch.InputInterfaceAndSource(4, "source4"), Statement.Accept),
            Rule.Of(BridgeMatch.InputInterfaceAndArpSource("source4"), Statement.Accept),
            Rule.Of(BridgeMatch.ArpProbe, Statement.Accept),
            Rule.Of(
                BridgeMatch.Of(Match.Icmpv6Type(BaseChains.RouterAdvertisement, BaseChains.Redirect)),
                BaseChains.Counted(Names.RogueAdvertisement, mode)),
            Rule.Of(
                BridgeMatch.Of(Match.Icmpv6Type(
                    BaseChains.RouterSolicitation, BaseChains.NeighbourSolicitation,
                    BaseChains.NeighbourAdvertisement)),
                OnLink(not: true), BaseChains.Counted(Names.RogueDiscovery, mode)),
            Rule.Of(
                Advertisement, BridgeMatch.InputInterfaceAndTarget("source6", not: true),
                BridgeMatch.Target(Taken(6)), BaseChains.Counted(Names.Spoofed, mode)),
            Rule.Of(
                Advertisement, BridgeMatch.InputInterfaceAndTarget("source6", not: true),
                BridgeMatch.TargetOfLink(not: true), BaseChains.Counted(Names.Spoofed, mode)),
            Rule.Of(BridgeMatch.InputInterfaceAndSource(6, "source6"), Statement.Accept),
            Rule.Of(
                BridgeMatch.Of(Match.Source(BaseChains.LinkLocal)),
                BridgeMatch.Of(Match.Source(6, Taken(6), not: true)), Statement.Accept)
                with { Comment = "link-local, and nobody else's: a pod makes them as it likes" },
            Rule.Of(
                BridgeMatch.Of(Match.Icmpv6Type(
                    BaseChains.RouterSolicitation, BaseChains.NeighbourSolicitation, BaseChains.ListenerReport)),
                BridgeMatch.Of(Match.Source(BaseChains.Unspecified)), Statement.Accept)
                with { Comment = "duplicate address detection" },
            Rule.Of(BaseChains.Counted(Names.Spoofed, mode)),
        ],
    };

    /// <summary>
    /// A bridge sends where it has learned an address, and everywhere what it has not, and what is for many. A routed
    /// pod gets only what is sent to it, by others than its node only if it is known; so does one behind a port.
    /// </summary>
    private static Chain Delivery(EnforcementMode mode) => new(Names.Delivery)
    {
        Base = new("filter", NftHook.Postrouting, 0),
        Comment = "a port gets what is for its pod; one that no known pod has claimed, what the node itself sends",
        Rules =
        [
            Rule.Of(Match.OutputInterfaceIn(Names.OtherPorts), Statement.Accept),
            Rule.Of(Match.OutputInterfaceIn(Names.Uplinks), Statement.Accept),
            NeitherIpNorArp(mode),
            Rule.Of(BridgeMatch.Of(Match.OutputInterfaceAndDestination(4, "source4")), Statement.Accept),
            Rule.Of(BridgeMatch.EtherType(BridgeMatch.Arp), Statement.Accept),
            Rule.Of(
                BridgeMatch.Of(Match.Icmpv6Type(
                    BaseChains.RouterSolicitation, BaseChains.RouterAdvertisement, BaseChains.NeighbourSolicitation,
                    BaseChains.NeighbourAdvertisement, BaseChains.Redirect)),
                OnLink(), Statement.Accept),
            .. BaseChains.ForFamilies(f => Rule.Of(
                BridgeMatch.Of(Match.Source(f, $"{Names.Own}{f}")), Statement.Accept) with { Comment = "the node" }),
            // Ports tell each other all the time which groups they listen to; nobody but a router wants to know.
            Rule.Of(
                BridgeMatch.Of(Match.Icmpv6Type(130, 131, 132, BaseChains.ListenerReport)),
                BaseChains.End(mode, Statement.Accept)),
            Rule.Of(
                BridgeMatch.Of(Match.Family(4)), Match.Protocol(Igmp), BaseChains.End(mode, Statement.Accept)),
            Rule.Of(
                BridgeMatch.Of(Match.Destination(BaseChains.LinkLocal)), BaseChains.Counted(Names.Elsewhere, mode))
                with { Comment = "no policy judges addresses of the link" },
            Rule.Of(BridgeMatch.Of(Match.Source(BaseChains.LinkLocal)), BaseChains.Counted(Names.Spoofed, mode))
                with { Comment = "no pod's own address" },
            Rule.Of(BridgeMatch.Of(Match.OutputInterfaceAndDestination(6, "source6")), Statement.Accept),
            Rule.Of(Match.OutputInterfaceIn(Names.Ports), BaseChains.Counted(Names.Elsewhere, mode)),
            Rule.Of(BaseChains.Counted(Names.NoGate, mode)),
        ],
    };

    /// <summary>
    /// Frames of a VLAN too: their inner type is IP, but IP hooks see them only if bridge-nf-filter-vlan-tagged is on.
    /// </summary>
    private static Rule NeitherIpNorArp(EnforcementMode mode) => Rule.Of(
        BridgeMatch.EtherTypeIn([BridgeMatch.IPv4, BridgeMatch.Arp, BridgeMatch.IPv6], not: true),
        BaseChains.Counted(Names.Frames, mode));

    private static ImmutableArray<Expression> Advertisement =>
        BridgeMatch.Of(Match.Icmpv6Type(BaseChains.NeighbourAdvertisement));

    /// <summary>Hop limit 255, after a match on IPv6: no router passed it on.</summary>
    private static ImmutableArray<Expression> OnLink(bool not = false) => BridgeMatch.Of(Match.HopLimit(255, not));

    private static string Taken(int family) => $"{Names.Taken}{family}";
}

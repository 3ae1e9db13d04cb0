using System.Collections.Immutable;
using System.Net;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Flows;
using Palisade.Nftables.Packets;

namespace Palisade.Dataplane.Lower;

using Parts = ImmutableArray<Expression>;
using Uplinks = ImmutableArray<string>;

/// <summary>
/// The chains that packets enter by themselves, always these four, in the order a packet meets them; and the two that
/// gates send packets to which conntrack could not place.
/// </summary>
/// <remarks>
/// iifname is known at postrouting since Linux 5.8 (ip_output and ip6_output hand the receiving device to the hook);
/// before that the node exemption and no_gate could not tell forwarded packets from the node's own.
/// </remarks>
internal static class BaseChains
{
    public const byte RouterAdvertisement = 134;
    public const byte RouterSolicitation = 133;
    public const byte NeighbourSolicitation = 135;
    public const byte NeighbourAdvertisement = 136;
    public const byte Redirect = 137;
    public const byte ListenerReport = 143;
    private const uint RouteMulticast = 5;

    // IANA's protocol numbers and ports; 8472 is what Linux takes without a dstport, and so do Flannel and Cilium.
    private const byte IpInIp = 4;
    private const byte Udp = 17;
    private const byte Ip6InIp = 41;
    private const byte Gre = 47;
    private const ushort Vxlan = 4789;
    private const ushort Geneve = 6081;
    private const ushort LinuxVxlan = 8472;

    /// <summary>The flags that tell a connection's first packet: SYN, and none of the others.</summary>
    private const TcpFlags Opening = TcpFlags.Fin | TcpFlags.Syn | TcpFlags.Reset | TcpFlags.Acknowledge;

    public static readonly IPNetwork LinkLocal = IPNetwork.Parse("fe80::/10");
    public static readonly IPNetwork Multicast = IPNetwork.Parse("ff00::/8");
    public static readonly IPNetwork Unspecified = IPNetwork.Parse("::/128");

    /// <summary>While a change is not whole: nothing begins.</summary>
    public static Rule HoldNew { get; } = Rule.Of(
        Match.CtState(CtState.New | CtState.Invalid | CtState.Untracked), Statement.Drop) with
    {
        Comment = "a change is being written",
    };

    /// <summary>The node's own: forwarding lowers the hop limit.</summary>
    public static Rule NodeDiscovery { get; } = Rule.Of(
        Match.Icmpv6Type(
            RouterSolicitation, RouterAdvertisement, NeighbourSolicitation, NeighbourAdvertisement, Redirect),
        Match.HopLimit(255), Statement.Accept) with
    {
        Comment = "the node's own neighbour discovery",
    };

    /// <summary>Where an egress gate goes on that is too deep to return what it allows.</summary>
    public static Chain ToIngress { get; } = new(Names.ToIngress)
    {
        Comment = "allowed by egress; the gate of the pod that is reached judges",
        Rules =
        [
            .. ForFamilies(f => Rule.Of(Match.DestinationMap(f, $"{Names.Ingress}{f}"))), Rule.Of(Statement.Accept),
        ],
    };

    /// <summary>
    /// What NetworkPolicies never deny (a pod and its own node, a pod to itself through a service); cluster policies
    /// may.
    /// </summary>
    private static Chain Exempt { get; } = new(Names.Exempt)
    {
        Comment = "a pod and itself or its own node: only ClusterNetworkPolicy judges",
        Rules =
        [
            .. Claims,
            .. ForFamilies(f => Rule.Of(Match.SourceMap(f, $"{Names.ExemptEgress}{f}"))),
            .. ForFamilies(f => Rule.Of(Match.DestinationMap(f, $"{Names.ExemptIngress}{f}"))),
            Rule.Of(Statement.Accept),
        ],
    };

    /// <summary>All chains but gates', in order of creation: what is jumped to first, base chains last.</summary>
    /// <param name="settings">What happens to what may not pass.</param>
    /// <param name="exempt">
    /// Whether cluster policies judge what NetworkPolicies exempt; otherwise nobody does, and nothing is looked up.
    /// </param>
    /// <param name="interfaces">Which interface is whose; of them only what uplinks there are decides rules.</param>
    public static (ImmutableArray<Chain> Regular, ImmutableArray<Chain> Base) All(
        NodeSettings settings, bool exempt, PodInterfaces interfaces) =>
        All(settings, exempt, !interfaces.Bridged.Names.IsEmpty, Compared(interfaces.Uplinks));

    private static (ImmutableArray<Chain> Regular, ImmutableArray<Chain> Base) All(
        NodeSettings settings, bool exempt, bool bridged, Uplinks uplinks) =>
    (
        [
            Odd(Names.OddIngress, Match.Source, Statement.Accept, settings.Mode),
            Odd(Names.OddEgress, Match.Destination, Statement.Return, settings.Mode),
            Midstream(settings),
            .. exempt ? ImmutableArray.Create(Exempt) : [],
        ],
        [
            AntiSpoof(settings.Mode, uplinks), Unclaimed(settings.Mode, bridged, uplinks),
            Input(settings.Mode, exempt), Gates(settings.Mode, exempt, bridged, uplinks),
        ]
    );

    /// <summary>
    /// The uplinks that rules compare by name before they look into the set of all (ADR 35): the one that most nodes
    /// have, beside the loopback. None where there are more, nor one whose name nft would read as a prefix.
    /// </summary>
    private static Uplinks Compared(Uplinks uplinks) =>
        uplinks.Remove("lo") is [var one] && !one.EndsWith('*') ? [one] : [];

    /// <summary>
    /// The most frequent packets leave first, after one comparison: those that came in by the uplink. All others, the
    /// loopback's too, are looked for in the set.
    /// </summary>
    private static Rule[] UplinksAnd(Rule known, Uplinks compared)
    {
        var all = Rule.Of(Match.InputInterfaceIn(Names.Uplinks), Statement.Accept);
        return compared.IsEmpty
            ? [all, known]
            : [.. compared.Select(name => Rule.Of(Match.InputInterface(name), Statement.Accept)), known, all];
    }

    /// <summary>
    /// The end of a packet that may not pass: dropped, or when only observing what <paramref name="pass"/> says.
    /// </summary>
    public static Parts End(EnforcementMode mode, Parts pass) =>
        mode == EnforcementMode.Enforce ? Statement.Drop : pass;

    /// <summary>
    /// What a pod may claim to be. Before conntrack (raw), so that a forged packet cannot move the state of another's
    /// connection, and cannot fill the connection table.
    /// </summary>
    private static Chain AntiSpoof(EnforcementMode mode, Uplinks uplinks) => new(Names.AntiSpoof)
    {
        Base = new("filter", NftHook.Prerouting, -300),
        Comment = "a packet from a pod carries that pod's own address",
        Rules =
        [
            .. UplinksAnd(Rule.Of(Match.InputInterfaceAndSource(4, "source4"), Statement.Accept), uplinks),
            Rule.Of(Match.Icmpv6Type(RouterAdvertisement, Redirect), Counted(Names.RogueAdvertisement, mode)),
            // Hop limit 255 says that no router passed it on (RFC 4861 §7.1): neighbours are on the link itself.
            Rule.Of(
                Match.Icmpv6Type(RouterSolicitation, NeighbourSolicitation, NeighbourAdvertisement),
                Match.HopLimit(255, not: true), Counted(Names.RogueDiscovery, mode)),
            Rule.Of(Match.InputInterfaceAndSource(6, "source6"), Statement.Accept),
            Rule.Of(Match.Source(LinkLocal), Statement.Accept) with { Comment = "link-local: never forwarded" },
            Rule.Of(
                Match.Icmpv6Type(RouterSolicitation, NeighbourSolicitation, ListenerReport),
                Match.Source(Unspecified), Statement.Accept)
                with { Comment = "duplicate address detection" },
            Rule.Of(Match.InputInterfaceIn(Names.Pods, not: true), Statement.Accept)
                with { Comment = "judged in unclaimed" },
            Rule.Of(Counted(Names.Spoofed, mode)),
        ],
    };

    /// <summary>
    /// Interfaces that no known pod has claimed: answers to the node itself pass, and what finds neighbours.
    /// </summary>
    private static Chain Unclaimed(EnforcementMode mode, bool bridged, Uplinks uplinks) => new(Names.Unclaimed)
    {
        Base = new("filter", NftHook.Prerouting, -150),
        Comment = "from an interface that no known pod has claimed, only answers to the node itself",
        Rules =
        [
            .. UplinksAnd(Rule.Of(Match.InputInterfaceIn(Names.Pods), Statement.Accept), uplinks),
            .. bridged ? FromBridges : [],
            Rule.Of(
                Match.CtState(CtState.Established), Match.CtDirection(reply: true),
                Match.Fib(FibInput.DestinationAddress), Statement.Accept),
            Rule.Of(
                Match.Icmpv6Type(NeighbourSolicitation, NeighbourAdvertisement),
                Match.Fib(FibInput.DestinationAddress), Statement.Accept),
            Rule.Of(
                Match.Icmpv6Type(NeighbourSolicitation, NeighbourAdvertisement),
                Match.Fib(FibInput.DestinationAddress, RouteMulticast), Statement.Accept),
            Rule.Of(Counted(Names.NoGate, mode)),
        ],
    };

    /// <summary>
    /// Here the bridge is the interface, of pods that are known and those that are not: which port it was, the bridge's
    /// own table has judged.
    /// </summary>
    private static Rule[] FromBridges =>
    [
        .. ForFamilies(f => Rule.Of(Match.InputInterfaceAndSource(f, $"source{f}"), Statement.Accept)),
        Rule.Of(Match.InputInterfaceIn(Names.Bridges), Match.Source(LinkLocal), Statement.Accept)
            with { Comment = "of known pods only, but for what finds neighbours" },
        Rule.Of(
            Match.InputInterfaceIn(Names.Bridges),
            Match.Icmpv6Type(RouterSolicitation, NeighbourSolicitation, ListenerReport), Match.Source(Unspecified),
            Statement.Accept) with { Comment = "duplicate address detection" },
    ];

    /// <summary>
    /// A pod always reaches its own node, but not the node's tunnels: what they unwrap comes in as from another
    /// machine, with any source, past every gate (measured). Those of kernels and network plugins at their usual ports.
    /// Cluster policies judge it as any other destination. After IPVS (98 and 99 of this hook), which takes the packets
    /// to services that only pass through, and after source NAT here (100), which is nobody's.
    /// </summary>
    private static Chain Input(EnforcementMode mode, bool exempt) => new(Names.Input)
    {
        Base = new("filter", NftHook.Input, 110),
        Comment = "pod to its own node: NetworkPolicy always allows it, but for the node's tunnels",
        Rules =
        [
            Rule.Of(Match.InputInterfaceIn(Names.Uplinks), Statement.Accept),
            Rule.Of(Match.ProtocolIn([IpInIp, Ip6InIp, Gre]), Counted(Names.Tunnelled, mode)),
            Rule.Of(
                Match.DestinationPorts(Udp, (Vxlan, Vxlan), (Geneve, Geneve), (LinuxVxlan, LinuxVxlan)),
                Counted(Names.Tunnelled, mode)) with { Comment = "VXLAN, Geneve, VXLAN at Linux's old port" },
            .. exempt ? OwnNode(mode) : [],
        ],
    };

    private static Rule[] OwnNode(EnforcementMode mode) =>
    [
        .. Known(mode),
        Rule.Of(
            Match.Icmpv6Type(RouterSolicitation, NeighbourSolicitation, NeighbourAdvertisement),
            Match.HopLimit(255), Statement.Accept) with { Comment = "neighbour discovery" },
        .. ForFamilies(f => Rule.Of(Match.SourceMap(f, $"{Names.ExemptEgress}{f}"))),
        Rule.Of(Match.Source(LinkLocal), Match.InputInterfaceMap(Names.ExemptLinks))
            with { Comment = "which pod's a link-local address is, the link says" },
    ];

    /// <summary>Connections that were judged when they began, and are allowed still.</summary>
    private static Rule[] Known(EnforcementMode mode) =>
    [
        .. mode == EnforcementMode.Enforce
            ? new[]
            {
                Rule.Of(Match.CtStatus((uint)FlowStatus.FixedTimeout), Counted(Names.Cut, mode))
                    with { Comment = "cut: no more allowed, in either direction" },
            }
            : [],
        Rule.Of(Match.CtState(CtState.Established), Statement.Accept),
        // Related connections of helpers (FTP and the like) are judged as any other.
        Rule.Of(Match.CtState(CtState.Related), Match.ProtocolIn([1, 58]), Statement.Accept)
            with { Comment = "errors" },
    ];

    /// <summary>
    /// Where gates judge: after DNAT, so that ports and addresses are the pods' own, and before SNAT hides who speaks.
    /// Postrouting sees IPVS and the node's own packets too, which forward does not.
    /// </summary>
    private static Chain Gates(EnforcementMode mode, bool exempt, bool bridged, Uplinks uplinks) => new(Names.Gates)
    {
        Base = new("filter", NftHook.Postrouting, 90),
        Comment = "new connections, by the pod that opens them, then by the pod they reach",
        Rules =
        [
            .. Known(mode),
            Rule.Of(Match.OutputInterface("lo"), Statement.Accept),
            // The node's own: forwarding lowers the hop limit. They have an input interface there, and are not tracked.
            NodeDiscovery,
            Rule.Of(
                [.. uplinks.SelectMany(name => Match.OutputInterface(name, not: true))],
                Match.OutputInterfaceIn(Names.Pods, not: true), Match.OutputInterfaceIn(Names.Uplinks, not: true),
                bridged ? Match.OutputInterfaceIn(Names.Bridges, not: true) : [], FromNode(not: true),
                Counted(Names.NoGate, mode)),
            .. bridged ? ToBridges(mode, exempt) : [],
            // Linux forwards them all the same from a link to the same link. Multicast it sends itself (MLD).
            Rule.Of(
                Match.Source(LinkLocal), Match.Destination(Multicast, not: true), FromNode(not: true),
                Counted(Names.Spoofed, mode)) with { Comment = "no pod's own address" },
            .. ForFamilies(f => Rule.Of(
                Match.InputInterfaceIn(Names.Pods), Match.SourceAndDestination(f, $"self{f}"), Exempted(exempt))
                with { Comment = "a pod to itself" }),
            Rule.Of(FromNode(), Match.Fib(FibInput.SourceAddress), Exempted(exempt))
                with { Comment = "the pods' own node" },
            Rule.Of(
                Match.TcpFlags(TcpFlags.Syn, Opening, not: true), Match.CtState(CtState.New),
                Statement.Jump(Names.Midstream)) with { Comment = "its beginning was not seen" },
            .. Claims,
            .. ForFamilies(f => Rule.Of(Match.SourceMap(f, $"{Names.Egress}{f}"))),
            .. ForFamilies(f => Rule.Of(Match.DestinationMap(f, $"{Names.Ingress}{f}"))),
        ],
    };

    /// <summary>
    /// What crosses a bridge without being routed has no input interface here (br_netfilter hands on none), like the
    /// node's own; but a port cannot bear the node's address, nor another pod's.
    /// </summary>
    private static Rule[] ToBridges(EnforcementMode mode, bool exempt) =>
    [
        .. ForFamilies(f => Rule.Of(
            Match.OutputInterfaceIn(Names.Bridges), Match.OutputInterfaceIn(Names.Uplinks, not: true),
            FromNode(not: true), Match.OutputInterfaceAndDestination(f, $"source{f}", not: true),
            Counted(Names.NoGate, mode))),
        .. ForFamilies(f => Rule.Of(
            Match.OutputInterfaceIn(Names.Bridges), FromNode(), Match.SourceAndDestination(f, $"self{f}"),
            Exempted(exempt)) with { Comment = "a pod to itself" }),
        .. ForFamilies(f => Rule.Of(
            Match.InputInterfaceIn(Names.Bridges), Match.SourceAndDestination(f, $"self{f}"), Exempted(exempt))
            with { Comment = "a pod to itself, routed" }),
    ];

    /// <summary>
    /// TCP that conntrack takes up without SYN: which end opened it is not known, so that a gate would judge half of it
    /// backwards, and let the other half through as its answers. Dropped where either end has any gate. Just after a
    /// first install it passes, and the agent judges it by what is known of its ports.
    /// </summary>
    private static Chain Midstream(NodeSettings settings) => new(Names.Midstream)
    {
        // The same in both cases: the kernel changes no comment, and the table would have to be made anew.
        Comment = "TCP whose beginning was not seen: not for pods with gates, once connections are followed",
        Rules = settings.AdmitsMidstream
            ? [Rule.Of(Statement.Accept)]
            :
            [
                .. ForFamilies(f => Rule.Of(Match.Source(f, $"{Names.Gated}{f}"), Stray(settings.Mode))),
                .. ForFamilies(f => Rule.Of(Match.Destination(f, $"{Names.Gated}{f}"), Stray(settings.Mode))),
            ],
    };

    private static Parts Stray(EnforcementMode mode) =>
        [.. Statement.CountOn(Names.Midstream), .. End(mode, Statement.Return)];

    /// <summary>
    /// Where a gate's direction is closed, what conntrack could not place has no reply direction to allow: INVALID
    /// drops; untracked passes to and from the node only.
    /// </summary>
    private static Chain Odd(string name, Func<int, string, bool, Parts> peerIn, Parts pass, EnforcementMode mode) =>
        new(name)
        {
            Comment = "no connection of conntrack's: invalid, or exempted from tracking",
            Rules =
        [
            Rule.Of(Match.CtState(CtState.Invalid), Statement.CountOn(Names.Invalid), End(mode, pass)),
            .. ForFamilies(f => Rule.Of(peerIn(f, $"nodes{f}", false), pass)),
            Rule.Of(Statement.CountOn(Names.Untracked), End(mode, pass)),
        ],
        };

    /// <summary>
    /// `iif 0`: no input interface, so the node's own stack made the packet; or, negated, it came in by some interface.
    /// </summary>
    private static Parts FromNode(bool not = false) =>
    [
        new Meta(MetaKey.InputIndex),
        new Compare(not ? CompareOperator.NotEqual : CompareOperator.Equal, NftKey.Host32(0)),
    ];

    /// <summary>Addresses that several pods claim are judged by chains of their own, before gates.</summary>
    private static Rule[] Claims => ForFamilies(f => Rule.Of(Match.SourceAndDestinationMap(f, $"{Names.Claims}{f}")));

    private static Parts Exempted(bool judged) => judged ? Statement.Goto(Names.Exempt) : Statement.Accept;

    public static Parts Counted(string counter, EnforcementMode mode) =>
        [.. Statement.CountOn(counter), .. End(mode, Statement.Accept)];

    public static Rule[] ForFamilies(Func<int, Rule> rule) => [rule(4), rule(6)];
}

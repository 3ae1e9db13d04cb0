using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Palisade.Lab.Network;
using Palisade.Nftables;
using Palisade.Nftables.Flows;

namespace Palisade.Lab.Services;

/// <summary>
/// What kube-proxy does on a real node, as a table of its own: connections to a cluster address go to one of the
/// Service's ready endpoints, each time chosen anew. Policies judge afterwards (docs/adr/0014).
/// </summary>
/// <param name="Chains">A chain for each Service port and family that has endpoints, by name.</param>
/// <param name="Elements">The elements of each set and map.</param>
/// <param name="Ways">Every way that a new connection may be sent.</param>
internal sealed record ServiceTable(
    ImmutableSortedDictionary<string, Chain> Chains,
    ImmutableSortedDictionary<string, ImmutableHashSet<Element>> Elements,
    ImmutableHashSet<ServiceWay> Ways)
{
    private const byte Tcp = 6;
    private const string Dispatch = "services";

    /// <summary>The table.</summary>
    public static Table Table { get; } = new(NftFamily.Inet, "lab-services")
    {
        Comment = "what kube-proxy does: cluster addresses to endpoints",
    };

    /// <summary>Sets and maps, by name.</summary>
    public static ImmutableSortedDictionary<string, SetDefinition> Definitions { get; } =
        ((int[])[4, 6]).SelectMany(DefinitionsOf).ToImmutableSortedDictionary(
            set => set.Name, set => set, StringComparer.Ordinal);

    /// <summary>What the Services mean. The same for every node.</summary>
    public static ServiceTable Of(ServiceView view)
    {
        var chains = ImmutableSortedDictionary.CreateBuilder<string, Chain>(StringComparer.Ordinal);
        var elements = Definitions.ToDictionary(
            set => set.Key, _ => ImmutableHashSet.CreateBuilder<Element>(), StringComparer.Ordinal);
        var ways = ImmutableHashSet.CreateBuilder<ServiceWay>();
        foreach (var service in view.Services)
        {
            foreach (var address in service.Addresses)
            {
                var family = address.AddressFamily == AddressFamily.InterNetworkV6 ? 6 : 4;
                elements[$"cluster{family}"].Add(Element.Of(address));
                foreach (var port in service.Ports)
                {
                    var targets = TargetsOf(view, service, address, port);
                    if (targets.Length > 0)
                        Add(service, address, port, targets, chains, elements);
                    foreach (var (target, number) in targets)
                        ways.Add(new(PacketAddress.Of(address), port.Protocol, port.Number, target, number));
                }
            }
        }

        return new(
            chains.ToImmutable(),
            elements.ToImmutableSortedDictionary(
                set => set.Key, set => set.Value.ToImmutable(), StringComparer.Ordinal),
            ways.ToImmutable());
    }

    /// <summary>Whether a connection goes where a new one to the same address could.</summary>
    public bool Leads(Flow flow) => Ways.Contains(new(
        flow.Original.Destination, flow.Original.Protocol, flow.Original.DestinationPort,
        flow.Reply.Source, flow.Reply.SourcePort));

    /// <summary>The chains that packets enter by themselves; they are the same for as long as the lab runs.</summary>
    /// <param name="node">What a connection from a pod to itself comes from.</param>
    /// <param name="ranges">The cluster addresses that there can be.</param>
    public static ImmutableArray<Chain> Fixed(AddressPair node, IReadOnlyList<IPNetwork> ranges) =>
    [
        new(Dispatch)
        {
            Rules = [.. Families().Select(f => Rule.Of(Match.DestinationServiceMap(f, $"services{f}")))],
        },
        new("prerouting")
        {
            Base = new("nat", NftHook.Prerouting, -100),
            Rules = [Rule.Of(Statement.Jump(Dispatch))],
        },
        new("output")
        {
            Base = new("nat", NftHook.Output, -100),
            Rules = [Rule.Of(Statement.Jump(Dispatch))],
        },
        Unanswered("forward", NftHook.Forward, 0, ranges),
        Unanswered("output-after", NftHook.Output, -90, ranges),
        new("postrouting")
        {
            Base = new("nat", NftHook.Postrouting, 100),
            Comment = "a pod that reaches itself through a Service would answer itself directly, and not be understood",
            Rules =
            [
                .. node.All.Select(address => Rule.Of(
                    Match.CtStatus((uint)FlowStatus.DestinationNat), Match.SourceAndDestination(FamilyOf(address),
                        $"hairpin{FamilyOf(address)}"), Statement.SourceNat(PacketAddress.Of(address)))),
            ],
        },
    ];

    /// <summary>
    /// What is still addressed to a cluster address has no endpoint, or no such port: refused, as kube-proxy does; by a
    /// reset where there is one, since an ICMP error that comes while the client's connect() still holds its socket is
    /// only noted (measured, IPv6). An address that no Service has is dropped.
    /// </summary>
    private static Chain Unanswered(string name, NftHook hook, int priority, IReadOnlyList<IPNetwork> ranges) =>
        new(name)
        {
            Base = new("filter", hook, priority),
            Rules =
            [
                .. Families().Select(f => Rule.Of(
                    Match.Destination(f, $"cluster{f}"), Match.Protocol(Tcp), Statement.RejectByTcpReset)),
                .. Families().Select(f => Rule.Of(Match.Destination(f, $"cluster{f}"), Statement.Reject)),
                .. ranges.Select(range => Rule.Of(Match.Destination(range), Statement.Drop)),
            ],
        };

    private static (PacketAddress Address, ushort Port)[] TargetsOf(
        ServiceView view, LabService service, IPAddress address, LabServicePort port) =>
        [
            .. view.Targets(service, port, address.AddressFamily)
                .Select(target => (Address: PacketAddress.Of(target.Address), target.Port))
                .OrderBy(target => target.Address.Bits).ThenBy(target => target.Port),
        ];

    private static void Add(
        LabService service, IPAddress address, LabServicePort port, (PacketAddress Address, ushort Port)[] targets,
        ImmutableSortedDictionary<string, Chain>.Builder chains,
        Dictionary<string, ImmutableHashSet<Element>.Builder> elements)
    {
        var family = FamilyOf(address);
        var name = $"svc{family}/{service.Key}/{port.ProtocolName}/{port.Number}";
        chains[name] = new(name)
        {
            Rules = [Rule.Of(Match.Protocol(port.Protocol), Statement.DestinationNatToOneOf(targets))],
        };
        var key = NftKey.Concatenate(NftKey.Of(address), NftKey.Byte(port.Protocol), NftKey.Port(port.Number));
        elements[$"services{family}"].Add(new(key) { Verdict = NftVerdict.Goto(name) });
        foreach (var (target, _) in targets)
            elements[$"hairpin{family}"].Add(new(NftKey.Concatenate(NftKey.Of(target), NftKey.Of(target))));
    }

    private static IEnumerable<SetDefinition> DefinitionsOf(int family)
    {
        var address = family == 4 ? KeyType.Ipv4Address : KeyType.Ipv6Address;
        var service = KeyType.Concatenate(address, KeyType.InetProtocol, KeyType.InetService);
        yield return new($"services{family}", service) { IsVerdictMap = true };
        yield return new($"cluster{family}", address) { Comment = "cluster addresses" };
        yield return new($"hairpin{family}", KeyType.Concatenate(address, address))
        {
            Comment = "an endpoint and itself",
        };
    }

    private static int[] Families() => [4, 6];

    private static int FamilyOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? 6 : 4;
}

/// <summary>A cluster address and port, and an endpoint behind it.</summary>
internal readonly record struct ServiceWay(
    PacketAddress Cluster, byte Protocol, ushort Port, PacketAddress Endpoint, ushort EndpointPort);

using System.Collections.Immutable;
using CsCheck;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Tests.Shared;

/// <summary>
/// How large and how odd a random cluster is. The defaults are for judges in memory; kernel tests turn pods and
/// oddities down.
/// </summary>
public sealed record ClusterShape
{
    public int MaxNodes { get; init; } = 3;

    public int MaxPods { get; init; } = 9;

    public int MaxPolicies { get; init; } = 8;

    /// <summary>0: none, and no domain names.</summary>
    public int MaxClusterPolicies { get; init; }

    /// <summary>Families every pod and node has addresses of.</summary>
    public ImmutableArray<AddressFamily> Families { get; init; } = [AddressFamily.V4, AddressFamily.V6];

    /// <summary>Some pods share their node's network.</summary>
    public bool HostNetworkPods { get; init; } = true;

    /// <summary>Some pods lack a node, or an address of a family.</summary>
    public bool PodsNotReady { get; init; } = true;

    /// <summary>Many pods have an address that another pod of their node, or of the first one, has too.</summary>
    public bool SharedAddresses { get; init; }
}

/// <summary>A cluster with connections to try in it.</summary>
public sealed record ClusterCase(ClusterSnapshot Cluster, ImmutableArray<Probe> Probes)
{
    /// <summary>Everything that decides, for a failing property's report.</summary>
    public override string ToString() => ClusterText.Of(Cluster);
}

/// <summary>
/// Random clusters made to be awkward: few keys and values so that selectors hit, the empty value, missing keys, names
/// of ports on several
/// containers with other numbers and protocols, blocks that begin and end at pods' and nodes' addresses, exceptions,
/// all policyTypes.
/// Addresses are 10.244.NODE.x and fd00:10:244:NODE::x for pods, 192.168.50.x and fd00:50::x for nodes; 203.0.113.x,
/// 2001:db8::x outside.
/// </summary>
public static class RandomClusters
{
    private static readonly ImmutableArray<string> Keys = ["app", "tier", "k"];
    private static readonly ImmutableArray<string> Values = ["", "a", "b", "c"];
    private static readonly ImmutableArray<string> NamespaceNames = ["blue", "green", "red"];
    internal static readonly ImmutableArray<string> PortNames = ["http", "http", "dns"];
    internal static readonly ImmutableArray<ushort> PortNumbers = [80, 8080, 80, 8080, 53, 79, 81, 82, 65535, 1, 0];
    private static readonly ImmutableArray<Protocol> Protocols = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp];

    /// <summary>TCP more often than the others, so that rules, names and connections meet.</summary>
    internal static readonly Gen<Protocol> AnyPortProtocol =
        Gen.Frequency((4, Gen.Const(Protocol.Tcp)), (2, Pick(Protocols)));

    /// <summary>Clusters of a shape, each with so many connections.</summary>
    public static Gen<ClusterCase> Cases(ClusterShape shape, int probes) =>
        Clusters(shape).SelectMany(cluster =>
            ProbesIn(cluster, shape).Array[probes].Select(p => new ClusterCase(cluster, [.. p])));

    public static Gen<ClusterSnapshot> Clusters(ClusterShape shape) =>
        Gen.Int[1, shape.MaxNodes].SelectMany(nodes => Gen.Select(
            Gen.Select(NamespaceLabels, NamespaceLabels, NamespaceLabels),
            Pod(shape, nodes).Array[1, shape.MaxPods],
            Policy(shape, nodes).Array[0, shape.MaxPolicies],
            RandomClusterPolicies.Policy(shape, nodes).Array[0, shape.MaxClusterPolicies],
            (labels, pods, policies, cluster) =>
                Assemble(shape, nodes, [labels.Item1, labels.Item2, labels.Item3], pods, policies) with
                {
                    // Names in another order than priorities.
                    ClusterNetworkPolicies = [.. cluster.Select((p, i) => p with { Name = $"c{i}" })],
                    DomainNames = shape.MaxClusterPolicies == 0 ? [] : RandomClusterPolicies.Domains(shape),
                }));

    /// <summary>A connection between pods by name, or whoever has an address near those that matter.</summary>
    public static Gen<Probe> ProbesIn(ClusterSnapshot cluster, ClusterShape shape)
    {
        var pods = Pick(cluster.Endpoints).Select(p => ProbeEnd.OfPod(p.Namespace, p.Name));
        return Pick(shape.Families).SelectMany(family =>
        {
            var addresses = Pick(Interesting(cluster, family)).Select(ProbeEnd.OfAddress);
            var ofNodes = cluster.Nodes.SelectMany(n => n.Addresses).Where(a => a.Family == family);
            var nodes = Pick(ofNodes.ToImmutableArray()).Select(ProbeEnd.OfAddress);
            var end = Gen.Frequency((6, pods), (2, addresses), (1, nodes));
            var protocol =
                Gen.Frequency((5, Gen.Const(Protocol.Tcp)), (3, AnyPortProtocol), (1, Gen.Const(Protocol.Other)));
            var port = Gen.Frequency((8, Pick(PortNumbers)), (1, Gen.UShort));
            return Gen.Select(end, end, protocol, port, Gen.Int[0, 2], (from, to, proto, number, service) =>
                new Probe(from, to, family, proto, proto == Protocol.Other ? (ushort)0 : number)
                {
                    ThroughService = service == 0,
                });
        });
    }

    /// <summary>
    /// Addresses of pods and nodes, addresses outside, and both edges of every block with their neighbours.
    /// </summary>
    public static ImmutableArray<Address> Interesting(ClusterSnapshot cluster, AddressFamily family)
    {
        var blocks = cluster.NetworkPolicies.SelectMany(p => p.Ingress.Concat(p.Egress)).SelectMany(r => r.Peers)
            .OfType<BlockPeer>().SelectMany(b => b.Except.Append(b.Block))
            .Concat(RandomClusterPolicies.BlocksOf(cluster));
        var edges = blocks.SelectMany(b => (Address?[])[Step(b.First, -1), b.First, b.Last, Step(b.Last, 1)])
            .OfType<Address>();
        return
        [
            .. cluster.Endpoints.SelectMany(p => p.Addresses)
                .Concat(cluster.Nodes.SelectMany(n => n.Addresses))
                .Concat([Address.Parse("203.0.113.9"), Address.Parse("2001:db8::9")])
                .Concat(edges).Where(a => a.Family == family).Distinct().Order(),
        ];
    }

    internal static readonly Gen<LabelSet> Labels = Gen.Select(Pick(Keys), Pick(Values)).Array[0, 3]
        .Select(pairs => LabelSet.Of(pairs.Select(p => new KeyValuePair<string, string>(p.Item1, p.Item2))));

    internal static readonly Gen<LabelSet> NamespaceLabels = Gen.Select(Pick(["team", "k"]), Pick(Values)).Array[0, 2]
        .Select(pairs => LabelSet.Of(pairs.Select(p => new KeyValuePair<string, string>(p.Item1, p.Item2))));

    internal static readonly Gen<ImmutableArray<NamedPort>> NamedPorts =
        Gen.Select(
            Pick(PortNames), AnyPortProtocol, Pick<ushort>([80, 80, 8080, 8080, 81, 53]),
            (name, protocol, number) => new NamedPort(name, protocol, number)).Array[0, 4]
        .Select(ports => ports.Distinct().OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Protocol)
            .ThenBy(p => p.Number).ToImmutableArray());

    private sealed record PodDraft(
        string Namespace, LabelSet Labels, ImmutableArray<NamedPort> Ports, int Node, bool HostNetwork, int Oddity);

    private static Gen<PodDraft> Pod(ClusterShape shape, int nodes) => Gen.Select(
        Pick(NamespaceNames), Labels, NamedPorts, Gen.Int[1, nodes], Gen.Int[0, 7], Gen.Int[0, 15],
        (ns, labels, ports, node, host, oddity) =>
            new PodDraft(
                ns, labels, ports, node, shape.HostNetworkPods && host == 0, shape.PodsNotReady ? oddity : 15));

    private static Gen<LabelSelector> Selector(ImmutableArray<string> keys, ImmutableArray<string> values) =>
        Gen.Frequency(
            (2, Gen.Const(LabelSelector.Everything)),
            (5, Requirement(keys, values).Array[1, 2].Select(LabelSelector.Of)));

    private static Gen<Requirement> Requirement(ImmutableArray<string> keys, ImmutableArray<string> values) =>
        Gen.Select(Pick(keys), Gen.Int[0, 3], Pick(values).Array[1, 2], (key, op, some) => op switch
        {
            0 => new Requirement(key, SelectorOperator.Exists, []),
            1 => new Requirement(key, SelectorOperator.DoesNotExist, []),
            2 => new Requirement(key, SelectorOperator.NotIn, [.. some]),
            _ => new Requirement(key, SelectorOperator.In, [.. some]),
        });

    internal static readonly Gen<LabelSelector> PodSelector = Selector(Keys, Values);

    internal static readonly Gen<LabelSelector> NamespaceSelector = Gen.Frequency(
        (4, Selector(["team", "k"], Values)),
        (1, Selector([ClusterSnapshot.NameLabel], NamespaceNames)));

    internal static Gen<NetworkPolicy> Policy(ClusterShape shape, int nodes)
    {
        var rules = Rule(shape, nodes).Array[0, 3];
        return Gen.Select(
            Pick(NamespaceNames), Gen.Frequency((1, Gen.Const(LabelSelector.Everything)), (1, PodSelector)),
            Gen.Int[0, 9], rules, rules,
            (ns, subject, types, ingress, egress) =>
            new NetworkPolicy
            {
                Namespace = ns,
                Name = "p",
                Subject = subject,
                // 0: neither, as no API server stores it.
                IsolatesIngress = types is > 0 and < 8,
                IsolatesEgress = types is > 3,
                Ingress = [.. ingress],
                Egress = [.. egress],
            });
    }

    internal static Gen<PolicyRule> Rule(ClusterShape shape, int nodes) => Gen.Select(
        Peer(shape, nodes).Array[0, 2], Gen.Frequency((1, Port.Array[0]), (4, Port.Array[1, 3])), (peers, ports) =>
            new PolicyRule([.. peers], [.. ports]));

    private static readonly Gen<PolicyPort> Port = Gen.Select(
        AnyPortProtocol, Gen.Int[0, 9], Pick(PortNumbers.Remove(0)), Pick(PortNames), Gen.Int[0, 3],
        (protocol, form, number, name, length) =>
            form switch
            {
                0 => PolicyPort.All(protocol),
                <= 5 => PolicyPort.Named(protocol, name),
                <= 7 => PolicyPort.Range(protocol, number, (ushort)Math.Min(ushort.MaxValue, number + length)),
                _ => PolicyPort.Range(protocol, number, number),
            });

    private static Gen<PolicyPeer> Peer(ClusterShape shape, int nodes) => Gen.Frequency(
        (2, PodSelector.Select(pods => (PolicyPeer)new PodPeer(null, pods))),
        (2, NamespaceSelector.Select(ns => (PolicyPeer)new PodPeer(ns, LabelSelector.Everything))),
        (3, Gen.Select(NamespaceSelector, PodSelector, (ns, pods) => (PolicyPeer)new PodPeer(ns, pods))),
        (4, Pick(shape.Families).SelectMany(family => Block(family, nodes))));

    internal static Gen<PolicyPeer> Block(AddressFamily family, int nodes)
    {
        var lengths = family == AddressFamily.V4
            ? ImmutableArray.Create(0, 8, 16, 23, 24, 29, 30, 31, 32)
            : [0, 16, 48, 63, 64, 125, 126, 127, 128];
        var centre = AddressNear(family, nodes);
        return Gen.Select(
            centre, Pick(lengths), Gen.Select(centre, Pick(lengths)).Array[0, 3],
            (around, length, excepts) =>
        {
            var block = new Cidr(around, length);
            // The API server takes only strict subsets as exceptions.
            var strict = excepts.Where(e => e.Item2 > length).Select(e => new Cidr(Inside(block, e.Item1), e.Item2));
            return (PolicyPeer)new BlockPeer(block, [.. strict]);
        });
    }

    /// <summary>The address of a block with the host bits of another address.</summary>
    private static Address Inside(Cidr block, Address hostBits) =>
        new(block.Family, block.First.Bits | (hostBits.Bits & (block.Last.Bits ^ block.First.Bits)));

    private static Gen<Address> AddressNear(AddressFamily family, int nodes) =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[1, nodes], Gen.Int[0, 9], (kind, node, host) => kind switch
        {
            0 or 1 => NodeAddress(family, node),
            2 => Address.Parse(family == AddressFamily.V4 ? "203.0.113.9" : "2001:db8::9"),
            _ => PodAddress(family, node, host),
        });

    private static Address PodAddress(AddressFamily family, int node, int host) =>
        Address.Parse(family == AddressFamily.V4 ? $"10.244.{node}.{host}" : $"fd00:10:244:{node}::{host:x}");

    internal static Address NodeAddress(AddressFamily family, int node) =>
        Address.Parse(family == AddressFamily.V4 ? $"192.168.50.{node}" : $"fd00:50::{node:x}");

    private static ClusterSnapshot Assemble(
        ClusterShape shape, int nodes, LabelSet[] namespaceLabels, PodDraft[] drafts, NetworkPolicy[] policies) =>
        ClusterSnapshot.Of(
            NamespaceNames.Select((name, i) => new Namespace(name, namespaceLabels[i])),
            drafts.Select((draft, i) => Pod(shape, draft, i)),
            // Two policies of other namespaces may have one name.
            policies.Select((policy, i) => policy with { Name = $"p{i / 2}" }),
            [],
            Enumerable.Range(1, nodes).Select(n =>
                new Node(
                    $"n{n}", LabelSet.Of([new("app", Values[n % 3])]),
                    [.. shape.Families.Select(f => NodeAddress(f, n))])));

    /// <summary>A pod of the name and the addresses that belong to an index.</summary>
    internal static Gen<Endpoint> PodAt(ClusterShape shape, int nodes, int index) =>
        Pod(shape, nodes).Select(draft => Pod(shape, draft, index));

    private static Endpoint Pod(ClusterShape shape, PodDraft draft, int index)
    {
        var families = draft.Oddity < shape.Families.Length ? shape.Families.RemoveAt(draft.Oddity) : shape.Families;
        return new()
        {
            Namespace = draft.Namespace,
            Name = $"pod{index}",
            Labels = draft.Labels,
            NamedPorts = draft.Ports,
            HostNetwork = draft.HostNetwork,
            // A pod without a node is like no other pod without a node, and like no node without a name.
            Node = draft.Oddity == 2 ? "" : $"n{draft.Node}",
            Addresses = draft.HostNetwork
                ? [.. shape.Families.Select(f => NodeAddress(f, draft.Node))]
                : [.. families.Select(f => draft.Oddity > 4 && shape.SharedAddresses
                    ? PodAddress(f, draft.Oddity % 4 == 0 ? 1 : draft.Node, index % 3 + 2)
                    : PodAddress(f, draft.Node, index + 2))],
        };
    }

    private static Address? Step(Address address, int by)
    {
        var highest = address.Family == AddressFamily.V4 ? uint.MaxValue : UInt128.MaxValue;
        if (address.Bits == (by < 0 ? UInt128.Zero : highest))
            return null;
        return new(address.Family, by < 0 ? address.Bits - 1 : address.Bits + 1);
    }

    internal static Gen<T> Pick<T>(ImmutableArray<T> items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);
}

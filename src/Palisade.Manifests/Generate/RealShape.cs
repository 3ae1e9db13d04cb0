using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Manifests.Generate;

/// <summary>
/// One production cluster by its published figures: how many of everything, how many pods policies and peers select.
/// What is not published (sizes of namespaces, lengths of blocks, which ports) is ours and stands in the constants.
/// </summary>
internal sealed record RealShape() : BenchmarkShape("real")
{
    public const int Pods = 5_413, Namespaces = 604, Policies = 13_678;

    /// <summary>26 % affect no connection: they select no pod.</summary>
    public const int IdlePolicies = 3_556;

    public const int SelectorPeers = 9_208, BlockPeers = 6_215, PortRanges = 23;

    /// <summary>The most pods a policy selects, and a selector peer.</summary>
    public const int MostSubjects = 127, MostPeerPods = 3_578;

    // So many namespaces have exactly the most subjects, so that a whole namespace is the tail.
    private const int LargeNamespaces = 4;

    // 15 % of the policies name no peer: deny everything, or ports for everyone.
    private const int WithoutPeers = Policies * 15 / 100;

    private static readonly Quantiles NamespaceSizes = new((0, 1), (0.5, 4), (0.9, 20), (1, MostSubjects));

    // Median 6, mean 13, tail 127.
    private static readonly Quantiles Subjects = new((0, 1), (0.5, 6), (0.75, 14), (0.9, 31), (0.98, 80), (1, 127));

    // Median 2, mean 35, tail 3,578.
    private static readonly Quantiles PeerPods =
        new((0, 1), (0.5, 2), (0.75, 7), (0.9, 35), (0.97, 155), (0.99, 700), (0.999, MostPeerPods), (1, MostPeerPods));

    private static readonly (Protocol Protocol, ushort Port)[] Ports =
    [
        (Protocol.Tcp, 80), (Protocol.Tcp, 443), (Protocol.Tcp, 8080), (Protocol.Tcp, 8443), (Protocol.Tcp, 5432),
        (Protocol.Tcp, 6379), (Protocol.Tcp, 9090), (Protocol.Tcp, 9092), (Protocol.Tcp, 27017), (Protocol.Udp, 53),
    ];

    public override ClusterSnapshot Generate(ulong seed)
    {
        var random = new DeterministicRandom(seed);
        var builder = new ClusterBuilder();
        var sizes = Enumerable.Repeat(MostSubjects, LargeNamespaces).Concat(NamespaceSizes.Split(
            Pods - LargeNamespaces * MostSubjects, Namespaces - LargeNamespaces, MostSubjects, random)).ToArray();
        var cluster = new RealCluster(builder, sizes, MostPeerPods, random);
        foreach (var policy in AllPolicies(cluster, random))
            builder.AddPolicy(policy);
        return builder.Build();
    }

    private static IEnumerable<NetworkPolicy> AllPolicies(RealCluster cluster, DeterministicRandom random)
    {
        // 0: selects no pod.
        var subjects = new int[IdlePolicies].Concat(Subjects.Sample(Policies - IdlePolicies, random)).ToArray();
        random.Shuffle(subjects);
        var peers = PeersOfEach(random);
        var (next, pods) = (0, PeerPods.Sample(SelectorPeers, random));
        var kinds = Enumerable.Range(0, SelectorPeers + BlockPeers).Select(i => i < SelectorPeers).ToArray();
        random.Shuffle(kinds);
        var (kind, ranges) = (0, PortRanges);
        for (var i = 0; i < Policies; i++)
        {
            var ns = cluster.Draw(Math.Max(1, subjects[i]));
            var list = ImmutableArray.CreateBuilder<PolicyPeer>(peers[i]);
            for (var p = 0; p < peers[i]; p++)
                list.Add(kinds[kind++] ? cluster.Peer(ns, pods[next++], MostPeerPods) : Block(random));
            var subject = subjects[i] == 0
                ? ClusterBuilder.Equal("app", $"retired-{i}")
                : cluster.Select(ns, subjects[i]);
            var ports = SinglePorts(random);
            if (ranges > 0 && list.Count > 0)
            {
                ports = ports.Add(PolicyPort.Range(Protocol.Tcp, 30_000, (ushort)(30_100 + ranges)));
                ranges--;
            }

            yield return Policy(ns, i, subject, list.ToImmutable(), ports, random);
        }
    }

    /// <summary>How many peers each policy names: none, or one and what is left over at random.</summary>
    private static int[] PeersOfEach(DeterministicRandom random)
    {
        var peers = Enumerable.Range(0, Policies).Select(i => i < WithoutPeers ? 0 : 1).ToArray();
        for (var left = SelectorPeers + BlockPeers - (Policies - WithoutPeers); left > 0; left--)
            peers[WithoutPeers + random.Below(Policies - WithoutPeers)]++;
        random.Shuffle(peers);
        return peers;
    }

    private static NetworkPolicy Policy(
        string ns, int number, LabelSelector subject, ImmutableArray<PolicyPeer> peers,
        ImmutableArray<PolicyPort> ports, DeterministicRandom random)
    {
        // Neither peers nor ports: no rule at all, which denies, as nobody writes a policy that allows everything.
        ImmutableArray<PolicyRule> rules = peers.IsEmpty && ports.IsEmpty ? [] : [new(peers, ports)];
        var policy = new NetworkPolicy { Namespace = ns, Name = $"policy-{number}", Subject = subject };
        // Blocks stand mostly in egress rules, selectors mostly in ingress rules.
        var egress = random.Chance(peers.Any(peer => peer is BlockPeer) ? 0.7 : 0.3);
        return egress
            ? policy with { IsolatesEgress = true, Egress = rules }
            : policy with { IsolatesIngress = true, Ingress = rules };
    }

    private static ImmutableArray<PolicyPort> SinglePorts(DeterministicRandom random) =>
    [
        .. Enumerable.Range(0, random.Below(3)).Select(_ => random.Of(Ports)).Distinct()
            .Select(port => PolicyPort.Range(port.Protocol, port.Port, port.Port)),
    ];

    // Outside the pods' block. Of 2^16 networks, each recurs now and then.
    private static BlockPeer Block(DeterministicRandom random)
    {
        var length = random.Below(10) switch { < 6 => 32, < 9 => 24, _ => 16 };
        return new(new(new(AddressFamily.V4, (100u << 24) + (uint)random.Below(1 << 16) * 256 + 7), length), []);
    }
}

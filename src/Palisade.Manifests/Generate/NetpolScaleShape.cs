using System.Collections.Immutable;
using System.Globalization;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Manifests.Generate;

/// <summary>
/// A profile of k8s-netpol-scale: equal namespaces whose policies all select the first pods and differ in their peers.
/// Each selector or block is a rule of its own, and each rule has all the ports.
/// </summary>
/// <remarks>
/// Pod number i carries the labels 1=true … i=true, so a label chosen from the top selects any number of them. The
/// tool's own sets of peer namespaces walk through all combinations; here they are drawn by the seed.
/// </remarks>
internal sealed record NetpolScaleShape(string Shape, int[] Profile) : BenchmarkShape(Shape)
{
    /// <summary>The largest number a profile may have.</summary>
    public const int MostOfOneKind = 50;

    private const int Namespaces = 100, PoliciesPerDirection = 10;

    private int LocalPods => Profile[0];

    private int PodSelectors => Profile[1];

    private int PeerNamespaces => Profile[2];

    private int PeerPods => Profile[3];

    private int Blocks => Profile[4];

    private int PodsPerNamespace => Math.Max(10, Math.Max(LocalPods, PeerPods));

    public override ClusterSnapshot Generate(ulong seed)
    {
        var random = new DeterministicRandom(seed);
        var cluster = new ClusterBuilder();
        var labels = Enumerable.Range(1, PodsPerNamespace).Select(pod => LabelSet.Of(
            Enumerable.Range(1, pod).Select(i => KeyValuePair.Create(Number(i), "true")))).ToArray();
        var ports = Ports();
        for (var i = 0; i < Namespaces; i++)
        {
            cluster.AddNamespace(Name(i));
            for (var pod = 1; pod <= PodsPerNamespace; pod++)
                cluster.AddPod(Name(i), $"test-pod-{pod}", labels[pod - 1]);
            for (var policy = 0; policy < PoliciesPerDirection; policy++)
            {
                foreach (var direction in new[] { Direction.Ingress, Direction.Egress })
                    cluster.AddPolicy(Policy(Name(i), policy, direction, ports, random));
            }
        }

        return cluster.Build();
    }

    private NetworkPolicy Policy(
        string ns, int number, Direction direction, ImmutableArray<PolicyPort> ports, DeterministicRandom random)
    {
        var peers = new List<PolicyPeer>();
        for (var i = 0; i < PodSelectors; i++)
            peers.Add(new PodPeer(PeerNamespaces == 0 ? null : Draw(random), First(PeerPods)));
        for (var i = 0; i < Blocks; i++)
        {
            // 1.0.0.0/24, 1.0.1.0/24 …: all different inside one namespace.
            var first = (1u << 24) + (uint)(number * Blocks + i) * 256;
            peers.Add(new BlockPeer(new(new(AddressFamily.V4, first), 24), []));
        }

        // A profile with ports but without peers is about the ports: one rule for everyone.
        ImmutableArray<PolicyRule> rules = peers.Count == 0 && !ports.IsEmpty
            ? [new([], ports)]
            : [.. peers.Select(peer => new PolicyRule([peer], ports))];
        var policy = new NetworkPolicy
        {
            Namespace = ns,
            Name = $"{(direction == Direction.Ingress ? "ingress" : "egress")}-{number}",
            Subject = First(LocalPods),
        };
        return direction == Direction.Ingress
            ? policy with { IsolatesIngress = true, Ingress = rules }
            : policy with { IsolatesEgress = true, Egress = rules };
    }

    private ImmutableArray<PolicyPort> Ports() =>
    [
        .. Enumerable.Range(0, Profile[5]).Select(i => (ushort)(1001 + i))
            .Select(port => PolicyPort.Range(Protocol.Tcp, port, port)),
        .. Enumerable.Range(0, Profile[6]).Select(i => (ushort)(5000 + 10 * i))
            .Select(port => PolicyPort.Range(Protocol.Tcp, port, (ushort)(port + 5))),
    ];

    private LabelSelector Draw(DeterministicRandom random)
    {
        var drawn = new HashSet<int>();
        while (drawn.Count < PeerNamespaces)
            drawn.Add(random.Below(Namespaces));
        return ClusterBuilder.In(ClusterSnapshot.NameLabel, drawn.Select(Name));
    }

    // The label of pod number n - count + 1 stands on the last count pods; with count 0 on none.
    private LabelSelector First(int count) => ClusterBuilder.Equal(Number(PodsPerNamespace - count + 1), "true");

    private static string Name(int ns) => $"network-policy-perf-{ns}";

    private static string Number(int i) => i.ToString(CultureInfo.InvariantCulture);
}

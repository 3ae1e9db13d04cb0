using System.Collections.Immutable;
using CsCheck;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Tests.Shared;

/// <summary>
/// Random ClusterNetworkPolicies: few priorities so that they are often equal, rules that contradict each other, rules
/// that are not understood, names in upper case and with a final dot.
/// </summary>
internal static class RandomClusterPolicies
{
    private static readonly ImmutableArray<string> Names =
        ["example.com", "*.example.com", "A.Example.com.", "*.COM", "*.c.example.com.", "example.org"];

    /// <summary>Names of pods, nodes and what is outside, one of them the end of another.</summary>
    public static ImmutableArray<DomainName> Domains(ClusterShape shape)
    {
        DomainName Known(string name, params ReadOnlySpan<string> addresses)
        {
            var known = addresses.ToArray().Select(Address.Parse).Where(a => shape.Families.Contains(a.Family));
            return new(name, [.. known]);
        }

        return
        [
            Known("a.example.com", "10.244.1.2", "fd00:10:244:1::2"),
            Known("b.c.example.com", "192.168.50.1", "2001:db8::9"),
            Known("example.com", "203.0.113.9", "fd00:10:244:1::3"),
            Known("myexample.com", "10.244.1.3", "10.244.2.3", "fd00:50::1"),
        ];
    }

    public static IEnumerable<Cidr> BlocksOf(ClusterSnapshot cluster) => cluster.ClusterNetworkPolicies
        .SelectMany(p => p.Ingress.Concat(p.Egress)).SelectMany(r => r.Peers).OfType<NetworksPeer>()
        .SelectMany(n => n.Blocks);

    public static Gen<ClusterNetworkPolicy> Policy(ClusterShape shape, int nodes)
    {
        var pods = PodPeer;
        var any = Gen.Frequency(
            (4, pods), (3, Networks(shape, nodes)), (2, RandomClusters.PodSelector.Select(Nodes)), (2, DomainNames));
        var fewOthers = Gen.Frequency((30, pods), (1, any));
        return Gen.Select(
            RandomClusters.Pick<ClusterTier>([ClusterTier.Admin, ClusterTier.Baseline]), Gen.Int[0, 3], Pods,
            Rule(fewOthers).Array[0, 4], Rule(any).Array[0, 4],
            (tier, priority, subject, ingress, egress) => new ClusterNetworkPolicy
            {
                Name = "c",
                Tier = tier,
                Priority = priority,
                Subject = subject,
                Ingress = [.. ingress],
                Egress = [.. egress],
            });
    }

    private static ClusterPeer Nodes(LabelSelector selector) => new NodesPeer(selector);

    private static readonly Gen<ClusterPods> Pods = Gen.Select(
        Gen.Frequency((2, Gen.Const(LabelSelector.Everything)), (3, RandomClusters.NamespaceSelector)),
        Gen.Frequency((2, Gen.Const(LabelSelector.Everything)), (2, RandomClusters.PodSelector)),
        (namespaces, pods) => new ClusterPods(namespaces, pods));

    private static readonly Gen<ClusterPeer> PodPeer = Pods.Select(pods => (ClusterPeer)new ClusterPodPeer(pods));

    private static readonly Gen<ClusterPeer> DomainNames =
        RandomClusters.Pick(Names).Array[1, 2].Select(names => (ClusterPeer)new DomainNamesPeer([.. names]));

    private static Gen<ClusterPeer> Networks(ClusterShape shape, int nodes) =>
        RandomClusters.Pick(shape.Families).SelectMany(family => RandomClusters.Block(family, nodes)).Array[1, 3]
            .Select(blocks =>
                (ClusterPeer)new NetworksPeer([.. blocks.Cast<BlockPeer>().Select(b => b.Block).Distinct()]));

    internal static Gen<ClusterRule> Rule(Gen<ClusterPeer> peer) => Gen.Select(
        RandomClusters.Pick<ClusterAction>(
            [ClusterAction.Accept, ClusterAction.Accept, ClusterAction.Deny, ClusterAction.Pass]),
        Gen.Frequency((1, peer.Array[0]), (30, peer.Array[1, 2])),
        Gen.Frequency((1, Port.Array[0]), (2, Port.Array[1, 3])), Gen.Int[0, 30],
        (action, peers, ports, odd) => new ClusterRule
        {
            Action = action,
            Peers = [.. peers],
            Protocols = [.. ports],
            NotUnderstood = odd == 0,
        });

    private static readonly Gen<ClusterPort> Port = Gen.Select(
        RandomClusters.AnyPortProtocol, Gen.Int[0, 9], RandomClusters.Pick(RandomClusters.PortNumbers.Remove(0)),
        RandomClusters.Pick(RandomClusters.PortNames), Gen.Int[0, 3], (protocol, form, number, name, length) =>
            form switch
            {
                0 => ClusterPort.Range(protocol, 1, ushort.MaxValue),
                <= 5 => ClusterPort.Named(name),
                _ => ClusterPort.Range(protocol, number, (ushort)Math.Min(ushort.MaxValue, number + length)),
            });
}

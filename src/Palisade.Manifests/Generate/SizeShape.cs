using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Manifests.Generate;

/// <summary>
/// A cluster of any size: namespaces of unequal size that belong to teams and stages, applications whose names recur
/// from namespace to namespace, and the policies that guides recommend, in turn.
/// </summary>
internal sealed record SizeShape(string Shape, int Pods, int Policies, int Namespaces) : BenchmarkShape(Shape)
{
    private const int Teams = 40, MostReplicas = 8, MostPodsPerNamespace = 100_000;

    private static readonly Quantiles Sizes = new((0, 1), (0.5, 4), (0.9, 12), (1, 40));

    private static readonly string[] Stages = ["prod", "staging", "dev"];

    private static readonly ImmutableArray<NamedPort> Web =
        [new("http", Protocol.Tcp, 8080), new("metrics", Protocol.Tcp, 9090)];

    public override ClusterSnapshot Generate(ulong seed)
    {
        var random = new DeterministicRandom(seed);
        var cluster = new ClusterBuilder();
        var most = Math.Max(MostPodsPerNamespace, (Pods + Namespaces - 1) / Namespaces);
        var sizes = Sizes.Split(Pods, Namespaces, most, random);
        var apps = new int[Namespaces];
        for (var i = 0; i < Namespaces; i++)
        {
            cluster.AddNamespace(Name(i), ("team", Team(i % Teams)), ("stage", Stages[i % Stages.Length]));
            apps[i] = AddApps(cluster, Name(i), sizes[i], random);
        }

        for (var i = 0; i < Policies; i++)
        {
            var ns = i % Namespaces;
            cluster.AddPolicy(Policy(Name(ns), i, apps[ns], random));
        }

        return cluster.Build();
    }

    private static int AddApps(ClusterBuilder cluster, string ns, int pods, DeterministicRandom random)
    {
        var app = 0;
        for (var left = pods; left > 0; app++)
        {
            var replicas = Math.Min(left, 1 + random.Below(MostReplicas));
            cluster.AddDeployment(ns, App(app), replicas, app % 2 == 0 ? Web : [], ("tier", Tier(app)));
            left -= replicas;
        }

        return app;
    }

    private static NetworkPolicy Policy(string ns, int number, int apps, DeterministicRandom random)
    {
        var kind = random.Below(100);
        var subject = ClusterBuilder.Equal("app", App(random.Below(apps)));
        return kind switch
        {
            < 25 => Ingress(ns, $"deny-all-{number}", LabelSelector.Everything),
            < 40 => Ingress(ns, $"same-namespace-{number}", LabelSelector.Everything,
                new PolicyRule([new PodPeer(null, LabelSelector.Everything)], [])),
            < 60 => Ingress(ns, $"from-app-{number}", subject,
                new PolicyRule([new PodPeer(null, ClusterBuilder.Equal("app", App(random.Below(apps))))],
                    [Tcp(8080)])),
            < 75 => Ingress(ns, $"from-team-{number}", subject,
                new PolicyRule([new PodPeer(ClusterBuilder.Equal("team", Team(random.Below(Teams))),
                    ClusterBuilder.Equal("tier", Tier(random.Below(3))))],
                    [PolicyPort.Named(Protocol.Tcp, "http")])),
            < 80 => Ingress(ns, $"not-dev-{number}", subject,
                new PolicyRule([new PodPeer(LabelSelector.Of([new("stage", SelectorOperator.NotIn, ["dev"])]),
                    LabelSelector.Everything)], [Tcp(443), Tcp(9090)])),
            < 90 => Egress(ns, $"dns-and-own-{number}", subject,
                new PolicyRule([new PodPeer(ClusterBuilder.Equal(ClusterSnapshot.NameLabel, Name(0)),
                    ClusterBuilder.Equal("app", App(0)))],
                    [PolicyPort.Range(Protocol.Udp, 53, 53), Tcp(53)]),
                new PolicyRule([new PodPeer(null, LabelSelector.Everything)], [])),
            _ => Egress(ns, $"to-addresses-{number}", subject,
                new PolicyRule([Outside(), Partner(random)], [Tcp(443)])),
        };
    }

    private static NetworkPolicy Ingress(string ns, string name, LabelSelector subject, params PolicyRule[] rules) =>
        new() { Namespace = ns, Name = name, Subject = subject, IsolatesIngress = true, Ingress = [.. rules] };

    private static NetworkPolicy Egress(string ns, string name, LabelSelector subject, params PolicyRule[] rules) =>
        new() { Namespace = ns, Name = name, Subject = subject, IsolatesEgress = true, Egress = [.. rules] };

    private static BlockPeer Outside() => new(
        Cidr.Parse("0.0.0.0/0"), [Cidr.Parse("10.0.0.0/8"), Cidr.Parse("172.16.0.0/12"), Cidr.Parse("192.168.0.0/16")]);

    // One of 4,096 blocks: partners recur from policy to policy.
    private static BlockPeer Partner(DeterministicRandom random) =>
        new(new(new(AddressFamily.V4, (203u << 24) + (uint)random.Below(4096) * 256), 24 + random.Below(9)), []);

    private static PolicyPort Tcp(ushort port) => PolicyPort.Range(Protocol.Tcp, port, port);

    private static string Name(int ns) => $"ns-{ns}";

    private static string App(int app) => $"app-{app}";

    private static string Team(int team) => $"team-{team}";

    private static string Tier(int app) => Tiers[app % Tiers.Length];

    private static readonly string[] Tiers = ["web", "service", "data"];
}

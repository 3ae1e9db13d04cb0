using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Manifests.Generate;

/// <summary>
/// The enforcement-latency test of Kubernetes' clusterloader2: every third pod is a target, one policy a namespace
/// allows the test clients to reach the targets, and the load policies allow blocks of addresses on two TCP ports.
/// </summary>
internal sealed record ClusterLoaderShape() : BenchmarkShape("clusterloader")
{
    private const int Namespaces = 10, Pods = 3_000, LoadPolicies = 1_000, DeploymentSize = 10;

    public override ClusterSnapshot Generate(ulong seed)
    {
        var random = new DeterministicRandom(seed);
        var cluster = new ClusterBuilder();
        for (var i = 0; i < Namespaces; i++)
        {
            cluster.AddNamespace(Name(i));
            cluster.AddPolicy(AllowTargets(Name(i)));
        }

        for (var i = 0; i < Pods; i++)
        {
            var labels = new Dictionary<string, string> { ["name"] = Deployment(i / DeploymentSize) };
            if (i % 3 == 0)
                labels["np-target"] = "enforcement-latency";
            cluster.AddPod(Name(i / DeploymentSize % Namespaces), $"pod-{i}", LabelSet.Of(labels));
        }

        for (var i = 0; i < LoadPolicies; i++)
            cluster.AddPolicy(Load(i, random));
        return cluster.Build();
    }

    private static string Name(int ns) => $"load-{ns}";

    private static string Deployment(int i) => $"deployment-{i}";

    private static NetworkPolicy AllowTargets(string ns) => new()
    {
        Namespace = ns,
        Name = "allow-egress-to-target",
        Subject = ClusterBuilder.Equal("type", "np-client"),
        IsolatesEgress = true,
        Egress =
        [
            new([new PodPeer(LabelSelector.Everything, ClusterBuilder.Equal("np-target", "enforcement-latency"))], []),
        ],
    };

    private static NetworkPolicy Load(int i, DeterministicRandom random)
    {
        var deployment = random.Below(Pods / DeploymentSize);
        // Anywhere above 11.0.0.0: outside the pods' block, as the load of the test is meant to match nobody.
        var address = new Address(AddressFamily.V4, (11u << 24) + (uint)random.Below(1 << 24) * 64);
        return new()
        {
            Namespace = Name(deployment % Namespaces),
            Name = $"load-policy-{i}",
            Subject = ClusterBuilder.Equal("name", Deployment(deployment)),
            IsolatesEgress = true,
            Egress =
            [
                new(
                    [new BlockPeer(new(address, 26 + random.Below(7)), [])],
                    [PolicyPort.Range(Protocol.Tcp, 8080, 8080), PolicyPort.Range(Protocol.Tcp, 6355, 6355)]),
            ],
        };
    }
}

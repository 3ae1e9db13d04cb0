using CsCheck;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;
using Xunit;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>An address that several live pods claim is allowed, as peer and as subject, what all of them are.</summary>
public sealed class SharedAddressTests
{
    private static readonly Address Twice = Address.Parse("10.244.1.5");

    [Fact]
    public void Random_clusters_with_shared_addresses_are_judged_alike()
    {
        var (shared, differing) = (0, 0);
        var shape = new ClusterShape { MaxPods = 8, MaxPolicies = 6, MaxClusterPolicies = 4, SharedAddresses = true };
        RandomClusters.Cases(shape, TwoJudgesTests.ProbesPerCluster).Sample(
            c =>
            {
                var judges = new Judges(c.Cluster);
                foreach (var probe in c.Probes)
                {
                    var explanation = judges.Evaluator.Explain(judges.Connection(probe));
                    var (egress, ingress) = (
                        judges.Naive.SideAllows(probe, Direction.Egress),
                        judges.Naive.SideAllows(probe, Direction.Ingress));
                    var (byId, byAddress) = judges.AllowsByTable(probe);
                    bool?[] answers =
                    [
                        judges.Allows(probe), explanation.Verdict == Verdict.Allow, byId, byAddress,
                        explanation.Egress.Verdict == Verdict.Allow && explanation.Ingress.Verdict == Verdict.Allow,
                    ];
                    if (answers.Any(answer => (answer ?? (egress && ingress)) != (egress && ingress)))
                        Assert.Fail($"{probe}: naive says {egress} {ingress}, others {string.Join(' ', answers)}");
                    Assert.Equal(egress, explanation.Egress.Verdict == Verdict.Allow);
                    Assert.Equal(ingress, explanation.Ingress.Verdict == Verdict.Allow);
                    shared += explanation.Egress.Shared.Length + explanation.Ingress.Shared.Length > 0 ? 1 : 0;
                    differing += explanation.Ingress.Shared.Any(s => s.JudgedAs != s.By[0]) ? 1 : 0;
                }
            },
            iter: TwoJudgesTests.Clusters / 2, threads: 1);
        Assert.True(shared > 1000 && differing > 100, $"{shared} shared, {differing} not decided by the first");
    }

    /// <summary>What one of them alone may is not what the address may; what each may by another rule, is.</summary>
    [Fact]
    public void A_peer_is_allowed_what_each_claimant_is()
    {
        var evaluator = new Evaluator(PolicyCompiler.Compile(Cluster(
            Allow("a", 80, 82), Allow("b", 81, 83))));
        var web = evaluator.Parties.OfPod(evaluator.Parties.IndexOf("x", "web"), AddressFamily.V4);
        var allowed = Enumerable.Range(80, 4).Where(port => evaluator.Verdict(new(
            evaluator.Parties.OfAddress(Twice), web, Protocol.Tcp, (ushort)port)) == Verdict.Allow);
        Assert.Equal([81, 82], allowed);

        var explained = evaluator.Explain(new(evaluator.Parties.OfAddress(Twice), web, Protocol.Tcp, 80));
        var about = Assert.Single(explained.Ingress.Shared);
        Assert.Equal(["x/a", "x/b"], about.By.Select(pod => pod.ToString()));
        Assert.Equal("x/b", about.JudgedAs.ToString());
    }

    /// <summary>Pods on their host's network, and those that are over, claim nothing.</summary>
    [Fact]
    public void A_pod_of_the_hosts_network_claims_no_address()
    {
        var cluster = Cluster(Allow("a", 80, 82));
        var evaluator = new Evaluator(PolicyCompiler.Compile(cluster with
        {
            Endpoints = [.. cluster.Endpoints.Select(pod => pod.Name == "b" ? pod with { HostNetwork = true } : pod)],
        }));
        var web = evaluator.Parties.OfPod(evaluator.Parties.IndexOf("x", "web"), AddressFamily.V4);
        var explained = evaluator.Explain(new(evaluator.Parties.OfAddress(Twice), web, Protocol.Tcp, 80));
        Assert.Equal((Verdict.Allow, 0), (explained.Verdict, explained.Ingress.Shared.Length));
    }

    private static NetworkPolicy Allow(string app, ushort first, ushort last) => new()
    {
        Namespace = "x",
        Name = $"allow-{app}",
        Subject = App("web"),
        IsolatesIngress = true,
        Ingress = [new([new PodPeer(null, App(app))], [PolicyPort.Range(Protocol.Tcp, first, last)])],
    };

    private static LabelSelector App(string app) => LabelSelector.Of([new("app", SelectorOperator.In, [app])]);

    private static ClusterSnapshot Cluster(params NetworkPolicy[] policies) => ClusterSnapshot.Of(
        [new("x", LabelSet.Empty)],
        [Pod("a", Twice), Pod("b", Twice), Pod("web", Address.Parse("10.244.1.9"))], policies, [], []);

    private static Endpoint Pod(string name, Address address) => new()
    {
        Namespace = "x",
        Name = name,
        Labels = LabelSet.Of([new("app", name)]),
        Addresses = [address],
        Node = "n1",
    };
}

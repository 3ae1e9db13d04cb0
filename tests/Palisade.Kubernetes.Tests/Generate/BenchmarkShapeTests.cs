using Palisade.Manifests;
using Palisade.Manifests.Generate;
using Palisade.Policy.Model;
using Xunit;

namespace Palisade.Kubernetes.Tests.Generate;

/// <summary>The generated clusters have the figures that their shapes promise.</summary>
public sealed class BenchmarkShapeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Real_has_the_published_counts(ulong seed)
    {
        var cluster = Generate("real", seed);
        Assert.Equal((5413, 604, 13678),
            (cluster.Endpoints.Length, cluster.Namespaces.Length, cluster.NetworkPolicies.Length));
        var peers = cluster.NetworkPolicies.SelectMany(Rules).SelectMany(rule => rule.Peers).ToList();
        Assert.Equal((9208, 6215), (peers.OfType<PodPeer>().Count(), peers.OfType<BlockPeer>().Count()));
        var ports = cluster.NetworkPolicies.Select(p => Rules(p).SelectMany(rule => rule.Ports).ToList()).ToList();
        Assert.Equal(23, ports.Sum(list => list.Count(port => port.First != port.Last)));
        Assert.Equal([0, 1, 2],
            ports.Select(list => list.Count(port => port.First == port.Last)).Distinct().Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Real_has_the_published_distributions(ulong seed)
    {
        var cluster = Generate("real", seed);
        var counter = new SelectionCounter(cluster);
        var subjects = cluster.NetworkPolicies.Select(counter.Subjects).ToList();
        var idle = subjects.Count(count => count == 0) / (double)subjects.Count;
        Assert.InRange(idle, 0.255, 0.265);
        var busy = subjects.Where(count => count > 0).Order().ToList();
        Assert.InRange(busy[busy.Count / 2], 5, 7);
        Assert.InRange(busy.Average(), 12, 14);
        Assert.Equal(127, busy[^1]);
        var peers = cluster.NetworkPolicies.SelectMany(policy =>
            Rules(policy).SelectMany(rule => rule.Peers).OfType<PodPeer>()
                .Select(peer => counter.Pods(policy, peer))).Order().ToList();
        Assert.InRange(peers[peers.Count / 2], 2, 3);
        Assert.InRange(peers.Average(), 32, 38);
        Assert.Equal(3578, peers[^1]);
    }

    [Fact]
    public void A_scale_profile_has_its_numbers_in_every_policy()
    {
        var cluster = Generate("netpol-scale:7-3-2-4-5-2-1");
        Assert.Equal((1000, 100, 2000),
            (cluster.Endpoints.Length, cluster.Namespaces.Length, cluster.NetworkPolicies.Length));
        var counter = new SelectionCounter(cluster);
        foreach (var policy in cluster.NetworkPolicies)
        {
            Assert.Equal(7, counter.Subjects(policy));
            var rules = Rules(policy).ToList();
            Assert.Equal(8, rules.Count);
            Assert.All(rules, rule => Assert.Equal(
                (1, 3, 1),
                (rule.Peers.Length, rule.Ports.Length, rule.Ports.Count(port => port.First < port.Last))));
            var peers = rules.SelectMany(rule => rule.Peers).ToList();
            Assert.Equal(5, peers.OfType<BlockPeer>().Distinct().Count());
            Assert.All(peers.OfType<PodPeer>(), peer => Assert.Equal(2 * 4, counter.Pods(policy, peer)));
        }
    }

    [Fact]
    public void A_profile_of_ports_alone_allows_everyone_on_them()
    {
        var policy = Generate("netpol-scale:1-0-0-0-0-0-1").NetworkPolicies[0];
        var rule = Assert.Single(Rules(policy));
        Assert.True(rule.AnyPeer);
        Assert.Single(rule.Ports);
    }

    [Fact]
    public void Every_third_pod_of_clusterloader_is_a_target_and_the_load_allows_blocks()
    {
        var cluster = Generate("clusterloader");
        Assert.Equal(3000, cluster.Endpoints.Length);
        Assert.Equal(1000, cluster.Endpoints.Count(pod => pod.Labels.ValueOf("np-target") is not null));
        var load = cluster.NetworkPolicies.Where(p => p.Name.StartsWith("load-policy-", StringComparison.Ordinal));
        Assert.Equal(1000, load.Count(policy => policy.Egress is [{ Peers: [BlockPeer], Ports.Length: 2 }]));
    }

    [Theory]
    [InlineData("size:1000,100,50", 1000, 100, 50)]
    [InlineData("size:30,77,30", 30, 77, 30)]
    [InlineData("size:20000,0,7", 20000, 0, 7)]
    public void A_size_has_its_numbers(string shape, int pods, int policies, int namespaces)
    {
        var cluster = Generate(shape);
        Assert.Equal((pods, policies, namespaces),
            (cluster.Endpoints.Length, cluster.NetworkPolicies.Length, cluster.Namespaces.Length));
        Assert.Equal(pods, cluster.Endpoints.SelectMany(pod => pod.Addresses).Distinct().Count());
        Assert.All(cluster.Namespaces, ns => Assert.Contains(cluster.Endpoints, pod => pod.Namespace == ns.Name));
    }

    [Theory]
    [InlineData("real")]
    [InlineData("netpol-scale:10-1-0-0-10-10-1")]
    [InlineData("clusterloader")]
    [InlineData("size:1000,100,50")]
    public void Equal_seeds_give_equal_bytes_and_others_do_not(string shape)
    {
        var (first, again) = (Bytes(shape, 7), Bytes(shape, 7));
        Assert.True(first.AsSpan().SequenceEqual(again));
        // A profile without selectors of namespaces leaves nothing to chance.
        Assert.Equal(shape.StartsWith("netpol-scale", StringComparison.Ordinal),
            first.AsSpan().SequenceEqual(Bytes(shape, 8)));
    }

    // The figures of results refer to these bytes: a change of the generators must be seen, and the results run anew.
    [Fact]
    public void A_seed_gives_these_bytes() => Assert.Equal(
        "5711fb6fef10db9d479e9d3044b09fc84fae348d9cac7d9f17753509bc3b9ea1",
        System.Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Bytes("size:1000,100,50", 1))));

    [Theory]
    [InlineData("size:1000,100,50")]
    [InlineData("netpol-scale:3-2-2-2-2-1-1")]
    [InlineData("netpol-scale:3-2-0-0-1-0-0")]
    [InlineData("clusterloader")]
    public void Manifests_read_back_give_an_equal_snapshot(string shape)
    {
        var cluster = Generate(shape);
        var read = ManifestSet.Parse(Bytes(shape, 1));
        Assert.Empty(read.Diagnostics);
        Assert.Equal(SnapshotLines.Of(cluster), SnapshotLines.Of(read.Snapshot));
    }

    [Theory]
    [InlineData("size:10,1")]
    [InlineData("size:10,1,11")]
    [InlineData("size:10,1,0")]
    [InlineData("size:10,-1,2")]
    [InlineData("size:99999999,1,2")]
    [InlineData("size:99999999999,1,2")]
    [InlineData("size")]
    [InlineData("real:1")]
    [InlineData("netpol-scale:1-2-3")]
    [InlineData("netpol-scale:1-1-1-1-1-1-51")]
    [InlineData("")]
    public void What_is_no_shape_is_refused_with_a_reason(string text)
    {
        Assert.Null(BenchmarkShape.TryParse(text, out var why));
        Assert.NotEmpty(why);
    }

    private static ClusterSnapshot Generate(string shape, ulong seed = 1) =>
        BenchmarkShape.TryParse(shape, out var why)?.Generate(seed) ?? throw new ArgumentException(why);

    private static byte[] Bytes(string shape, ulong seed)
    {
        using var stream = new MemoryStream();
        ManifestWriter.Write(stream, Generate(shape, seed));
        return stream.ToArray();
    }

    private static IEnumerable<PolicyRule> Rules(NetworkPolicy policy) => policy.Ingress.Concat(policy.Egress);
}

using CsCheck;
using Palisade.Policy.Analyze;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;
using Xunit;

namespace Palisade.Policy.Tests.Analyze;

/// <summary>
/// The whole connectivity of random clusters, with tiers, blocks that cut classes, and pods without an address of a
/// family: on every pair of pods it says what the evaluator says.
/// </summary>
public sealed class ConnectivityTests
{
    private static readonly ClusterShape Shape = new() { MaxPolicies = 6, MaxClusterPolicies = 3 };
    private static readonly AddressFamily[] Families = [AddressFamily.V4, AddressFamily.V6];
    private static readonly ushort[] Ports = [0, 1, 53, 79, 80, 81, 82, 83, 8080, 8081, 65535];

    /// <summary>Connections of every protocol to the ports that random policies are about.</summary>
    private static readonly (Protocol Protocol, ushort Port)[] Asked =
    [
        .. Ports.SelectMany(port => new[] { Protocol.Tcp, Protocol.Udp, Protocol.Sctp }.Select(p => (p, port))),
        (Protocol.Other, 0),
    ];

    private int _pairs, _denied, _partly, _cut;

    [Fact]
    public void Equals_the_evaluator_on_every_pair_of_pods_and_port()
    {
        RandomClusters.Clusters(Shape).Sample(
            cluster =>
            {
                AssertPairs(PolicyCompiler.Compile(cluster));
                AssertPairs(PolicyCompiler.Compile(Alike(cluster)));
            },
            iter: 200,
            threads: 1);
        // What is asked about happens: or the test is about nothing.
        Assert.True(_denied > 1000, $"only {_denied} of {_pairs} pairs of pods denied on every port");
        Assert.True(_partly > 1000, $"only {_partly} of {_pairs} pairs of pods allowed on some ports only");
        Assert.True(_cut > 100, $"only {_cut} classes cut by blocks");
    }

    [Fact]
    public void Blocks_are_the_allowed_pairs_each_once() =>
        RandomClusters.Clusters(Shape).Sample(
            cluster =>
            {
                foreach (var family in Families)
                    AssertBlocks(Connectivity.Of(PolicyCompiler.Compile(cluster), family));
            },
            iter: 200,
            threads: 1);

    [Fact]
    public void Outside_is_what_the_evaluator_says_of_addresses_of_nobody() =>
        RandomClusters.Clusters(Shape).Sample(
            cluster =>
            {
                var policy = PolicyCompiler.Compile(cluster);
                foreach (var family in Families)
                    AssertOutside(policy, Connectivity.Of(policy, family));
            },
            iter: 100,
            threads: 1);

    /// <summary>Pods without labels and port names are of few classes, which then have several addresses.</summary>
    private static ClusterSnapshot Alike(ClusterSnapshot cluster) => cluster with
    {
        Endpoints = [.. cluster.Endpoints.Select(pod => pod with { Labels = LabelSet.Empty, NamedPorts = [] })],
    };

    private void AssertPairs(CompiledPolicy policy)
    {
        var evaluator = new Evaluator(policy);
        foreach (var family in Families)
        {
            var connectivity = Connectivity.Of(policy, family);
            _cut += connectivity.Groups.Length - policy.Classes.Length;
            var pods = Enumerable.Range(0, policy.EndpointLimit).Where(pod => connectivity.GroupOf(pod) >= 0).ToList();
            Assert.Equal(policy.Snapshot.Endpoints.Count(pod => !pod.HostNetwork), pods.Count);
            var pairs = pods.SelectMany(from => pods.Select(to => (from, to))).Where(pair => pair.from != pair.to);
            foreach (var (from, to) in pairs)
                AssertPair(evaluator, connectivity, from, to);
        }
    }

    private void AssertPair(Evaluator evaluator, Connectivity connectivity, int from, int to)
    {
        var ports = connectivity.Ports(connectivity.GroupOf(from), connectivity.GroupOf(to));
        foreach (var (protocol, port) in Asked)
        {
            var allowed = evaluator.Verdict(from, to, connectivity.Family, protocol, port) == Verdict.Allow;
            if (ports.Contains(protocol, port) != allowed)
                Assert.Fail($"{from} -> {to} IPv{(int)connectivity.Family} {protocol}/{port}: {allowed}, not {ports}");
        }

        _pairs++;
        _denied += ports.IsEmpty ? 1 : 0;
        _partly += ports is { IsEmpty: false, IsEverything: false } ? 1 : 0;
    }

    private static void AssertBlocks(Connectivity connectivity)
    {
        var pairs = connectivity.Pairs().ToDictionary(pair => (pair.From, pair.To), pair => pair.Ports);
        foreach (var from in connectivity.Groups)
        {
            foreach (var to in connectivity.Groups)
            {
                var ports = connectivity.Ports(from.Id, to.Id);
                Assert.Equal(ports, pairs.GetValueOrDefault((from.Id, to.Id), PortSet.Nothing));
            }
        }

        Assert.DoesNotContain(PortSet.Nothing, pairs.Values);
        Assert.Equal(pairs.Count, connectivity.CountAllowedPairs());
        foreach (var side in new[] { connectivity.Egress, connectivity.Ingress })
            Assert.Equal(connectivity.Groups.Select(g => g.Id), side.SelectMany(rows => rows.Subjects).Order());
    }

    private static void AssertOutside(CompiledPolicy policy, Connectivity connectivity)
    {
        var evaluator = new Evaluator(policy);
        var addresses = RandomClusters.Interesting(policy.Snapshot, connectivity.Family)
            .Select(evaluator.Parties.OfAddress).Where(party => party.Kind == PartyKind.External).ToList();
        foreach (var group in connectivity.Groups)
        {
            var pod = evaluator.Parties.OfPod(group.Endpoints[0], connectivity.Family);
            foreach (var direction in new[] { Direction.Ingress, Direction.Egress })
            {
                var ranges = connectivity.Outside(group.Id, direction).ToList();
                AssertWhole(ranges, connectivity.Family);
                foreach (var outside in addresses)
                {
                    var at = outside.Address!.Value;
                    var range = Assert.Single(ranges, r => r.First.CompareTo(at) <= 0 && r.Last.CompareTo(at) >= 0);
                    var (from, to) = direction == Direction.Ingress ? (outside, pod) : (pod, outside);
                    foreach (var (protocol, port) in Asked)
                    {
                        var allowed = evaluator.Verdict(new(from, to, protocol, port)) == Verdict.Allow;
                        Assert.True(range.Ports.Contains(protocol, port) == allowed, $"{pod} {direction} {range}");
                    }
                }
            }
        }
    }

    /// <summary>
    /// Ranges follow each other from the lowest address to the highest, and differ from their neighbours.
    /// </summary>
    private static void AssertWhole(List<OutsideRange> ranges, AddressFamily family)
    {
        Assert.Equal(UInt128.Zero, ranges[0].First.Bits);
        Assert.Equal(family == AddressFamily.V4 ? uint.MaxValue : UInt128.MaxValue, ranges[^1].Last.Bits);
        foreach (var (one, next) in ranges.Zip(ranges.Skip(1)))
        {
            Assert.Equal(one.Last.Bits + 1, next.First.Bits);
            Assert.NotEqual(one.Ports, next.Ports);
        }
    }
}

using CsCheck;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Tests.Shared;

namespace Palisade.Dataplane.Tests.Judged;

/// <summary>
/// The third judge: the kernel, by real packets between namespaces, must say what the evaluator says.
/// </summary>
public sealed class RandomClusterTests
{
    private static readonly ClusterShape Shape = new() { MaxNodes = 2, MaxPods = 9, MaxPolicies = 6 };
    private static readonly ClusterShape Tiers = Shape with { MaxPolicies = 4, MaxClusterPolicies = 5 };

    /// <summary>
    /// 300 random clusters on two nodes, each brought about from the one before by the reconciler's differences; 3,000
    /// with PALISADE_NIGHTLY=1. In each 150 connections: TCP, UDP, SCTP, ICMP, IPv4 and IPv6, between pods, nodes and
    /// beyond.
    /// </summary>
    [Fact]
    public void The_kernel_decides_random_clusters_as_the_evaluator_does() => Play(Shape, 300, bridged: false);

    /// <summary>The same with ClusterNetworkPolicies of both tiers around the NetworkPolicies.</summary>
    [Fact]
    public void The_kernel_decides_random_clusters_with_tiers_as_the_evaluator_does() =>
        Play(Tiers, 300, bridged: false);

    /// <summary>A fifth as many with pods that are ports of a bridge on each node.</summary>
    [Fact]
    public void The_kernel_decides_random_clusters_on_bridges_as_the_evaluator_does() =>
        Play(Tiers, 60, bridged: true);

    private static void Play(ClusterShape shape, int clusters, bool bridged)
    {
        using var world = new PacketWorld(nodes: 2, podsPerNode: 9, bridged);
        if (Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1")
            clusters *= 10;
        var (allowed, denied, played) = (0, 0, 0);
        RandomClusters.Cases(shape, probes: 150).Sample(
            random =>
            {
                var policy = PolicyCompiler.Compile(random.Cluster);
                world.Seat(random.Cluster);
                world.Enforce(policy);
                var evaluator = new Evaluator(policy);
                var attempts = random.Probes.Select(probe => KernelTries.Of(world, probe)).OfType<Attempt>().ToList();
                var expected = attempts.Select(attempt => KernelTries.Allows(evaluator, attempt)).ToList();
                var arrived = world.Try(attempts, expected);
                allowed += expected.Count(e => e);
                denied += expected.Count(e => !e);
                played++;
                var wrong = attempts.Where((_, i) => arrived[i] != expected[i])
                    .Select(a => $"{a}: the evaluator says {KernelTries.Allows(evaluator, a)}");
                Assert.True(arrived.SequenceEqual(expected), string.Join('\n', wrong));
            },
            iter: clusters, threads: 1);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{played} clusters: {allowed} packets let through, {denied} stopped, as expected");
        Assert.True(played >= clusters, $"{played} clusters");
        Assert.True(allowed > 20 * clusters && denied > 5 * clusters, $"{allowed} allowed, {denied} denied");
    }
}

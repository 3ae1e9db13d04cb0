using CsCheck;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Compile;
using Palisade.Tests.Shared;

namespace Palisade.Dataplane.Tests.Proof;

/// <summary>A table that nobody touched is what the policies say, on every cell.</summary>
public sealed class TrueTableTests
{
    private static readonly ClusterShape Shape = new() { MaxNodes = 2, MaxPods = 9, MaxPolicies = 6 };

    /// <summary>100 random clusters on two nodes, each brought about from the one before; nightly 1,000.</summary>
    [Fact]
    public void A_table_as_it_was_written_proves() => Play(Shape);

    /// <summary>The same with ClusterNetworkPolicies of both tiers.</summary>
    [Fact]
    public void A_table_with_tiers_as_it_was_written_proves() =>
        Play(Shape with { MaxPolicies = 4, MaxClusterPolicies = 5 });

    /// <summary>The same where pods share addresses with others of their node or another.</summary>
    [Fact]
    public void A_table_of_addresses_that_several_pods_claim_proves() =>
        Play(Shape with { MaxPolicies = 5, MaxClusterPolicies = 4, SharedAddresses = true });

    private static void Play(ClusterShape shape)
    {
        using var world = new PacketWorld(nodes: 2, podsPerNode: 9);
        var clusters = Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 1000 : 100;
        var (cells, took) = (0L, TimeSpan.Zero);
        RandomClusters.Clusters(shape).Sample(
            cluster =>
            {
                var policy = PolicyCompiler.Compile(cluster);
                world.Seat(cluster);
                world.Enforce(policy);
                foreach (var node in cluster.Nodes)
                {
                    var proof = Prove(world, policy, node.Name);
                    cells += proof.Cells;
                    took += proof.Took;
                    Assert.True(proof.Holds, string.Join('\n', proof.Differences) + "\n" + ClusterText.Of(cluster));
                }
            },
            iter: clusters, threads: 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"{cells} cells in {took.TotalMilliseconds} ms");
        Assert.True(cells > 10_000 * clusters, $"{cells} cells");
    }

    internal static NodeProof Prove(PacketWorld world, CompiledPolicy policy, string node)
    {
        var place = world.PlaceOf(node)!;
        var network = NodeNetwork.Read(place.Routing);
        return Prover.Read(world.SocketOf(place))
            .Prove(policy, node, network, new(), TestContext.Current.CancellationToken);
    }
}

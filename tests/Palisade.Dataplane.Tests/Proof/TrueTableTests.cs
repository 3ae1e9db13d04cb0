using CsCheck;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
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

    /// <summary>Nothing leads out of the node; one of its pods has its link, the other not yet.</summary>
    [Fact]
    public void A_table_of_a_node_without_a_way_out_proves()
    {
        using var world = new PacketWorld(nodes: 1, podsPerNode: 1);   // skips where there are no namespaces
        var (linked, other) = (Address.Parse("10.244.1.2"), Address.Parse("10.244.1.3"));
        var policy = PolicyCompiler.Compile(ClusterSnapshot.Of(
            endpoints:
            [
                new() { Namespace = "shop", Name = "linked", Node = "n1", Addresses = [linked] },
                new() { Namespace = "shop", Name = "other", Node = "n1", Addresses = [other] },
            ],
            networkPolicies:
            [
                new() { Namespace = "shop", Name = "closed", IsolatesIngress = true, IsolatesEgress = true },
            ],
            nodes: [new("n1", LabelSet.Empty, [OneNode.Node4])]));
        var network = NodeNetwork.Of([new("linked", linked)]);
        using var alone = NetworkNamespace.Create("alone");
        var proof = alone.Run(() =>
        {
            using var socket = new NftSocket();
            new Reconciler().Apply(socket, Lowering.Lower(policy, "n1", network, new()));
            return Prover.Read(socket).Prove(policy, "n1", network, new(), TestContext.Current.CancellationToken);
        });
        Assert.True(proof.Holds, string.Join('\n', proof.Differences));
        Assert.True(proof.Cells > 1000, $"{proof.Cells} cells");
    }

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

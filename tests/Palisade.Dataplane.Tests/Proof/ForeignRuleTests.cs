using System.Collections.Immutable;
using Palisade.Dataplane.Proof;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.Tests.Proof;

/// <summary>What others put into our table by nft(8), and where chains stand.</summary>
public sealed class ForeignRuleTests
{
    private static readonly ImmutableArray<NetworkPolicy> Policies = [OneNode.Isolate('a', Direction.Ingress)];

    private static NodeProof Prove(OneNode one) =>
        TrueTableTests.Prove(one.World, PolicyCompiler.Compile(OneNode.Cluster(Policies)), "n1");

    [Fact]
    public void An_expression_that_is_not_known_is_never_proved()
    {
        using var one = new OneNode(Policies);
        one.Nft("", "insert rule inet palisade gates tcp option maxseg size 1-500 accept");
        var unproved = Assert.Single(Prove(one).Differences.Where(d => d.Kind == DifferenceKind.Unproved).Take(1));
        Assert.Contains("exthdr", unproved.Kernel);
        Assert.Equal("TCP", unproved.Packet!.Protocol);
    }

    [Fact]
    public void A_limit_that_decides_is_never_proved()
    {
        using var one = new OneNode(Policies);
        one.Nft("", "insert rule inet palisade gates limit rate 10/second accept");
        Assert.Contains(Prove(one).Differences, d => d.Kind == DifferenceKind.Unproved && d.Kernel.Contains("limit"));
    }

    [Fact]
    public void Rules_that_only_count_or_log_change_nothing()
    {
        using var one = new OneNode(Policies);
        one.Nft("", "insert rule inet palisade gates limit rate 10/second log group 7 counter");
        var proof = Prove(one);
        Assert.True(proof.Holds, $"{proof.Differences.FirstOrDefault()}");
    }

    [Fact]
    public void A_dormant_table_leaks()
    {
        using var one = new OneNode(Policies);
        one.Nft("add table inet palisade { flags dormant; }", "-f", "-");
        var leak = Prove(one).Differences.First(d => d.Kind == DifferenceKind.Leak && d.Policy.Contains("x/ingress-a"));
        Assert.Equal(OneNode.Address4('a'), leak.Packet!.To);
    }

    [Fact]
    public void No_table_is_a_difference_of_its_own()
    {
        using var one = new OneNode(Policies);
        one.Nft("", "delete table inet palisade");
        Assert.Equal(DifferenceKind.NoTable, Assert.Single(Prove(one).Differences).Kind);
    }

    /// <summary>No connection is known there, so the node would lose answers from links that nobody claimed.</summary>
    [Fact]
    public void A_chain_that_asks_for_connections_before_conntrack_is_found()
    {
        using var one = new OneNode(Policies);
        var reconciler = one.World.ReconcilerOf(one.Node);
        var table = reconciler.Current!;
        var chain = table.Chains.Single(c => c.Name == "unclaimed");
        var moved = chain with { Base = chain.Base! with { Priority = -250 } };
        reconciler.Apply(one.World.SocketOf(one.Node), table with { Chains = table.Chains.Replace(chain, moved) });
        Assert.Contains(
            Prove(one).Differences, d => d.Kind == DifferenceKind.Loss && d.Packet!.State == "established reply");
    }
}

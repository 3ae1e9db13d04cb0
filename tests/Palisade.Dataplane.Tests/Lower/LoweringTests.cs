using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Lower;

/// <summary>The shape of the table, without a kernel.</summary>
public sealed class LoweringTests
{
    private static readonly PolicyRule FromA = new(
        [new PodPeer(null, Pod('a'))], [PolicyPort.Range(Protocol.Tcp, 80, 80)]);

    [Fact]
    public void Only_pods_of_the_node_have_gates()
    {
        var cluster = Cluster([Isolate('b', Direction.Ingress, FromA)]);
        Assert.Contains(
            Lower(cluster, "n1").Chains, chain => chain.Name.StartsWith("ingress-", StringComparison.Ordinal));
        var other = Lower(cluster, "n2");
        Assert.DoesNotContain(other.Chains, chain => chain.Name.StartsWith("ingress-", StringComparison.Ordinal));
        Assert.All(other.Sets.Where(set => set.Definition.IsVerdictMap), map => Assert.Empty(map.Elements));
    }

    [Fact]
    public void Pods_on_the_nodes_own_network_have_none()
    {
        var cluster = Cluster([Isolate('b', Direction.Ingress)]);
        var host = cluster with
        {
            Endpoints = [.. cluster.Endpoints.Select(pod => pod with { HostNetwork = true, Addresses = [Node4] })],
        };
        Assert.DoesNotContain(
            Lower(host, "n1").Chains, chain => chain.Name.StartsWith("ingress-", StringComparison.Ordinal));
    }

    /// <summary>A thousand policies of one pod that say the same are one rule in one chain.</summary>
    [Fact]
    public void A_gate_costs_what_is_allowed_and_not_how_many_policies_say_so()
    {
        Chain Gate(int policies) => Lower(Cluster(Enumerable.Range(0, policies)
            .Select(i => Isolate('b', Direction.Ingress, FromA) with { Name = $"p{i:0000}" })), "n1")
            .Chains.Single(chain => chain.Name.StartsWith("ingress-", StringComparison.Ordinal));
        Assert.Equal(Gate(1).Rules.Length, Gate(1000).Rules.Length);
        Assert.All(Gate(1000).Rules, rule => Assert.True(Bytes(rule.Comment) <= NftComment.MaxBytes));
        Assert.True(Bytes(Gate(1000).Comment) <= NftComment.MaxBytes);

        static int Bytes(string? text) => System.Text.Encoding.UTF8.GetByteCount(text ?? "");
    }

    /// <summary>
    /// A set is named by what it means: members do not rename it, and gates that mean the same share it.
    /// </summary>
    [Fact]
    public void Sets_are_shared_and_keep_their_names_when_pods_come_and_go()
    {
        NetworkPolicy[] policies = [Isolate('b', Direction.Ingress, FromA), Isolate('c', Direction.Ingress, FromA)];
        string[] Names(string pods) =>
        [
            .. Lower(Cluster(policies, pods), "n1").Sets.Select(set => set.Name)
                .Where(name => name.StartsWith("pods4-", StringComparison.Ordinal)),
        ];
        Assert.Equal("pods4-x-pod-a", string.Join('-', Assert.Single(Names("abc")).Split('-')[..^1]));
        Assert.Equal(Names("abc"), Names("bc"));
    }

    /// <summary>At most two set lookups in a rule of a gate: peer and ports.</summary>
    [Fact]
    public void A_gates_rule_looks_up_at_most_two_sets()
    {
        var rule = new PolicyRule(
            [new PodPeer(null, Pod('a')), new BlockPeer(Cidr.Parse("10.0.0.0/8"), [Cidr.Parse("10.2.0.0/16")])],
            [
                PolicyPort.Range(Protocol.Tcp, 80, 80), PolicyPort.Range(Protocol.Tcp, 90, 99),
                PolicyPort.All(Protocol.Udp),
            ]);
        var ruleset = Lower(Cluster([Isolate('b', Direction.Ingress, rule)]), "n1");
        var gate = ruleset.Chains.Single(chain => chain.Name.StartsWith("ingress-", StringComparison.Ordinal));
        // Odd ones, the log of denied ones, and denied; (two pod sets and one block set) times (TCP and UDP).
        Assert.Equal(3 + 6, gate.Rules.Length);
        foreach (var each in gate.Rules)
            Assert.True(each.Expressions.OfType<Nftables.Expressions.Lookup>().Count() <= 2, each.ToString());
    }

    [Fact]
    public void Observing_drops_nothing()
    {
        var cluster = Cluster([Isolate('b', Direction.Ingress, FromA), Isolate('a', Direction.Egress)]);
        var policy = PolicyCompiler.Compile(cluster);
        var observed = Lowering.Lower(
            policy, "n1", NodeNetwork.Unknown, new NodeSettings { Mode = EnforcementMode.Observe });
        Assert.DoesNotContain("drop", NftText.Print(observed), StringComparison.Ordinal);
        Assert.Contains("counter name \"denied_ingress\" accept", NftText.Print(observed), StringComparison.Ordinal);
        Assert.Contains("counter name \"denied_egress\" return", NftText.Print(observed), StringComparison.Ordinal);
    }

    /// <summary>Two pods of one address: whichever is isolated decides.</summary>
    [Fact]
    public void An_address_that_two_pods_have_is_closed_if_one_of_them_is()
    {
        var cluster = Cluster([Isolate('c', Direction.Ingress)]);
        var twins = cluster with
        {
            Endpoints = [.. cluster.Endpoints.Select(pod => pod with { Addresses = [Address4('a')] })],
        };
        var map = Lower(twins, "n1").Sets.Single(set => set.Name == "ingress4");
        Assert.Equal(VerdictKind.Jump, Assert.Single(map.Elements).Verdict!.Kind);
    }

    [Fact]
    public void Equal_input_gives_equal_text_in_any_order()
    {
        NetworkPolicy[] policies =
        [
            Isolate('b', Direction.Ingress, FromA), Isolate('c', Direction.Egress, FromA),
            Isolate('a', Direction.Ingress),
        ];
        var one = NftText.Print(Lower(Cluster(policies, "abc"), "n1"));
        var other = NftText.Print(Lower(Cluster(policies.Reverse(), "cab"), "n1"));
        Assert.Equal(one, other);
    }

    /// <summary>An engine's pods keep their ids while others go: ids are no places in a list.</summary>
    [Fact]
    public void A_policy_that_an_engine_kept_gives_the_table_of_a_fresh_compile()
    {
        var cluster = Cluster([Isolate('b', Direction.Ingress, FromA), Isolate('c', Direction.Egress, FromA)]);
        var engine = new PolicyEngine(cluster);
        engine.Apply(ClusterChange.RemoveEndpoint("x", "a"));
        var kept = Lowering.Lower(engine.Policy, "n1", NodeNetwork.Unknown, new NodeSettings());
        var fresh = Lower(Cluster(cluster.NetworkPolicies, "bc"), "n1");
        Assert.Equal(NftText.Print(fresh), NftText.Print(kept));
        Assert.Contains(fresh.Chains, chain => chain.Name.StartsWith("egress-", StringComparison.Ordinal));
    }

    private static Ruleset Lower(ClusterSnapshot cluster, string node) =>
        Lowering.Lower(PolicyCompiler.Compile(cluster), node, NodeNetwork.Unknown, new NodeSettings());
}

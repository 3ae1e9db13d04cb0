using System.Text.RegularExpressions;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.World;
using Palisade.Manifests;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;
using static Palisade.Dataplane.Tests.World.Tiers;

namespace Palisade.Dataplane.Tests.Lower;

/// <summary>The shape of a table with tiers.</summary>
public sealed class TierLoweringTests
{
    private static readonly NetworkPolicy[] Isolated =
    [
        Isolate('a', Direction.Egress),
        Isolate('b', Direction.Egress, new PolicyRule([], [PolicyPort.All(Protocol.Udp)])),
        Isolate('b', Direction.Ingress),
    ];

    /// <summary>Nothing is looked up for tiers where none stops anything.</summary>
    [Fact]
    public void Without_cluster_policies_a_gate_and_its_way_are_what_they_were()
    {
        var plain = Lower(Isolated);
        Assert.DoesNotContain(plain.Sets, set => set.Name.StartsWith("exempt", StringComparison.Ordinal));
        // Ingress rules for c, and rules that stop nothing: the chains of the others are the same.
        var ruleset = Lower(Isolated, Admin(1, 'c', Deny(Peer('a'))).ForIngress(), Baseline(1, 'c', Accept(Everybody)));
        foreach (var chain in plain.Chains.Where(c => c.Name is not ("gates" or "input")))
            Assert.Contains(chain, ruleset.Chains);
        var accepting = Lower([], Admin(1, 'a', Accept(Everybody), Pass(Nodes)), Baseline(1, 'a', Pass(Anything)));
        Assert.Equal(Lower([]).ToString(), accepting.ToString());
        Assert.Equal(NftText.Print(Lower([])), NftText.Print(accepting));
    }

    /// <summary>Neighbours that do the same are one rule for each set of ports or peers.</summary>
    [Fact]
    public void Rules_that_may_change_places_become_one()
    {
        Chain Gate(params ClusterRule[] rules) => Lower([], Admin(1, 'a', rules)).Chains
            .Single(chain => chain.Name.StartsWith("egress-", StringComparison.Ordinal));
        var one = Gate(Deny(Peer('b')).On(80), Accept(Anything));
        Assert.Equal(one.Rules.Length, Gate(Deny(Peer('b')).On(80), Deny(Peer('c')).On(80)).Rules.Length);
        Assert.Equal(one.Rules.Length, Gate(Deny(Peer('b')).On(80), Deny(Peer('b')).On(443, 444)).Rules.Length);
        Assert.True(one.Rules.Length < Gate(
            Deny(Peer('b')).On(80), Accept(Peer('b')), Deny(Peer('c')).On(80)).Rules.Length);
    }

    /// <summary>A hundred closed gates share the one chain of the Admin tier before them.</summary>
    [Fact]
    public void Gates_share_the_Admin_tier()
    {
        var ruleset = Lower(Isolated, Admin(1, 'a', Deny(Peer('c'))) with
        {
            Subject = new(LabelSelector.Everything, LabelSelector.Everything),
        });
        var admin = ruleset.Chains.Single(chain => chain.Name.StartsWith("admin-egress", StringComparison.Ordinal));
        var jumps = ruleset.Chains.Count(chain => chain.Rules.Any(rule => rule.Expressions.OfType<Immediate>()
            .Any(end => end.Verdict.Chain == admin.Name)));
        Assert.Equal(2, jumps);
    }

    /// <summary>
    /// The most sets a packet of one family and protocol is looked up in by a gate: its verdict map, and what its
    /// chains ask when nothing matches before the end.
    /// </summary>
    [Fact]
    public void A_gate_of_the_conformance_suite_costs_at_most_eight_lookups()
    {
        var most = 0;
        var folder = SharedFolder.Require("corpus/npapi-conformance/policies");
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            var tiers = ManifestSet.Load([file]).Snapshot.ClusterNetworkPolicies.Select(policy =>
                policy with { Subject = new(LabelSelector.Everything, OneNode.Pod('a')) });
            var ruleset = Lower([], [.. tiers]);
            foreach (var map in ruleset.Sets.Where(set => set.Name is "egress4" or "ingress4"))
            {
                foreach (var element in map.Elements)
                {
                    var cost = 1 + new byte[] { 6, 17, 132 }.Max(p => Lookups(ruleset, element.Verdict!.Chain!, p));
                    most = Math.Max(most, cost);
                    TestContext.Current.TestOutputHelper?.WriteLine($"{cost} {Path.GetFileName(file)} {map.Name}");
                }
            }
        }

        Assert.InRange(most, 3, 8);
    }

    [Fact]
    public void Nft_lists_a_table_with_tiers_as_we_print_it()
    {
        using var node = new OneNode();
        node.Apply(Cluster(Isolated) with
        {
            ClusterNetworkPolicies =
            [
                Admin(1, 'a', Accept(Peer('b')).On(80), Pass(Nodes), Deny(Networks("10.0.0.0/8", "fd00::/8"))),
                Baseline(1, 'c', Accept(new DomainNamesPeer(["*.example.com"])), Deny(Anything).On(1, 1023)),
                Admin(2, 'c', Pass(Everybody), Deny(Nodes)),
                Admin(2, 'b', Pass(Peer('a')), Deny(Everybody)).ForIngress(),
            ],
            DomainNames = [new("a.example.com", [Beyond4])],
        });
        var ruleset = node.World.ReconcilerOf(node.Node).Current!;
        node.Nft("", "delete", "table", "inet", "palisade");   // anew, so that the order is the first one
        new Reconciler().Apply(node.World.SocketOf(node.Node), ruleset);
        var listed = node.Nft("", "list", "table", "inet", "palisade");
        listed = Regex.Replace(listed, "packets [0-9]+ bytes [0-9]+", "packets 0 bytes 0");
        Assert.Equal(NftText.Print(ruleset).TrimEnd(), listed.TrimEnd());
        if (Environment.GetEnvironmentVariable("PALISADE_SHOW") is { } file)
            File.WriteAllText(file, listed);
    }

    private static int Lookups(Ruleset ruleset, string chain, byte protocol)
    {
        var cost = 0;
        foreach (var rule in ruleset.Chains.Single(c => c.Name == chain).Rules)
        {
            if (IsOther(rule, MetaKey.NfProto, 2) || IsOther(rule, MetaKey.L4Proto, protocol))
                continue;
            cost += rule.Expressions.OfType<Lookup>().Count();
            if (rule.Expressions is [.., Immediate { Verdict: { Kind: VerdictKind.Jump or VerdictKind.Goto } end }]
                && !end.Chain!.StartsWith("odd", StringComparison.Ordinal) && end.Chain != "to-ingress")
                cost += Lookups(ruleset, end.Chain, protocol);
        }

        return cost;
    }

    /// <summary>Whether a rule compares a key with another value, before it looks anything up.</summary>
    private static bool IsOther(Rule rule, MetaKey key, byte value)
    {
        var at = rule.Expressions.ToList().FindIndex(e => e is Meta meta && meta.Key == key);
        return at >= 0 && rule.Expressions[at + 1] is Compare other && other.Value != NftKey.Byte(value)
            && rule.Expressions.Take(at).All(e => e is not Lookup);
    }

    private static Ruleset Lower(IEnumerable<NetworkPolicy> policies, params ClusterNetworkPolicy[] tiers) =>
        Lowering.Lower(
            PolicyCompiler.Compile(Cluster(policies) with { ClusterNetworkPolicies = [.. tiers] }), "n1",
            NodeNetwork.Unknown, new NodeSettings());
}

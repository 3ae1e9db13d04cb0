using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>
/// ClusterNetworkPolicies around NetworkPolicies: tables, explanations, the steps of gates, conflicts.
/// </summary>
public sealed class TierTests
{
    private static readonly string Guard = Policy("guard", "Admin", 5, "ingress", """
        - { action: Pass, from: [ { pods: { podSelector: { matchLabels: { pod: a } } } } ] }
        - { action: Accept, from: [ { namespaces: { matchLabels: { ns: y } } } ],
          protocols: [ { tcp: { destinationPort: { number: 80 } } } ] }
        - { action: Deny, from: [ { namespaces: { matchLabels: { ns: y } } } ] }
        """);

    private static readonly string Floor = Policy(
        "floor", "Baseline", 0, "ingress", "- { action: Deny, from: [ { namespaces: {} } ] }");

    private const string OnlyEgress = """
        metadata: { namespace: x, name: only-egress }
        spec: { policyTypes: [ Egress ], egress: [ {} ] }
        """;

    private const string OnlyC = """
        metadata: { namespace: x, name: only-c }
        spec: { podSelector: { matchLabels: { pod: b } },
          ingress: [ { from: [ { podSelector: { matchLabels: { pod: c } } } ] } ] }
        """;

    [Fact]   // x/a is isolated for egress only: Baseline decides its ingress. NetworkPolicies decide for x/b.
    public void Each_tier_has_its_turn() => TruthTable.Given(All(Guard, Floor, OnlyEgress, OnlyC)).Expect("TCP/80", """
                      x/a x/b x/c
        x/a            .   X   X
        x/c            X   .   .
        y/a            X   X   X
        y/b            .   .   .
        z/b            X   X   X
        203.0.113.9    .   X   .
        192.168.50.1   .   .   .
        """).OverIPv6().Expect("TCP/81", """
                      x/a x/b x/c
        x/c            X   .   .
        y/b            X   X   X
        z/b            X   X   X
        """);

    [Fact]   // The exemption is NetworkPolicy's: a cluster policy that names nodes or their addresses means them all.
    public void The_own_node_is_no_exception_to_cluster_policies()
    {
        var nodes = Policy("nodes", "Baseline", 1, "egress", "- { action: Deny, to: [ { nodes: {} } ] }");
        TruthTable.Given(All(nodes, OnlyC)).Expect("TCP/10250", """
                192.168.50.1 192.168.50.2 203.0.113.9
            x/a       X            X           .
            """);
        // Isolated for egress, the pod is NetworkPolicy's to decide: its node is exempt, the other is not.
        const string closed = "{ metadata: { namespace: x, name: closed }, spec: { policyTypes: [ Egress ] } }";
        TruthTable.Given(All(nodes, closed)).Expect("TCP/10250", """
                192.168.50.1 192.168.50.2 203.0.113.9
            x/a       .            X           X
            """);
    }

    [Fact]
    public void The_deciding_rule_is_named_and_so_is_who_passed_it_on()
    {
        var table = TruthTable.Given(All(Guard, Floor));
        var denied = Explain(table, "y/b", "x/a", "TCP/81");
        Assert.Equal(("Admin", Reason.Denied, Verdict.Deny), (denied.Tier, denied.Reason, denied.Verdict));
        var (policy, rule) = (denied.DeniedBy!.Policy, denied.DeniedBy.Rule);
        Assert.Equal(
            (PolicyKind.ClusterNetworkPolicy, "", "guard", 2), (policy.Kind, policy.Namespace, policy.Name, rule));
        Assert.Equal((0, null), (denied.DeniedBy.Peer, denied.DeniedBy.Port));
        var accepted = Explain(table, "y/b", "x/a", "TCP/80");
        Assert.Equal(("Admin", Reason.Allowed), (accepted.Tier, accepted.Reason));
        Assert.Equal((1, 0), (accepted.AllowedBy!.Rule, accepted.AllowedBy.Port));
        var passed = Explain(table, "y/a", "x/b", "TCP/80");
        Assert.Equal(("Baseline", "floor"), (passed.Tier, passed.DeniedBy!.Policy.ToString()));
        Assert.Equal([("guard", 0)], passed.PassedBy.Select(pass => (pass.Policy.Name, pass.Rule)));
        var outside = Explain(table, "203.0.113.9", "x/b", "TCP/80");
        Assert.Equal(("Default", Reason.NotIsolated), (outside.Tier, outside.Reason));
    }

    [Fact]
    public void What_is_not_understood_denies_and_says_so()
    {
        var odd = Policy("odd", "Admin", 1, "ingress", "- { action: Pass, from: [ { serviceAccounts: {} } ] }");
        var side = Explain(TruthTable.Given(odd), "203.0.113.9", "x/a", "ICMP");
        Assert.Equal((Verdict.Deny, true), (side.Verdict, side.DeniedBy!.FailsClosed));
    }

    [Fact]
    public void A_gate_has_the_steps_of_its_tiers_in_order()
    {
        var policy = TruthTable.Given(All(Floor, Guard, OnlyC)).Judges.Policy;
        var (a, b) = (Gate(policy, "a"), Gate(policy, "b"));
        string[] steps =
        [
            "Admin Pass all of */{pod=a}", "Admin Accept TCP 80 of {ns=y}/*", "Admin Deny all of {ns=y}/*",
            "Baseline Deny all of */*",
        ];
        Assert.Equal(steps, a.Steps.Select(step => $"{step.Tier} {step}"));
        Assert.Equal(steps, b.Steps.Select(step => $"{step.Tier} {step}"));
        Assert.Equal((false, true), (a.IsIsolated, b.IsIsolated));
        Assert.Equal("cluster: floor, guard", a.Title);
        Assert.Equal("x: only-c; cluster: floor, guard", b.Title);
        Assert.Same(a, Gate(policy, "c"));
        Assert.Matches("^ingress-[0-9a-f]{12}$", a.Id);
    }

    [Fact]
    public void Address_sets_keep_their_definition()
    {
        var nodes = Policy("nodes", "Admin", 1, "egress", """
            - { action: Deny, to: [ { nodes: {} }, { networks: [ 10.0.0.0/8, 172.16.0.0/12 ] } ] }
            - { action: Accept, to: [ { domainNames: [ "*.Example.com." ] } ] }
            """);
        var policy = TruthTable.Given(nodes).Judges.Policy;
        var steps = policy.GateOf(0, Direction.Egress)!.Steps;
        Assert.Equal(
            ["Deny all of 10.0.0.0/8, 172.16.0.0/12, nodes *", "Accept all of *.example.com"],
            steps.Select(step => step.ToString()));
        var members = policy.MemberAddresses(Assert.Single(steps[0].Peers.Addresses), AddressFamily.V4);
        Assert.Equal(["192.168.50.1", "192.168.50.2"], members.Select(address => address.ToString()));
    }

    [Fact]
    public void Equal_priorities_that_disagree_are_found()
    {
        var (open, shut) = (Rule("Accept", 80), Rule("Deny", 80));
        var first = Policy("first", "Admin", 7, "ingress", open);
        Assert.Equal(
            ["first and second both have priority 7 in tier Admin and disagree about ingress on TCP 80: "
                + "which of them decides is not defined; first does here"],
            Conflicts(first, Policy("second", "Admin", 7, "ingress", shut)));
        Assert.Empty(Conflicts(first, Policy("second", "Admin", 8, "ingress", shut)));
        Assert.Empty(Conflicts(first, Policy("second", "Baseline", 7, "ingress", shut)));
        Assert.Empty(Conflicts(first, Policy("second", "Admin", 7, "egress", Rule("Deny", 80, "to"))));
        Assert.Empty(Conflicts(first, Policy("second", "Admin", 7, "ingress", Rule("Deny", 81))));
        Assert.Empty(Conflicts(first, Policy("second", "Admin", 7, "ingress", open)));
        // What a rule above has decided in the same way is no disagreement.
        Assert.Empty(Conflicts(first, Policy("second", "Admin", 7, "ingress", $"{open}\n{shut}")));
    }

    private static string[] Conflicts(params string[] policies) =>
        [.. TruthTable.Given(All(policies)).Judges.Policy.PriorityConflicts.Select(conflict => conflict.ToString())];

    private static string Rule(string action, int port, string peers = "from") =>
        $$"""- { action: {{action}}, {{peers}}: [ { namespaces: {} } ], protocols: [ { tcp: { destinationPort: { number: {{port}} } } } ] }""";

    private static Gate Gate(CompiledPolicy policy, string pod)
    {
        var index = policy.Snapshot.Endpoints.ToList().FindIndex(p => p.Namespace == "x" && p.Name == pod);
        return policy.GateOf(policy.ClassOf(index), Direction.Ingress)!;
    }

    private static Side Explain(TruthTable table, string from, string to, string connection) =>
        table.Judges.Evaluator.Explain(table.Judges.Connection(table.Probe(from, to, connection))).Ingress;

    private static string All(params string[] documents) => string.Join("\n---\n", documents);

    /// <summary>A policy about namespace x.</summary>
    private static string Policy(string name, string tier, int priority, string direction, string rules) => $$"""
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: { name: {{name}} }
        spec:
          tier: {{tier}}
          priority: {{priority}}
          subject: { namespaces: { matchLabels: { ns: x } } }
          {{direction}}:
        {{string.Join('\n', rules.Split('\n').Select(line => $"  {line}"))}}
        """;
}

using System.Text;
using CsCheck;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Palisade.Policy.Tests.Evaluate;
using Palisade.Tests.Shared;
using Xunit;

namespace Palisade.Policy.Tests.Compile;

public sealed class GateTests
{
    private const string Yaml = """
        metadata: { namespace: x, name: web }
        spec:
          podSelector: { matchLabels: { pod: a } }
          policyTypes: [ Ingress, Egress ]
          ingress:
          - { from: [ { podSelector: { matchLabels: { pod: b } } } ], ports: [ { port: 80 } ] }
          - { from: [ { ipBlock: { cidr: 10.0.0.0/8, except: [ 10.2.0.0/16, 10.1.0.0/16 ] } } ],
            ports: [ { port: 80 } ] }
          - { from: [ { podSelector: { matchLabels: { pod: c } } } ], ports: [ { port: 443 }, { port: 80 } ] }
          egress:
          - { ports: [ { port: 53, protocol: UDP } ] }
          - { to: [ { namespaceSelector: { matchLabels: { ns: y } } } ], ports: [ { port: http } ] }
        ---
        metadata: { namespace: x, name: also }
        spec: { podSelector: {},
          ingress: [ { from: [ { namespaceSelector: { matchLabels: { ns: y } } } ], ports: [ { port: 80 } ] } ] }
        """;

    [Fact]
    public void A_gate_has_one_entry_per_distinct_port_set() => Assert.Equal(
        ["TCP 80 of x/{pod=b}, {ns=y}/*, 10.0.0.0/8 except 10.1.0.0/16,10.2.0.0/16", "TCP 80,443 of x/{pod=c}"],
        GateOf(Yaml, "a", Direction.Ingress)!.Entries.Select(e => e.ToString()));

    [Fact]
    public void An_entry_names_every_rule_that_says_so() => Assert.Equal(
        ["x/also ingress[0]", "x/web ingress[0]", "x/web ingress[1]"],
        GateOf(Yaml, "a", Direction.Ingress)!.Entries[0].Rules.Select(r => r.ToString()));

    [Fact]
    public void Egress_names_become_pods_that_declare_them()
    {
        var pods = """

            ---
            { kind: Pod, metadata: { namespace: y, name: w, labels: { pod: w } },
              spec: { containers: [ { ports: [ { name: http, containerPort: 8080 } ] } ] } }
            ---
            { kind: Pod, metadata: { namespace: y, name: v, labels: { pod: v } },
              spec: { containers: [ { ports: [ { name: http, containerPort: 9090 } ] } ] } }
            ---
            { kind: Pod, metadata: { namespace: z, name: u },
              spec: { containers: [ { ports: [ { name: http, containerPort: 7 } ] } ] } }
            """;
        Assert.Equal(
            ["TCP 8080 of {ns=y}/* having http/TCP=8080", "TCP 9090 of {ns=y}/* having http/TCP=9090",
                "UDP 53 of anyone"],
            GateOf(Yaml + pods, "a", Direction.Egress)!.Entries.Select(e => e.ToString()));
    }

    [Fact]
    public void Nothing_allowed_is_no_entry()
    {
        const string yaml =
            "{ metadata: { namespace: x, name: p }, spec: { ingress: [ { ports: [ { port: none } ] } ] } }";
        var gate = GateOf(yaml, "a", Direction.Ingress);
        Assert.Empty(gate!.Entries);
    }

    [Fact]
    public void No_isolation_is_no_gate()
    {
        Assert.Null(GateOf(Yaml, "b", Direction.Egress));
        Assert.NotNull(GateOf(Yaml, "b", Direction.Ingress));
    }

    [Fact]
    public void Pods_that_the_same_policies_isolate_share_one_gate()
    {
        var policy = TruthTable.Given(Yaml).Judges.Policy;
        Assert.NotEqual(ClassOf(policy, "b"), ClassOf(policy, "c"));
        Assert.Same(
            policy.GateOf(ClassOf(policy, "b"), Direction.Ingress),
            policy.GateOf(ClassOf(policy, "c"), Direction.Ingress));
    }

    [Fact]
    public void Ids_are_names_the_kernel_takes_and_tell_gates_apart()
    {
        var (a, b) = (GateOf(Yaml, "a", Direction.Ingress)!, GateOf(Yaml, "b", Direction.Ingress)!);
        var egress = GateOf(Yaml, "a", Direction.Egress)!;
        Assert.Equal(3, new[] { a.Id, b.Id, egress.Id }.Distinct().Count());
        Assert.Matches("^ingress-x-[0-9a-f]{12}$", a.Id);
        Assert.Matches("^egress-x-[0-9a-f]{12}$", egress.Id);
        Assert.Equal(("x: also, web", "x: web"), (a.Title, egress.Title));
        Assert.Equal(["x/also", "x/web"], a.Policies.Select(p => p.ToString()));
    }

    [Fact]
    public void Ids_do_not_change_when_pods_come_or_rules_change()
    {
        var before = GateOf(Yaml, "a", Direction.Ingress)!.Id;
        var churn =
            "\n---\n{ kind: Pod, metadata: { namespace: y, name: new, labels: { pod: b } }, status: { podIPs: [ { ip: 10.9.9.9 } ] } }";
        Assert.Equal(before, GateOf(Yaml + churn, "a", Direction.Ingress)!.Id);
        Assert.Equal(before, GateOf(Yaml.Replace("443", "444", StringComparison.Ordinal), "a", Direction.Ingress)!.Id);
        var renamed = Yaml.Replace("name: also", "name: alsa", StringComparison.Ordinal);
        Assert.NotEqual(before, GateOf(renamed, "a", Direction.Ingress)!.Id);
    }

    [Fact]
    public void Names_that_stand_for_other_numbers_on_the_subject_are_other_gates()
    {
        const string pods = """
            metadata: { namespace: x, name: http }
            spec: { podSelector: { matchLabels: { app: web } }, ingress: [ { ports: [ { port: http } ] } ] }
            ---
            { kind: Pod, metadata: { namespace: x, name: w, labels: { app: web } },
              spec: { containers: [ { ports: [ { name: http, containerPort: 80 } ] } ] } }
            ---
            { kind: Pod, metadata: { namespace: x, name: v, labels: { app: web } },
              spec: { containers: [ { ports: [ { name: http, containerPort: 81 } ] } ] } }
            """;
        var (w, v) = (GateOf(pods, "w", Direction.Ingress)!, GateOf(pods, "v", Direction.Ingress)!);
        Assert.NotEqual(w.Id, v.Id);
        Assert.Equal("x: http (http/TCP=80)", w.Title);
        Assert.Equal(["TCP 81 of anyone"], v.Entries.Select(e => e.ToString()));
    }

    [Fact]
    public void A_thousand_policies_that_say_the_same_are_one_entry()
    {
        var rule = new PolicyRule(
            [new PodPeer(LabelSelector.Everything, LabelSelector.Everything)],
            [PolicyPort.Range(Protocol.Tcp, 80, 80)]);
        var policy = PolicyCompiler.Compile(ClusterSnapshot.Of(
            endpoints: [new() { Namespace = "x", Name = "a" }],
            networkPolicies: Enumerable.Range(0, 1000).Select(i =>
                new NetworkPolicy { Namespace = "x", Name = $"p{i}", IsolatesIngress = true, Ingress = [rule] })));
        var entry = Assert.Single(policy.GateOf(0, Direction.Ingress)!.Entries);
        Assert.Equal(("TCP 80 of */*", 1000), (entry.ToString(), entry.Rules.Length));
    }

    [Fact]
    public void The_order_of_the_input_changes_nothing() => RandomClusters.Clusters(new()).Sample(
        cluster =>
        {
            var shuffled = ClusterSnapshot.Of(
                cluster.Namespaces.Reverse(), cluster.Endpoints.Reverse(), cluster.NetworkPolicies.Reverse(), [],
                cluster.Nodes.Reverse());
            Assert.Equal(Text(cluster), Text(shuffled));
        },
        iter: 200,
        threads: 1);

    /// <summary>Class ids, gates and entries of a cluster, in full.</summary>
    private static string Text(ClusterSnapshot cluster)
    {
        var policy = PolicyCompiler.Compile(cluster);
        var text = new StringBuilder();
        foreach (var pods in policy.Classes)
        {
            foreach (var direction in Enum.GetValues<Direction>())
            {
                var gate = policy.GateOf(pods.Id, direction);
                text.AppendLine($"{pods.Id} {pods.Labels} {gate?.Id} {gate?.Title}");
                foreach (var entry in gate?.Entries ?? [])
                    text.AppendLine($"  {entry} by {string.Join(' ', entry.Rules)}");
            }
        }

        return text.ToString();
    }

    private static Gate? GateOf(string yaml, string pod, Direction direction)
    {
        var policy = TruthTable.Given(yaml).Judges.Policy;
        return policy.GateOf(ClassOf(policy, pod), direction);
    }

    private static int ClassOf(CompiledPolicy policy, string pod)
    {
        var pods = policy.Snapshot.Endpoints;
        return policy.ClassOf(pods.IndexOf(pods.Single(e => e.Namespace == "x" && e.Name == pod)));
    }
}

using Palisade.Policy.Evaluate;
using Xunit;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>What people are told: the deciding rule, or what came closest and why it was not enough.</summary>
public sealed class ExplanationTests
{
    private const string AllowWeb = """
        metadata: { namespace: x, name: allow-web }
        spec: { podSelector: { matchLabels: { pod: a } },
          ingress: [ { from: [ { podSelector: { matchLabels: { pod: b } } } ], ports: [ { port: 80 } ] } ] }
        """;

    [Fact]
    public void An_allowed_side_names_its_rule()
    {
        var side = Explain(AllowWeb, "x/b", "x/a", "TCP/80").Ingress;
        Assert.Equal((Verdict.Allow, "NetworkPolicy", Reason.Allowed), (side.Verdict, side.Tier, side.Reason));
        var match = side.AllowedBy!;
        Assert.Equal(("x/allow-web", 0, 0, 0), (match.Policy.ToString(), match.Rule, match.Peer, match.Port));
        Assert.Empty(side.NearMisses);
    }

    [Fact]
    public void A_rule_without_peers_or_ports_names_none()
    {
        const string yaml = "{ metadata: { namespace: x, name: open }, spec: { ingress: [ {} ] } }";
        var match = Explain(yaml, "y/a", "x/a", "TCP/80").Ingress.AllowedBy!;
        Assert.Equal((null, null), (match.Peer, match.Port));
    }

    [Fact]
    public void Isolation_without_rules_has_no_near_miss()
    {
        var side = Explain("{ metadata: { namespace: x, name: deny-all } }", "y/a", "x/a", "TCP/80").Ingress;
        Assert.Equal(Reason.NoRuleMatches, side.Reason);
        Assert.Equal(["x/deny-all"], side.IsolatedBy.Select(p => p.ToString()));
        Assert.Empty(side.NearMisses);
    }

    [Fact]
    public void Sides_that_nobody_judges_are_the_default()
    {
        var both = Explain(AllowWeb, "203.0.113.9", "y/a", "TCP/80");
        Assert.Equal(("Default", Reason.NotAPod), (both.Egress.Tier, both.Egress.Reason));
        Assert.Equal(("Default", Reason.NotIsolated), (both.Ingress.Tier, both.Ingress.Reason));
    }

    [Fact]
    public void A_pod_itself_and_its_node_are_exempt()
    {
        Assert.Equal(("Exempt", Reason.Self), Exemption("x/a"));
        Assert.Equal(("Exempt", Reason.OwnNode), Exemption("192.168.50.1"));
        Assert.Equal(("Exempt", Reason.OwnNode), Exemption("fd00:50::1"));

        static (string Tier, Reason Reason) Exemption(string from)
        {
            var side = Explain(AllowWeb, from, "x/a", "TCP/1").Ingress;
            return (side.Tier, side.Reason);
        }
    }

    [Theory]
    [InlineData("x/c", "TCP/80", FailedPart.PodLabels, "peer 0 wants pods pod=b; x/c has pod=c")]
    [InlineData("y/b", "TCP/80", FailedPart.Namespace, "peer 0 wants pods pod=b of namespace x; y/b is not in it")]
    [InlineData("203.0.113.9", "TCP/80", FailedPart.NotAPod, "peer 0 wants pods pod=b; 203.0.113.9 is not a pod")]
    [InlineData("192.168.50.2", "TCP/80", FailedPart.NotAPod, "peer 0 wants pods pod=b; node n2 is not a pod")]
    [InlineData("x/b", "TCP/443", FailedPart.Port, "port 443/TCP is not among 80/TCP")]
    [InlineData("x/b", "UDP/80", FailedPart.Port, "port 80/UDP is not among 80/TCP")]
    [InlineData("x/b", "ICMP", FailedPart.Port,
        "a protocol without ports, such as ICMP, is matched only by rules without ports")]
    public void A_near_miss_says_what_failed(string from, string connection, FailedPart failed, string text)
    {
        var miss = Assert.Single(Explain(AllowWeb, from, "x/a", connection).Ingress.NearMisses);
        Assert.Equal(("x/allow-web", 0), (miss.Policy.ToString(), miss.Rule));
        Assert.Equal([failed], miss.Failed);
        Assert.Equal(text, miss.Text);
    }

    [Fact]
    public void A_near_miss_says_both_when_both_failed()
    {
        var miss = Assert.Single(Explain(AllowWeb, "x/c", "x/a", "TCP/81").Ingress.NearMisses);
        Assert.Equal([FailedPart.PodLabels, FailedPart.Port], miss.Failed);
        Assert.Equal("peer 0 wants pods pod=b; x/c has pod=c; port 81/TCP is not among 80/TCP", miss.Text);
    }

    [Theory]
    [InlineData("{ namespaceSelector: { matchLabels: { team: a } } }",
        "peer 0 wants pods of namespaces team=a; namespace y has no label team")]
    [InlineData("{ namespaceSelector: { matchLabels: { ns: q } }, podSelector: { matchLabels: { pod: b } } }",
        "peer 0 wants pods pod=b of namespaces ns=q; namespace y has ns=y")]
    [InlineData("{ namespaceSelector: {}, podSelector: { matchLabels: { k: '' } } }",
        "peer 0 wants pods k= of any namespace; y/b has no label k")]
    [InlineData("{ ipBlock: { cidr: 10.0.0.0/8, except: [ 10.244.2.0/24 ] } }",
        "peer 0 wants 10.0.0.0/8 except 10.244.2.0/24; y/b (10.244.2.11) is in the excepted 10.244.2.0/24")]
    [InlineData("{ ipBlock: { cidr: 203.0.113.0/24 } }", "peer 0 wants 203.0.113.0/24; y/b (10.244.2.11) is outside")]
    public void Each_kind_of_peer_says_what_it_wanted(string peer, string text)
    {
        var yaml = $$"""{ metadata: { namespace: x, name: p }, spec: { ingress: [ { from: [ {{peer}} ] } ] } }""";
        Assert.Equal(text, Assert.Single(Explain(yaml, "y/b", "x/a", "TCP/80").Ingress.NearMisses).Text);
    }

    [Fact]
    public void Port_names_say_what_they_stand_for()
    {
        const string yaml = """
            metadata: { namespace: x, name: p }
            spec: { ingress: [ { ports: [ { port: http }, { port: 90, endPort: 99, protocol: UDP } ] } ] }
            ---
            { kind: Pod, metadata: { namespace: x, name: w },
              spec: { containers: [ { ports: [ { name: http, containerPort: 8080 } ] } ] } }
            """;
        Assert.Equal(
            "port 1/TCP is not among http/TCP (8080 there), 90-99/UDP",
            Assert.Single(Explain(yaml, "x/a", "x/w", "TCP/1").Ingress.NearMisses).Text);
        Assert.Equal(
            "port 1/TCP is not among http/TCP (not declared there), 90-99/UDP",
            Assert.Single(Explain(yaml, "x/b", "x/a", "TCP/1").Ingress.NearMisses).Text);
    }

    [Fact]
    public void A_name_nobody_declares_is_said_so()
    {
        const string yaml =
            "{ metadata: { namespace: x, name: p }, spec: { policyTypes: [ Egress ], egress: [ { ports: [ { port: http } ] } ] } }";
        var pod = Assert.Single(Explain(yaml, "x/a", "y/b", "TCP/80").Egress.NearMisses);
        Assert.Equal(FailedPart.PortName, Assert.Single(pod.Failed));
        Assert.Equal("y/b declares no port http/TCP", pod.Text);
        var outside = Assert.Single(Explain(yaml, "x/a", "203.0.113.9", "TCP/80").Egress.NearMisses);
        Assert.Equal("203.0.113.9 declares no port http/TCP", outside.Text);
    }

    [Fact]
    public void The_closest_rules_come_first_and_at_most_three()
    {
        const string yaml = """
            metadata: { namespace: x, name: many }
            spec:
              ingress:
              - { from: [ { ipBlock: { cidr: 203.0.113.0/24 } } ], ports: [ { port: 1 } ] }
              - { from: [ { podSelector: { matchLabels: { pod: q, app: q } } } ] }
              - { from: [ { podSelector: { matchLabels: { pod: q } } } ] }
              - { from: [ { podSelector: { matchLabels: { pod: b } } } ], ports: [ { port: 1 } ] }
            """;
        var misses = Explain(yaml, "x/b", "x/a", "TCP/80").Ingress.NearMisses;
        Assert.Equal([3, 2, 1], misses.Select(m => m.Rule));
    }

    private static Explanation Explain(string yaml, string from, string to, string connection)
    {
        var table = TruthTable.Given(yaml);
        return table.Judges.Evaluator.Explain(table.Judges.Connection(table.Probe(from, to, connection)));
    }
}

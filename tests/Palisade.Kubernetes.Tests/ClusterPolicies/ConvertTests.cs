using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Manifests;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Kubernetes.Tests.ClusterPolicies;

/// <summary>Cluster policies as the model's, and what becomes of those we do not understand.</summary>
public sealed class ConvertTests
{
    [Fact]
    public void A_policy_keeps_its_meaning_and_its_places()
    {
        var (values, _, _) = YamlReader.Read("""
            metadata: { name: p }
            spec:
              tier: Baseline
              priority: 7
              subject: { pods: { podSelector: { matchLabels: { a: b } } } }
              egress:
              - name: out
                action: Accept
                to:
                - networks: [ 10.1.2.3/8, "fd00::/8" ]
                - nodes: { matchLabels: { r: i } }
                - domainNames: [ "*.example.com" ]
                - namespaces: { matchLabels: { team: x } }
                protocols:
                - tcp: { destinationPort: { number: 80 } }
                - udp: { destinationPort: { range: { start: 1000, end: 2000 } } }
                - sctp: { destinationPort: { number: 9 } }
            """, 1, WireLimits.Default);
        var diagnostics = new List<Diagnostic>();
        var policy = ClusterConvert.ClusterNetworkPolicy(
            (WireObject)values[0], ApiKinds.ClusterNetworkPolicy, "p.yaml", diagnostics)!;
        Assert.Empty(diagnostics);
        Assert.Equal((ClusterTier.Baseline, 7, "p"), (policy.Tier, policy.Priority, policy.Name));
        Assert.True(policy.Subject.Namespaces.SelectsEverything);
        Assert.Equal("a=b", policy.Subject.Pods.ToString());
        Assert.Empty(policy.Ingress);
        var rule = Assert.Single(policy.Egress);
        Assert.Equal(("out", ClusterAction.Accept, false, "p.yaml:7:5"),
            (rule.Name, rule.Action, rule.NotUnderstood, rule.Origin.ToString()));
        Assert.Equal([Cidr.Parse("10.0.0.0/8"), Cidr.Parse("fd00::/8")], ((NetworksPeer)rule.Peers[0]).Blocks);
        Assert.Equal("p.yaml:10:7", rule.Peers[0].Origin.ToString());
        Assert.Equal("r=i", ((NodesPeer)rule.Peers[1]).Nodes.ToString());
        Assert.Equal("*.example.com", Assert.Single(((DomainNamesPeer)rule.Peers[2]).Names));
        Assert.True(rule.Peers[3] is ClusterPodPeer { Pods.Pods.SelectsEverything: true } pods
            && pods.Pods.Namespaces.ToString() == "team=x");
        Assert.Equal(
            [(Protocol.Tcp, (ushort)80, (ushort)80), (Protocol.Udp, (ushort)1000, (ushort)2000),
                (Protocol.Sctp, (ushort)9, (ushort)9)],
            rule.Protocols.Select(port => (port.Protocol, port.First, port.Last)));
        Assert.Equal(15, rule.Protocols[0].Origin.Line);
    }

    [Theory]
    [InlineData("[{action: Deny, from: [{serviceAccounts: {}}]}]")]
    [InlineData("[{action: Deny, from: [{}]}]")]
    [InlineData("[{action: Deny, from: [null]}]")]
    [InlineData("[{action: Deny, from: []}]")]
    [InlineData("[{action: Deny, from: {}}]")]
    [InlineData("[{action: Deny}]")]
    [InlineData("[{action: Deny, icmp: {}, from: [{namespaces: {}}]}]")]
    [InlineData("[{action: Deny, from: [{namespaces: {namespaceSelector: {}}}]}]")]
    [InlineData("[{action: Deny, from: [{namespaces: {}, pods: {podSelector: {}}}]}]")]
    [InlineData("[{action: Deny, from: [{pods: {}}]}]")]
    [InlineData("[{action: Deny, from: [{networks: [10.0.0.0/8]}]}]")]
    [InlineData("[{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {}}]}]")]
    [InlineData("[{action: Deny, from: [{namespaces: {}}], protocols: [{icmp: {}}]}]")]
    [InlineData("[{action: Deny, from: [{namespaces: {}}], protocols: []}]")]
    [InlineData("[{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 70000}}}]}]")]
    [InlineData("[{action: Deny, from: [{namespaces: {}}], "
        + "protocols: [{tcp: {destinationPort: {range: {start: 9, end: 8}}}}]}]")]
    [InlineData("[{action: Log, from: [{namespaces: {}}]}]")]
    [InlineData("[{from: [{namespaces: {}}]}]")]
    [InlineData("[null]")]
    [InlineData("[7]")]
    [InlineData("{}")]
    [InlineData("all")]
    public void A_rule_that_is_not_understood_denies_all(string rules)
    {
        var (policy, diagnostics) = Given.Convert($"{Given.Head}, ingress: {rules}");
        var rule = Assert.Single(policy.Ingress);
        Assert.Equal((ClusterAction.Deny, true), (rule.Action, rule.NotUnderstood));
        Assert.Empty(rule.Peers);
        var told = Assert.Single(diagnostics);
        Assert.Equal(("PL-D016", "f.yaml"), (told.Id, told.At.File));
    }

    [Theory]
    [InlineData("Accept", ClusterAction.Accept)]
    [InlineData("Pass", ClusterAction.Pass)]
    public void A_rule_that_is_not_understood_keeps_its_action(string action, ClusterAction expected)
    {
        var (policy, _) = Given.Convert(Given.Ingress($"action: {action}, from: [{{}}, {{namespaces: {{}}}}]"));
        var rule = Assert.Single(policy.Ingress);
        Assert.Equal((expected, true), (rule.Action, rule.NotUnderstood));
    }

    [Theory]
    [InlineData("tier: Admin, priority: 9, subject: {}", ClusterTier.Admin, 9, true)]
    [InlineData("tier: Admin, priority: 9", ClusterTier.Admin, 9, true)]
    [InlineData("tier: Baseline, priority: 9, subject: {serviceAccounts: {}}", ClusterTier.Baseline, 9, true)]
    [InlineData("tier: Admin, priority: 9, subject: {namespaces: {matchLabels: {'a b': c}}}", ClusterTier.Admin, 9,
        true)]
    [InlineData("tier: Admin, priority: 9, subject: {namespaces: {matchLabels: {a: b}, also: {}}}",
        ClusterTier.Admin, 9, true)]
    [InlineData("tier: Middle, priority: 9, subject: {namespaces: {matchLabels: {a: b}}}", ClusterTier.Admin, 0,
        false)]
    [InlineData("tier: Baseline, priority: 5000, subject: {namespaces: {matchLabels: {a: b}}}",
        ClusterTier.Baseline, 0, false)]
    [InlineData("tier: Baseline, subject: {namespaces: {matchLabels: {a: b}}}", ClusterTier.Baseline, 0, false)]
    [InlineData("tier: Admin, priority: 9, unless: {}, subject: {namespaces: {matchLabels: {a: b}}}",
        ClusterTier.Admin, 9, false)]
    public void A_policy_that_is_not_understood_only_denies(string head, ClusterTier tier, int priority, bool everyPod)
    {
        var (policy, diagnostics) = Given.Convert(head
            + ", ingress: [{action: Accept, from: [{namespaces: {}}]}, {action: Pass, from: [{pods: {podSelector: "
            + "{matchLabels: {k: v}}}}]}, {action: Deny, from: [{namespaces: {}}]}]");
        Assert.Equal((tier, priority, everyPod),
            (policy.Tier, policy.Priority, policy.Subject.Namespaces.SelectsEverything));
        Assert.Equal(["PL-D016"], diagnostics.Select(told => told.Id));
        Assert.Equal([ClusterAction.Deny, ClusterAction.Deny], policy.Ingress.Select(rule => rule.Action));
        Assert.All(policy.Ingress, rule => Assert.False(rule.NotUnderstood));
        Assert.Equal("k=v", ((ClusterPodPeer)policy.Ingress[0].Peers[0]).Pods.Pods.ToString());
    }

    [Theory]
    [InlineData("{\"metadata\":{}}", false)]
    [InlineData("{\"metadata\":{\"name\":\"p\"}}", true)]
    [InlineData("{\"metadata\":{\"name\":\"p\"},\"spec\":null}", true)]
    [InlineData("{\"metadata\":{\"name\":\"p\"},\"spec\":[1]}", true)]
    [InlineData("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"subject\":7,\"tier\":[],\"priority\":{}}}", true)]
    [InlineData("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"priority\":99999999999999999999}}", true)]
    public void Nothing_makes_it_throw(string json, bool counts)
    {
        foreach (var kind in ApiKinds.All.Where(kind => kind.Custom is not null))
        {
            var value = (WireObject)WireJson.Parse(System.Text.Encoding.UTF8.GetBytes(json)).Value!;
            var diagnostics = new List<Diagnostic>();
            var policy = ClusterConvert.ClusterNetworkPolicy(value, kind, null, diagnostics);
            Assert.Equal(counts, policy is not null);
            Assert.Equal(counts, diagnostics.Count == 1);
            var decoded = StrictDecode.Check(value, kind).Pruned;
            Assert.False(ObjectValidation.Create(decoded, kind, KubeVersion.Default).IsValid);
        }
    }

    [Fact]
    public void Longer_lists_than_this_release_knows_are_understood()
    {
        var peers = string.Join(", ", Enumerable.Repeat("{namespaces: {}}", 40));
        var (policy, diagnostics) = Given.Convert(Given.Ingress($"action: Deny, from: [{peers}]"));
        Assert.Empty(diagnostics);
        Assert.Equal(40, Assert.Single(policy.Ingress).Peers.Length);
    }
}

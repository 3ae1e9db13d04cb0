using System.Text;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;
using Xunit;

namespace Palisade.Kubernetes.Tests.Convert;

/// <summary>A policy from a cluster that knows more than we do fails closed, and the rest of it still counts.</summary>
public sealed class PolicyConvertTests
{
    [Theory]
    [InlineData("{\"ingress\":[{\"from\":[{\"nodeSelector\":{}}]}]}", "")]
    [InlineData("{\"ingress\":[{\"from\":[{\"nodeSelector\":{}},{\"podSelector\":{}}]}]}", "1/0")]
    [InlineData("{\"ingress\":[{\"from\":[{\"podSelector\":{},\"also\":{}}]}]}", "")]
    [InlineData("{\"ingress\":[{\"icmp\":{}}]}", "")]
    [InlineData("{\"ingress\":[7,{}]}", "0/0")]
    [InlineData("{\"ingress\":[null]}", "0/0")]
    [InlineData("{\"ingress\":[{\"from\":[null]}]}", "")]
    [InlineData("{\"ingress\":[{\"from\":[]}]}", "0/0")]
    [InlineData("{\"ingress\":[{\"from\":{}}]}", "")]
    [InlineData("{\"ingress\":[{\"ports\":[{\"port\":\"\"}]}]}", "")]
    [InlineData("{\"ingress\":[{\"ports\":[{\"port\":70000},{\"port\":80}]}]}", "0/1")]
    [InlineData("{\"ingress\":[{\"ports\":[{\"protocol\":\"ICMP\"}]}]}", "")]
    [InlineData("{\"ingress\":[{\"ports\":[{\"port\":80,\"endPort\":70}]}]}", "")]
    [InlineData("{\"ingress\":[{\"from\":[{\"ipBlock\":{\"cidr\":\"10.0.0.0/8\",\"except\":[\"bad\"]}}]}]}", "")]
    [InlineData("{\"ingress\":[{\"from\":[{\"ipBlock\":{\"cidr\":\"bad\"}}]}]}", "")]
    [InlineData(
        "{\"ingress\":[{\"from\":[{\"podSelector\":{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Near\"}]}}]}]}",
        "")]
    [InlineData(
        "{\"ingress\":[{\"from\":[{\"podSelector\":{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}}]}]}",
        "")]
    [InlineData("{\"podSelector\":{\"matchFields\":[]},\"ingress\":[{}]}", "")]
    [InlineData("{\"ingress\":\"x\"}", "")]
    public void What_is_not_understood_allows_nothing(string spec, string rules)
    {
        var diagnostics = new List<Diagnostic>();
        var json = $"{{\"metadata\":{{\"name\":\"p\"}},\"spec\":{spec}}}";
        var policy =
            ClusterConvert.NetworkPolicy((WireObject)WireJson.Parse(Encoding.UTF8.GetBytes(json)).Value!, null,
                diagnostics)!;
        Assert.Equal((true, false), (policy.IsolatesIngress, policy.IsolatesEgress));
        Assert.Equal(rules,
            string.Join(' ', policy.Ingress.Select(rule => $"{rule.Peers.Length}/{rule.Ports.Length}")));
        var isWhole = spec.Contains("[null]}", StringComparison.Ordinal)
            && !spec.Contains("from", StringComparison.Ordinal);
        Assert.Equal(isWhole || spec.Contains("\"from\":[]", StringComparison.Ordinal), diagnostics.Count == 0);
    }

    [Fact]
    public void An_unknown_policy_type_isolates_both_ways()
    {
        var json = """{"metadata":{"name":"p","namespace":"n"},"spec":{"policyTypes":["Forward"]}}"""u8;
        var policy = ClusterConvert.NetworkPolicy((WireObject)WireJson.Parse(json).Value!)!;
        Assert.True(policy.Isolates(Direction.Ingress) && policy.Isolates(Direction.Egress));
    }
}

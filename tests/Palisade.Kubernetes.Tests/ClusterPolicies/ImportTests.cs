using Palisade.Kubernetes.Schema;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Kubernetes.Tests.ClusterPolicies;

/// <summary>The v1alpha1 predecessors are judged as cluster policies of their tier.</summary>
public sealed class ImportTests
{
    private const string Rule = "action: Allow, to: [{networks: [10.0.0.0/8]}, {nodes: {}}, {pods: "
        + "{namespaceSelector: {}, podSelector: {}}}]";

    [Fact]
    public void An_AdminNetworkPolicy_is_of_the_Admin_tier()
    {
        var (policy, diagnostics) = Given.Convert(
            $"priority: 7, {Given.Subject}, egress: [{{{Rule}, ports: [{{portNumber: {{port: 80}}}}, "
            + "{portNumber: {protocol: SCTP, port: 9}}, {portRange: {protocol: UDP, start: 1, end: 9}}]}, "
            + "{action: Pass, to: [{domainNames: [a.b]}]}, {action: Deny, to: [{namespaces: {}}], "
            + "ports: [{namedPort: web}]}]",
            ApiKinds.AdminNetworkPolicy);
        Assert.Equal((ClusterTier.Admin, 7), (policy.Tier, policy.Priority));
        Assert.Equal([ClusterAction.Accept, ClusterAction.Pass, ClusterAction.Deny],
            policy.Egress.Select(rule => rule.Action));
        Assert.Equal([false, true, false], policy.Egress.Select(rule => rule.NotUnderstood));
        Assert.Contains("domain names can only be accepted", Assert.Single(diagnostics).Text, StringComparison.Ordinal);
        Assert.Equal(
            [(Protocol.Tcp, (ushort)80, (ushort)80), (Protocol.Sctp, (ushort)9, (ushort)9),
                (Protocol.Udp, (ushort)1, (ushort)9)],
            policy.Egress[0].Protocols.Select(port => (port.Protocol, port.First, port.Last)));
        Assert.Equal(["NetworksPeer", "NodesPeer", "ClusterPodPeer"],
            policy.Egress[0].Peers.Select(peer => peer.GetType().Name));
        Assert.Equal("web", Assert.Single(policy.Egress[2].Protocols).Name);
    }

    [Fact]
    public void A_BaselineAdminNetworkPolicy_is_the_last_of_the_Baseline_tier()
    {
        var (policy, diagnostics) = Given.Convert(
            $"{Given.Subject}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}]}}], egress: [{{{Rule}}}]",
            ApiKinds.BaselineAdminNetworkPolicy, "default");
        Assert.Empty(diagnostics);
        // 1000 is the last that a ClusterNetworkPolicy may have.
        Assert.Equal((ClusterTier.Baseline, 1001, "default"), (policy.Tier, policy.Priority, policy.Name));
        Assert.Equal(ClusterAction.Deny, Assert.Single(policy.Ingress).Action);
        Assert.Empty(Assert.Single(policy.Egress).Protocols);
    }

    [Theory]
    [InlineData("action: Accept, to: [{nodes: {}}]",
        "spec.egress[0].action: Unsupported value: \"Accept\": supported values: \"Allow\", \"Deny\", \"Pass\"")]
    [InlineData("action: Allow, to: [{nodes: {}}], ports: [{namedPort: a}]",
        "spec.egress[0]: Invalid value: \"object\": networks/nodes/domainNames peer cannot be set with namedPorts since "
        + "there are no namedPorts for networks/nodes/domainNames")]
    [InlineData("action: Allow, to: [{pods: {podSelector: {}}}]",
        "spec.egress[0].to[0].pods.namespaceSelector: Required value")]
    [InlineData("action: Allow, to: [{networks: [any]}]",
        "spec.egress[0].to[0].networks[0]: Invalid value: \"any\": CIDR must be either an IPv4 or IPv6 address. IPv4 "
        + "address embedded in IPv6 addresses are not supported")]
    [InlineData("action: Allow, to: [{namespaces: {}}], ports: [{portRange: {start: 2, end: 1}}]",
        "spec.egress[0].ports[0].portRange: Invalid value: \"object\": Start port must be less than End port")]
    [InlineData("action: Allow, to: [{namespaces: {}}], ports: [{portNumber: {port: 1}}]", "")]
    public void Admin_rules_are_answered_in_the_definition_s_words(string rule, string expected) =>
        Assert.Equal(expected, string.Join('|', Given.Judge(
            $"priority: 1, {Given.Subject}, egress: [{{{rule}}}]", ApiKinds.AdminNetworkPolicy).Causes));

    [Theory]
    [InlineData("other", Given.Subject,
        "<nil>: Invalid value: \"object\": Only one baseline admin network policy with metadata.name=\"default\" can be "
        + "created in the cluster")]
    [InlineData("default", Given.Subject, "")]
    [InlineData("default", Given.Subject + ", ingress: [{action: Pass, from: [{namespaces: {}}]}]",
        "spec.ingress[0].action: Unsupported value: \"Pass\": supported values: \"Allow\", \"Deny\"")]
    public void The_baseline_is_one(string name, string spec, string expected) =>
        Assert.Equal(expected,
            string.Join('|', Given.Judge(spec, ApiKinds.BaselineAdminNetworkPolicy, name).Causes));

    [Theory]
    [InlineData("ports: [{portNumber: {protocol: ICMP, port: 1}}], to: [{namespaces: {}}]", "value: \"ICMP\"")]
    [InlineData("to: [{networks: [10.0.0.1]}]", "must be a CIDR")]
    [InlineData("to: [{networks: [10.0.0.0/33]}]", "must be a CIDR")]
    public void What_the_old_definition_lets_through_fails_closed(string rule, string warning)
    {
        var spec = $"priority: 1, {Given.Subject}, egress: [{{action: Allow, {rule}}}]";
        var verdict = Given.Judge(spec, ApiKinds.AdminNetworkPolicy);
        Assert.Empty(verdict.Causes);
        Assert.Contains(warning, Assert.Single(verdict.Warnings).Text, StringComparison.Ordinal);
        Assert.True(Assert.Single(Given.Convert(spec, ApiKinds.AdminNetworkPolicy).Policy.Egress).NotUnderstood);
    }
}

using Palisade.Kubernetes.Convert;
using Xunit;

namespace Palisade.Kubernetes.Tests.ClusterPolicies;

/// <summary>
/// Policies of equal priority by themselves, without a pod: whether there could be one about which they disagree.
/// </summary>
public sealed class PriorityTests
{
    private const string All = "namespaces: {}";

    [Theory]
    [InlineData(All, All)]
    [InlineData("pods: {podSelector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}}",
        "pods: {podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [a]}]}}")]
    [InlineData("namespaces: {matchLabels: {kubernetes.io/metadata.name: x}}", "namespaces: {matchLabels: {team: t}}")]
    [InlineData("namespaces: {matchExpressions: [{key: a, operator: Exists}]}",
        "namespaces: {matchExpressions: [{key: b, operator: DoesNotExist}]}")]
    public void Of_subjects_that_meet(string one, string other) => Assert.Equal(1, Conflicts(
        Ingress(one, "action: Accept, from: [{namespaces: {}}]"),
        Ingress(other, "action: Deny, from: [{namespaces: {}}]")));

    [Theory]
    [InlineData("pods: {podSelector: {matchLabels: {app: a}}}", "pods: {podSelector: {matchLabels: {app: b}}}")]
    [InlineData("namespaces: {matchLabels: {kubernetes.io/metadata.name: x}}",
        "namespaces: {matchLabels: {kubernetes.io/metadata.name: w}}")]
    [InlineData("namespaces: {matchExpressions: [{key: a, operator: Exists}]}",
        "namespaces: {matchExpressions: [{key: a, operator: DoesNotExist}]}")]
    public void Of_subjects_that_never_meet(string one, string other) => Assert.Equal(0, Conflicts(
        Ingress(one, "action: Accept, from: [{namespaces: {}}]"),
        Ingress(other, "action: Deny, from: [{namespaces: {}}]")));

    [Theory]
    [InlineData("to: [{namespaces: {}}]", "to: [{networks: [10.0.0.0/8]}]", 1)]
    [InlineData("to: [{namespaces: {matchLabels: {team: a}}}]", "to: [{namespaces: {matchLabels: {env: b}}}]", 1)]
    [InlineData("to: [{namespaces: {matchLabels: {team: a}}}]", "to: [{namespaces: {matchLabels: {team: b}}}]", 0)]
    [InlineData("to: [{networks: [10.0.0.0/8]}]", "to: [{networks: [11.0.0.0/8]}]", 0)]
    [InlineData("to: [{namespaces: {}}], protocols: [{destinationNamedPort: web}]", "to: [{namespaces: {}}]", 1)]
    [InlineData("to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 1}}}]",
        "to: [{namespaces: {}}], protocols: [{udp: {destinationPort: {number: 1}}}]", 0)]
    public void Of_peers_and_ports(string accepted, string denied, int conflicts) => Assert.Equal(conflicts, Conflicts(
        Given.Egress($"action: Accept, {accepted}"), Given.Egress($"action: Deny, {denied}")));

    private static int Conflicts(string one, string other) => PriorityDiagnostics.Of(
        [Given.Convert(one, name: "one").Policy, Given.Convert(other, name: "two").Policy]).Length;

    private static string Ingress(string subject, string rule) =>
        $"tier: Admin, priority: 1, subject: {{{subject}}}, ingress: [{{{rule}}}]";
}

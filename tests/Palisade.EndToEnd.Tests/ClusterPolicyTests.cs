using System.Globalization;
using Palisade.Lab.Connect;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>
/// ClusterNetworkPolicies by real kubectl on real packets: what the conformance suite of network-policy-api looks at,
/// each change in force within its ten seconds, and explained as it is.
/// </summary>
public sealed class ClusterPolicyTests
{
    private const string Stranger = "dev-team/stranger";
    private const string Frontend = "dev-team/frontend";
    private const string Web = "dev-team/web";

    private static readonly TimeSpan InForce = TimeSpan.FromSeconds(10);

    private const string OpenWeb = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: open-web, namespace: dev-team }
        spec: { podSelector: { matchLabels: { app: web } }, ingress: [ {} ] }
        """;

    [Fact]
    public async Task Admin_policies_decide_first_in_order_of_priority()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo", "--nodes", "2");
        await up.ApplyAsync(OpenWeb);
        await Expect(up, Stranger, allowed: true);

        await up.ApplyAsync(Policy("wall", "Admin", 20, "Deny"));
        await Expect(up, Stranger, allowed: false, "deny   cluster policy wall ingress[0] from[0]");
        await Expect(up, Frontend, allowed: true);

        // A second one before it passes: the NetworkPolicy decides.
        await up.ApplyAsync(Policy("gap", "Admin", 10, "Pass"));
        await Expect(up, Stranger, allowed: true, "passed cluster policy gap ingress[0] from[0]");
        await up.KubectlAsync("patch", "cnp", "gap", "--type=merge", "-p", """{"spec":{"priority":30}}""");
        await Expect(up, Stranger, allowed: false, "cluster policy wall");
        await up.KubectlAsync(
            "patch", "cnp", "wall", "--type=json", "-p",
            """[{"op":"replace","path":"/spec/ingress/0/action","value":"Accept"}]""");
        await Expect(up, Stranger, allowed: true, "allow  cluster policy wall ingress[0] from[0]");

        // Labels of the subject's namespace count as they are now.
        await up.KubectlAsync("delete", "cnp", "gap");
        await up.ApplyAsync(Policy("wall", "Admin", 20, "Deny").Replace(
            "namespaces: {}", "namespaces: { matchLabels: { walled: \"yes\" } }"));
        await Expect(up, Stranger, allowed: true);
        await up.KubectlAsync("label", "ns", "dev-team", "walled=yes");
        await Expect(up, Stranger, allowed: false, "cluster policy wall");

        await up.KubectlAsync("delete", "cnp", "--all");
        await Expect(up, Stranger, allowed: true);
    }

    [Fact]
    public async Task Pass_and_baseline_leave_the_decision_to_network_policies()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo", "--nodes", "2");
        await up.ApplyAsync(Policy("closed", "Baseline", 0, "Deny"));
        await Expect(up, Stranger, allowed: false, "deny   cluster policy closed ingress[0] from[0]");
        await up.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");
        await Expect(up, Frontend, allowed: true);
        await Expect(up, Stranger, allowed: false, "isolated by dev-team/allow-web");

        // Passed on, and nobody's NetworkPolicy opens it; accepted, and none is asked.
        await up.ApplyAsync(Policy("admin", "Admin", 1, "Pass"));
        await Expect(up, Stranger, allowed: false, "passed cluster policy admin");
        await up.KubectlAsync(
            "patch", "cnp", "admin", "--type=json", "-p",
            """[{"op":"replace","path":"/spec/ingress/0/action","value":"Accept"}]""");
        await Expect(up, Stranger, allowed: true, "cluster policy admin");

        await up.KubectlAsync("delete", "cnp/admin", "netpol/allow-web", "-n", "dev-team");
        await Expect(up, Stranger, allowed: false, "cluster policy closed");
        await up.KubectlAsync("delete", "cnp", "closed");
        await Expect(up, Stranger, allowed: true);
    }

    [Fact]
    public async Task A_policy_that_no_enforcer_understands_fails_closed_and_a_refused_one_changes_nothing()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo");
        var refused = await up.TryKubectlAsync(Policy("bad", "Admin", 1001, "Deny"), ["apply", "-f", "-"]);
        Assert.Equal(
            "The ClusterNetworkPolicy \"bad\" is invalid: spec.priority: Invalid value: 1001: "
            + "spec.priority in body should be less than or equal to 1000\n", refused.Errors);
        await Expect(up, Stranger, allowed: true);
        var typo = Policy("typo", "Admin", 1, "Deny").Replace(
            "matchLabels: { app: stranger }", "matchExpressions: [ { key: app, operator: notIn, values: [ frontend ] } ]");
        var warned = await up.TryKubectlAsync(typo, ["apply", "-f", "-"]);
        Assert.Contains("operator: Invalid value: \"notIn\"", warned.Errors, StringComparison.Ordinal);
        await Expect(up, Frontend, allowed: false, "not understood, so it denies everything");
        await up.KubectlAsync("delete", "cnp", "typo");
        await Expect(up, Frontend, allowed: true);
    }

    /// <summary>An ingress rule about the stranger for every pod.</summary>
    private static string Policy(string name, string tier, int priority, string action) =>
        string.Create(CultureInfo.InvariantCulture, $$"""
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: { name: {{name}} }
        spec:
          tier: {{tier}}
          priority: {{priority}}
          subject: { namespaces: {} }
          ingress:
          - action: {{action}}
            from: [ { pods: { podSelector: { matchLabels: { app: stranger } } } } ]
        """);

    /// <summary>
    /// Real packets of both families within ten seconds, silence where it is denied, and the explanation the same.
    /// </summary>
    private static async Task Expect(UpProcess up, string from, bool allowed, string because = "")
    {
        var asked = TimeProvider.System.GetTimestamp();
        IReadOnlyList<ConnectAnswer> answers;
        var expected = allowed ? "HTTP 200 web" : "timeout";
        do
        {
            answers = await up.ConnectAsync(
                [new(from, Web, TimeoutMilliseconds: 500), new(from, Web, Family: 6, TimeoutMilliseconds: 500)]);
        }
        while (answers.Any(answer => answer.Answer != expected)
            && TimeProvider.System.GetElapsedTime(asked) < InForce);

        Assert.All(answers, answer => Assert.Equal(expected, answer.Answer));
        var explained = await up.PalisadeAsync("explain", from, Web, "--port", "80");
        Assert.True(explained.Code == (allowed ? 0 : 1), explained.ToString());
        Assert.Contains(because, explained.Output, StringComparison.Ordinal);
    }
}

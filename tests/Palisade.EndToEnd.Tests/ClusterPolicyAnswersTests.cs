using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>What the commands say of cluster policies in manifests.</summary>
public sealed class ClusterPolicyAnswersTests
{
    private const string Manifests = """
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: a }
        spec: { containers: [ { name: c, image: i } ] }
        ---
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: { name: first }
        spec:
          tier: Admin
          priority: 10
          subject: { namespaces: {} }
          ingress: [ { action: Pass, from: [ { namespaces: {} } ] } ]
        ---
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: { name: second }
        spec:
          tier: Admin
          priority: 10
          subject: { namespaces: {} }
          ingress:
          - { action: Deny, from: [ { namespaces: {} } ], protocols: [ { tcp: { destinationPort: { number: 80 } } } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other, namespace: b }
        spec: { containers: [ { name: c, image: i } ] }
        """;

    private const string Conflict =
        "first and second both have priority 10 in tier Admin and disagree about ingress on TCP 80";

    [Fact]
    public async Task Validate_warns_of_equal_priorities_that_disagree()
    {
        var text = await RunAsync(Manifests, 0, "validate", "-f", "-");
        Assert.Contains($"Warning PL-D020: {Conflict}", text.Output, StringComparison.Ordinal);
        var json = await RunAsync(Manifests, 0, "validate", "-f", "-", "-o", "json");
        var second = JsonNode.Parse(json.Output)!.AsArray().Single(d => (string?)d!["name"] == "second")!;
        Assert.StartsWith(
            $"PL-D020: {Conflict}", (string?)Assert.Single(second["warnings"]!.AsArray()), StringComparison.Ordinal);
        var apart = await RunAsync(Manifests.Replace("Deny", "Pass"), 0, "validate", "-f", "-");
        Assert.DoesNotContain("PL-D020", apart.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_tells_the_conflict_and_who_passed()
    {
        var text = await RunAsync(Manifests, 0, "explain", "b/other", "a/web", "-f", "-");
        Assert.Contains(
            $"warning PL-D020: ClusterNetworkPolicy second: {Conflict}", text.Errors, StringComparison.Ordinal);
        Assert.Contains("passed cluster policy first ingress[0] from[0]", text.Output, StringComparison.Ordinal);
        var json = await RunAsync(Manifests, 0, "explain", "b/other", "a/web", "-f", "-", "-o", "json");
        var answer = JsonNode.Parse(json.Output)!;
        var pass = Assert.Single(answer["ingress"]!["passedBy"]!.AsArray())!;
        Assert.Equal(
            ("ClusterNetworkPolicy", "first", 0),
            ((string?)pass["kind"], (string?)pass["name"], (int?)pass["rule"]));
        Assert.Empty(answer["egress"]!["passedBy"]!.AsArray());
        var diagnostic = Assert.Single(answer["diagnostics"]!.AsArray())!;
        Assert.Equal(
            ("PL-D020", "warning", "ClusterNetworkPolicy second"),
            ((string?)diagnostic["id"], (string?)diagnostic["severity"], (string?)diagnostic["object"]));
    }

    [Fact]
    public async Task What_fails_closed_is_marked()
    {
        var broken = Manifests.Replace(
            "action: Pass, from: [ { namespaces: {} } ]", "action: Pass, from: [ { rumours: {} } ]");
        var json = await RunAsync(broken, 2, "explain", "b/other", "a/web", "-f", "-", "-o", "json");
        var answer = JsonNode.Parse(json.Output)!;
        Assert.Equal("deny", (string?)answer["verdict"]);
        Assert.True((bool?)answer["ingress"]!["deniedBy"]!["failsClosed"]);
        Assert.Contains(answer["diagnostics"]!.AsArray(), said => (string?)said!["severity"] == "error");
    }

    private static async Task<Ran> RunAsync(string input, int code, params string[] arguments)
    {
        var ran = await Shell.RunAsync(Places.Cli, arguments, input);
        Assert.True(ran.Code == code, ran.ToString());
        return ran;
    }
}

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

    private const string Predecessor = """
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: a }
        spec: { containers: [ { name: c, image: i } ] }
        status: { podIPs: [ { ip: 10.244.1.2 } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other, namespace: a }
        spec: { containers: [ { name: c, image: i } ] }
        ---
        apiVersion: policy.networking.k8s.io/v1alpha1
        kind: AdminNetworkPolicy
        metadata: { name: wall }
        spec:
          priority: 10
          subject: { namespaces: {} }
          ingress: [ { action: Deny, from: [ { namespaces: {} } ] } ]
        """;

    [Fact]
    public async Task A_policy_is_named_by_the_kind_it_was_written_as()
    {
        var json = await RunAsync(Predecessor, 1, "explain", "a/other", "a/web", "-f", "-", "-o", "json");
        var denied = JsonNode.Parse(json.Output)!["ingress"]!["deniedBy"]!;
        Assert.Equal(
            ("AdminNetworkPolicy", "wall", null),
            ((string?)denied["kind"], (string?)denied["name"], (string?)denied["namespace"]));
    }

    [Fact]
    public async Task A_pod_without_an_address_of_the_family_is_said_to_have_none()
    {
        string[] question = ["explain", "a/other", "a/web", "-f", "-", "--family"];
        const string Note = "a/web has no IPv6 address: rules are answered for a connection that cannot be";
        var text = await RunAsync(Predecessor, 1, [.. question, "6"]);
        Assert.Contains($"note     {Note}", text.Output, StringComparison.Ordinal);
        var json = await RunAsync(Predecessor, 1, [.. question, "6", "-o", "json"]);
        Assert.Equal(Note, (string?)Assert.Single(JsonNode.Parse(json.Output)!["notes"]!.AsArray()));
        Assert.DoesNotContain("note", (await RunAsync(Predecessor, 1, [.. question, "4"])).Output);
    }

    [Fact]
    public async Task A_port_of_ICMP_is_refused()
    {
        string[] question = ["explain", "a/other", "a/web", "-f", "-", "--protocol", "ICMP"];
        await RunAsync(Predecessor, 1, question);
        var refused = await RunAsync(Predecessor, 2, [.. question, "--port", "8"]);
        Assert.Contains("--port: ICMP has none; leave it away", refused.Errors, StringComparison.Ordinal);
    }

    private static async Task<Ran> RunAsync(string input, int code, params string[] arguments)
    {
        var ran = await Shell.RunAsync(Places.Cli, arguments, input);
        Assert.True(ran.Code == code, ran.ToString());
        return ran;
    }
}

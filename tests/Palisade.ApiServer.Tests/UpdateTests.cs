using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>What a replace may do, and which methods a resource has: both differ between kinds.</summary>
public sealed class UpdateTests(RunningServer running)
{
    private const string Policies = "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies";
    private const string Refused = "the server does not allow this method on the requested resource";
    private readonly Client _client = running.Client;

    [Theory]
    [InlineData("/api/v1/namespaces/{0}/services/", """{"metadata":{"name":"new"},"spec":{"ports":[{"port":80}]}}""")]
    [InlineData("/apis/coordination.k8s.io/v1/namespaces/{0}/leases/", """{"metadata":{"name":"new"}}""")]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/namespaces/{0}/roles/", """{"metadata":{"name":"new"}}""")]
    public async Task Some_kinds_are_created_by_a_replace(string path, string body)
    {
        var ns = running.NewNamespace("created-by-put-" + path.Split('/')[^2]);
        path = string.Format(path, ns);
        var answer = await _client.Send("PUT", path + "new", Encoding.UTF8.GetBytes(body));
        Assert.True((int)answer.Code == 201, answer.Text);
        Assert.Equal("new", (string)answer.Json["metadata"]!["name"]!);
        var other = await _client.Send("PUT", path + "other", """{"metadata":{"name":"another"}}"""u8.ToArray());
        Assert.Equal(400, (int)other.Code);
        var again = await _client.Send("PUT", path + "new", answer.Body);
        Assert.Equal(200, (int)again.Code);
    }

    [Fact]
    public async Task Others_are_not()
    {
        var answer = await _client.Send(
            "PUT", "/api/v1/namespaces/default/configmaps/none", """{"metadata":{"name":"none"}}"""u8.ToArray());
        Assert.Equal("configmaps \"none\" not found", answer.Message);
    }

    [Fact]
    public async Task Custom_resources_are_replaced_only_in_a_state_that_was_seen()
    {
        var policy = JsonNode.Parse(
            """{"metadata":{"name":"seen"},"spec":{"tier":"Admin","priority":991,"subject":{"namespaces":{}}}}""")!;
        var created = await _client.Post(Policies, policy.ToJsonString());
        Assert.True((int)created.Code == 201, created.Text);
        policy["spec"]!["priority"] = 992;
        var blind = await _client.Send("PUT", Policies + "/seen", Encoding.UTF8.GetBytes(policy.ToJsonString()));
        Assert.Equal(422, (int)blind.Code);
        Assert.Equal(
            "clusternetworkpolicies.policy.networking.k8s.io \"seen\" is invalid: " +
            "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update",
            blind.Message);
        policy["metadata"]!["resourceVersion"] = (string)created.Json["metadata"]!["resourceVersion"]!;
        var seen = await _client.Send("PUT", Policies + "/seen", Encoding.UTF8.GetBytes(policy.ToJsonString()));
        Assert.True((int)seen.Code == 200, seen.Text);
        await _client.Send("DELETE", Policies + "/seen", null);
    }

    [Theory]
    [InlineData("POST", "/api/v1/namespaces/default/pods/a", Refused, "{}")]
    [InlineData("PUT", "/apis/apps/v1/deployments", Refused, "{}")]
    [InlineData(
        "POST", Policies + "/a",
        "create is not supported on resources of kind \"clusternetworkpolicies.policy.networking.k8s.io\"",
        """{"group":"policy.networking.k8s.io","kind":"clusternetworkpolicies"}""")]
    [InlineData(
        "PUT", Policies,
        "update is not supported on resources of kind \"clusternetworkpolicies.policy.networking.k8s.io\"",
        """{"group":"policy.networking.k8s.io","kind":"clusternetworkpolicies"}""")]
    public async Task Methods_that_a_path_does_not_have(string method, string path, string message, string details)
    {
        var answer = await _client.Send(method, path, "{}"u8.ToArray());
        Assert.Equal(405, (int)answer.Code);
        Assert.Equal(message, answer.Message);
        Assert.Equal(details, answer.Json["details"]!.ToJsonString());
    }

    [Theory]
    [InlineData("default")]
    [InlineData("kube-system")]
    [InlineData("kube-public")]
    public async Task Namespaces_that_stay(string name)
    {
        var answer = await _client.Send("DELETE", $"/api/v1/namespaces/{name}?dryRun=All", null);
        Assert.Equal(403, (int)answer.Code);
        Assert.Equal($"namespaces \"{name}\" is forbidden: this namespace may not be deleted", answer.Message);
    }
}

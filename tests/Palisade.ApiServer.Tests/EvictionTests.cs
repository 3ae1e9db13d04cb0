using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>pods/NAME/eviction, raw and by kubectl drain.</summary>
public sealed class EvictionTests(RunningServer running)
{
    private readonly Client _client = running.Client;

    [Theory]
    [InlineData("all", "\"minAvailable\":2", 2)]
    [InlineData("more-than-half", "\"minAvailable\":\"51%\"", 2)]
    [InlineData("none-away", "\"maxUnavailable\":0", 2)]
    [InlineData("one", "\"minAvailable\":1", 1)]
    public async Task A_budget_keeps_as_many_as_it_says(string name, string bound, int stay)
    {
        var ns = await Pods($"evicted-{name}", "nowhere");
        await _client.Post(
            $"/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets",
            """{"metadata":{"name":"most"},"spec":{BOUND,"selector":{"matchLabels":{"app":"web"}}}}"""
                .Replace("BOUND", bound));
        var answers = new List<Answer>();
        foreach (var pod in (string[])["web-0", "web-1"])
        {
            answers.Add(await _client.Post(
                $"/api/v1/namespaces/{ns}/pods/{pod}/eviction",
                """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"POD"}}""".Replace("POD", pod)));
        }

        Assert.Equal(2 - stay, answers.Count(answer => (int)answer.Code == 201));
        var refused = answers[^1];
        Assert.Equal(429, (int)refused.Code);
        Assert.Equal("Cannot evict pod as it would violate the pod's disruption budget.", refused.Message);
        Assert.Equal(
            $"The disruption budget most needs {stay} healthy pods and has {stay} currently",
            (string)refused.Json["details"]!["causes"]![0]!["message"]!);
        Assert.Equal(
            stay, (await _client.Get($"/api/v1/namespaces/{ns}/pods")).Json["items"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_drained_node_evicts_its_pods()
    {
        running.Server.Store.Create(Manifests.Node("drained"));
        var ns = await Pods("drained", "drained");
        var told = running.Kubectl.Run("drain drained --force --timeout=30s");
        Assert.True(told.ExitCode == 0, told.ToString());
        Assert.Contains($"evicting pod {ns}/web-0", told.Error + told.Out);
        Assert.Contains("pod/web-1 evicted", told.Out);
        Assert.Empty((await _client.Get($"/api/v1/namespaces/{ns}/pods")).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task Another_pods_eviction_is_refused()
    {
        var ns = await Pods("evicted-other", "nowhere");
        var answer = await _client.Post(
            $"/api/v1/namespaces/{ns}/pods/web-0/eviction", """{"metadata":{"name":"web-1"}}""");
        Assert.Equal("name in URL does not match name in Eviction object", answer.Message);
        var dry = await _client.Post($"/api/v1/namespaces/{ns}/pods/web-0/eviction?dryRun=All", "{}");
        Assert.Equal(201, (int)dry.Code);
        var none = await _client.Post($"/api/v1/namespaces/{ns}/pods/none/eviction", "{}");
        Assert.Equal("pods \"none\" not found", none.Message);
        Assert.Equal(2, (await _client.Get($"/api/v1/namespaces/{ns}/pods")).Json["items"]!.AsArray().Count);
    }

    // Two that are ready.
    private async Task<string> Pods(string ns, string node)
    {
        running.NewNamespace(ns);
        foreach (var name in (string[])["web-0", "web-1"])
        {
            var pods = $"/api/v1/namespaces/{ns}/pods";
            var made = await _client.Post(pods, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = "web" } },
                ["spec"] = new JsonObject
                {
                    ["nodeName"] = node,
                    ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "i" }),
                },
            }.ToJsonString());
            Assert.True((int)made.Code == 201, made.Text);
            const string Ready = """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""";
            await _client.Send(
                "PATCH", $"{pods}/{name}/status", Encoding.UTF8.GetBytes(Ready), "application/merge-patch+json");
        }

        return ns;
    }
}

using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>palisade prove on the embedded cluster: each agent answers for its own kernel.</summary>
public sealed class ProveTests
{
    [Fact]
    public async Task Every_node_proves_what_it_enforces()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo", "--nodes", "2");
        await up.KubectlAsync("apply", "-f", "examples/exercise/deny-all.yaml");
        await up.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");

        var proved = await up.PalisadeAsync("prove");
        Assert.True(proved.Code == 0, proved.ToString());
        Assert.Matches("(?m)^proved   node-1: [0-9,]+ cells", proved.Output);
        Assert.Matches("(?m)^2 nodes, [0-9,]+ cells compared, 0 different$", proved.Output);

        proved = await up.PalisadeAsync("prove", "--node", "node-2", "-o", "json");
        Assert.True(proved.Code == 0, proved.ToString());
        var node = Assert.Single(JsonNode.Parse(proved.Output)!["nodes"]!.AsArray())!;
        Assert.Equal("node-2", (string?)node["node"]);
        Assert.True((bool?)node["holds"] == true && (long?)node["cells"] > 1000, proved.Output);

        var condition = await up.KubectlAsync(
            "get", "node", "node-1", "-o", "jsonpath={.status.conditions[?(@.type=='PalisadeProved')].status}");
        Assert.Equal("True", condition.Trim());
    }

    [Fact]
    public async Task What_cannot_be_asked_is_said()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo");
        var asked = await up.PalisadeAsync("prove", "--node", "nowhere");
        Assert.True(asked.Code == 2, asked.ToString());
        Assert.Contains("there is no Node nowhere", asked.Errors);
        asked = await up.PalisadeAsync("prove", "-f", "examples/exercise/pods.yaml");
        Assert.True(asked.Code == 2, asked.ToString());
        Assert.Contains("--local", asked.Errors);
    }
}

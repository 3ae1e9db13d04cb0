using System.Text.Json.Nodes;
using Palisade.ApiServer.Resources;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Numbers on nodes of Services' ports, as kube-apiserver gives and refuses them.</summary>
public sealed class ServiceNodePortsTests(RunningServer running)
{
    private readonly ServiceNodePorts _ports = new();

    [Fact]
    public void Ports_on_nodes_get_numbers_and_keep_them()
    {
        var made = Service("""
            {"type":"NodePort","ports":[
              {"name":"a","port":1,"protocol":"TCP"},{"name":"b","port":2,"protocol":"TCP"}]}
            """);
        Assert.Empty(_ports.Assign(made, null, []));
        Assert.All(Numbers(made), number => Assert.InRange(number, 30000, 32767));
        Assert.Distinct(Numbers(made));
        // As kubectl apply sends it; the ports stand in another order.
        var again = Service("""
            {"type":"NodePort","ports":[
              {"name":"b","port":2,"protocol":"TCP"},{"name":"a","port":9,"protocol":"TCP"}]}
            """);
        Assert.Empty(_ports.Assign(again, made, []));
        Assert.Equal(Numbers(made).Reverse(), Numbers(again));
        var inside = Service("""{"type":"ClusterIP","externalTrafficPolicy":"Cluster","ports":[]}""");
        inside["spec"]!["ports"] = made["spec"]!["ports"]!.DeepClone();
        Assert.Empty(_ports.Assign(inside, made, []));
        Assert.Equal([0, 0], Numbers(inside));
        Assert.Null(inside["spec"]!["externalTrafficPolicy"]);
    }

    [Theory]
    [InlineData(
        "NodePort", 80,
        "Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767")]
    [InlineData("ClusterIP", 30080, "Forbidden: may not be used when `type` is 'ClusterIP'")]
    [InlineData("NodePort", 30080, null)]
    public void What_is_asked_for_is_judged(string type, int number, string? why)
    {
        var service = Service($$"""{"type":"{{type}}","ports":[{"port":80,"protocol":"TCP","nodePort":{{number}}}]}""");
        var causes = _ports.Assign(service, null, []);
        Assert.Equal(why, causes.SingleOrDefault()?.Message);
        Assert.Equal(why is null ? number : type == "ClusterIP" ? 0 : number, Assert.Single(Numbers(service)));
    }

    [Fact]
    public async Task A_number_is_given_once()
    {
        var services = $"/api/v1/namespaces/{running.NewNamespace("node-ports")}/services";
        const string Body = """
            {"metadata":{"name":"NAME"},"spec":{"type":"LoadBalancer","ports":[{"port":80,"nodePort":31999}]}}
            """;
        var one = await running.Client.Post(services, Body.Replace("NAME", "one"));
        Assert.True((int)one.Code == 201, one.Text);
        Assert.Equal("Cluster", (string)one.Json["spec"]!["externalTrafficPolicy"]!);
        Assert.True((bool)one.Json["spec"]!["allocateLoadBalancerNodePorts"]!);
        var two = await running.Client.Post(services, Body.Replace("NAME", "two"));
        Assert.Equal(
            "Service \"two\" is invalid: " +
            "spec.ports[0].nodePort: Invalid value: 31999: provided port is already allocated",
            two.Message);
        Assert.Contains("80:31999/TCP", running.Kubectl.Ok("get service one -n node-ports"));
    }

    private static JsonObject Service(string spec) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "web", ["namespace"] = "default" },
        ["spec"] = JsonNode.Parse(spec),
    };

    private static IEnumerable<int> Numbers(JsonObject service) =>
        service["spec"]!["ports"]!.AsArray().Select(port => int.Parse($"{port!["nodePort"] ?? 0}"));
}

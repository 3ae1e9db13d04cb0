using System.Diagnostics;
using System.Text.Json.Nodes;
using Palisade.Dataplane.Tests.Cut;
using Palisade.Kubernetes.Client;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>The agent as it is shipped, and connections that are older than it.</summary>
public sealed class AgentCutTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_denial_stops_streams_that_are_older_than_the_agent_and_its_end_lets_them_go_on()
    {
        await using var bench = await AgentBench.StartAsync();
        bench.World.Seat(AgentProcessTests.Cluster(), stack: true);
        var (web, frontend) = (bench.World.PlaceOf(0)!, bench.World.PlaceOf(1)!);
        if (!web.Addresses.Contains(AgentProcessTests.Web))
            (web, frontend) = (frontend, web);
        using var tcp = Traffic.Start(
            Protocol.Tcp, frontend, AgentProcessTests.Frontend, web, AgentProcessTests.Web, 8080);
        using var udp = Traffic.Start(
            Protocol.Udp, frontend, AgentProcessTests.Frontend, web, AgentProcessTests.Web, 8081);
        var version = await AgentProcessTests.CreateClusterAsync(bench);
        bench.StartAgent();
        await bench.EnforcedAsync(version, "pods");
        Assert.True(tcp.Flows(Soon) && udp.Flows(Soon), $"nothing denies them yet {tcp.Failure} {udp.Failure}");
        for (var round = 0; round < 2; round++)
        {
            version = await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", Denial());
            var acknowledged = Stopwatch.GetTimestamp();
            var (first, second) = (tcp.StoppedAfter(acknowledged), udp.StoppedAfter(acknowledged));
            output.WriteLine($"stopped {first.TotalMilliseconds:F0}, {second.TotalMilliseconds:F0} ms after the API");
            await bench.Client.DeleteAsync(KubeResource.NetworkPolicies, "dev-team", "deny-all", default);
            Assert.True(tcp.Flows(Soon) && udp.Flows(Soon), $"allowed again {tcp.Failure} {udp.Failure}");
        }

        Assert.Null(tcp.Failure);
    }

    private static JsonObject Denial() => JsonNode.Parse("""
        { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "deny-all" },
          "spec": { "podSelector": { "matchLabels": { "app": "web" } }, "policyTypes": ["Ingress"] } }
        """)!.AsObject();
}

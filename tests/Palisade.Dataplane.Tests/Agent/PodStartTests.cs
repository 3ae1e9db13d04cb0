using System.Diagnostics;
using Palisade.Dataplane.Tests.World;
using Palisade.Kubernetes.Client;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.Agent.AgentProcessTests;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>Pods that speak from the moment that their network is there.</summary>
public sealed class PodStartTests
{
    /// <summary>
    /// 50 pods, on a bridge 20 (1,000 with PALISADE_NIGHTLY=1), start under deny-all, with addresses that pods before
    /// them had. Each floods from before its link has an address until it is gone; the API tells of it before or after
    /// that. Nothing arrives; and without the policy it does.
    /// </summary>
    [Theory]
    [InlineData(false, 50)]
    [InlineData(true, 20)]
    public async Task Nothing_leaks_when_pods_start_and_their_addresses_are_used_again(bool bridged, int starts)
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var bench = await DriftTests.ClosedAsync(bridged);
        if (Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1")
            starts = 1000;
        var (sent, leaked) = (0L, 0);
        for (var start = 0; start < starts; start++)
        {
            var (went, came) = await StartOneAsync(bench, start);
            sent += went;
            leaked += came;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{starts} starts, {sent} datagrams sent, {leaked} arrived");
        Assert.Equal(0, leaked);
        Assert.True(sent > starts, $"only {sent} were sent");
        await bench.Client.DeleteAsync(KubeResource.NetworkPolicies, "dev-team", "deny-all", cancel);
        await Task.Delay(500, cancel);
        var (_, open) = await StartOneAsync(bench, starts);
        Assert.True(open > 0, "without a policy they arrive");
    }

    private static async Task<(long Sent, int Arrived)> StartOneAsync(AgentBench bench, int number)
    {
        var address = Address.Parse($"10.244.1.{10 + number % 5}");
        using var pod = new PodPlace(bench.Node, 100 + number);
        using var flood = new Flood(pod.Namespace, DriftTests.PlaceOf(bench, Web).Namespace, Web, 5353);
        var began = Stopwatch.GetTimestamp();
        var name = $"starting-{number}";
        ulong version;
        if (number % 2 == 0)
        {
            pod.Take(bench.Node.Routing, [address], stack: true);
            await Task.Delay(number % 7);
            version = await CreateAsync();
        }
        else
        {
            version = await CreateAsync();
            await Task.Delay(number % 5);
            pod.Take(bench.Node.Routing, [address], stack: true);
        }

        await bench.EnforcedAsync(version, "pods");
        await Task.Delay(20);
        var result = (flood.Sent, flood.ArrivedSince(began));
        // Gone from the API before or after its network: its address is the next one's in a moment.
        if (number % 3 == 0)
            pod.Leave(bench.Node.Routing);
        await bench.Client.DeleteAsync(KubeResource.Pods, "dev-team", name, default);
        if (number % 3 != 0)
            pod.Leave(bench.Node.Routing);
        return (result.Sent, flood.ArrivedSince(began));

        Task<ulong> CreateAsync() => bench.CreateAsync(KubeResource.Pods, "dev-team", Parse($$"""
            { "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "{{name}}", "labels": { "app": "{{name}}" } },
              "spec": { "nodeName": "n1", "containers": [ { "name": "c", "image": "none" } ] },
              "status": { "phase": "Running", "podIP": "{{address}}", "podIPs": [ { "ip": "{{address}}" } ] } }
            """));
    }
}

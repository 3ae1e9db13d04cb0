using System.Diagnostics;
using Palisade.Kubernetes.Client;
using Palisade.Nftables;
using static Palisade.Dataplane.Tests.Agent.AgentProcessTests;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>An agent that is killed at any moment leaves a whole table, and the next one takes it over.</summary>
public sealed class KilledAgentTests
{
    /// <summary>
    /// 30 agents (1,000 with PALISADE_NIGHTLY=1), each killed at a random moment while pods and policies come and go. A
    /// flood that every one of these policies denies never arrives; a connection that all of them allow goes on, and
    /// new ones like it begin.
    /// </summary>
    [Fact]
    public async Task Nothing_denied_passes_and_nothing_allowed_breaks_while_agents_are_killed()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var bench = await DriftTests.ClosedAsync();
        await DoorPolicy.PutAsync(bench, "keep", KeptStream.Port);
        var version = await DoorPolicy.PutAsync(bench, "flip", 80);
        await bench.EnforcedAsync(version);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var churn = ChurnAsync(bench, stop.Token);
        using var stream = new KeptStream(bench);
        using var flood = DriftTests.FloodOf(bench);
        using var kernel = bench.Node.Namespace.Run(() => new NftSocket());
        var kills = Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 1000 : 30;
        var began = Stopwatch.GetTimestamp();
        for (var kill = 0; kill < kills; kill++)
        {
            bench.Agent.Kill();
            await bench.Agent.WaitForExitAsync(cancel);
            AssertWhole(kernel.Dump(NftFamily.Inet, "palisade"));
            stream.Exchange();
            bench.StartAgent();
            if (kill % 3 == 0)
                await bench.EnforcedAsync(1);
            await Task.Delay(Random.Shared.Next(600), cancel);
            stream.Exchange();
        }

        await bench.EnforcedAsync(1);
        Assert.True(stream.Opens(), "a new connection that all policies allow begins");
        await stop.CancelAsync();
        var changes = await churn;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{kills} kills, {changes} changes, {flood.Sent} denied datagrams sent, "
            + $"{flood.ArrivedSince(began)} arrived, {stream.Exchanges} exchanges on the kept connection");
        Assert.True(flood.Sent > kills * 100 && changes > kills, $"{flood.Sent} sent, {changes} changes");
        Assert.Equal(0, flood.ArrivedSince(began));
    }

    /// <summary>Base chains with their rules, and every gate that a map leads to.</summary>
    private static void AssertWhole(Ruleset? table)
    {
        Assert.NotNull(table);
        var chains = table.Chains.ToDictionary(chain => chain.Name);
        foreach (var name in (string[])["antispoof", "unclaimed", "input", "gates"])
            Assert.NotEmpty(chains[name].Rules);
        Assert.NotEmpty(table.Sets.Single(set => set.Name == "ingress4").Elements);
    }

    private static async Task<int> ChurnAsync(AgentBench bench, CancellationToken stop)
    {
        for (var i = 0; ; i++)
        {
            if (stop.IsCancellationRequested)
                return i;
            await DoorPolicy.PutAsync(bench, "flip", (ushort)(80 + i % 2));
            await bench.CreateAsync(KubeResource.Pods, "dev-team", Parse($$"""
                { "apiVersion": "v1", "kind": "Pod",
                  "metadata": { "name": "far-{{i}}", "labels": { "app": "frontend" } },
                  "spec": { "nodeName": "n2", "containers": [ { "name": "c", "image": "none" } ] },
                  "status": { "phase": "Running", "podIPs": [ { "ip": "10.244.2.{{2 + i % 200}}" } ] } }
                """));
            if (i >= 20)
                await bench.Client.DeleteAsync(KubeResource.Pods, "dev-team", $"far-{i - 20}", default);
            await Task.Delay(10, CancellationToken.None);
        }
    }
}

using System.Diagnostics;
using Palisade.Dataplane.Tests.Cut;
using Palisade.Dataplane.Tests.World;
using Palisade.Kubernetes.Client;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using static Palisade.Dataplane.Tests.Agent.AgentProcessTests;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>
/// What may go wrong around an agent while a flood that every policy denies and a connection that every policy allows
/// go on: the first never arrives, the second loses nothing.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    /// <summary>
    /// The table as an agent before tiers, logs, owners and cutting left it; or, with PALISADE_OLD_AGENT naming
    /// its program, that agent itself, killed in the middle.
    /// </summary>
    [Fact]
    public async Task An_agent_takes_over_the_table_of_an_older_build()
    {
        await using var bench = await BenchAsync();
        if (Environment.GetEnvironmentVariable("PALISADE_OLD_AGENT") is { Length: > 0 } old)
        {
            bench.Program = old;
            bench.StartAgent();
            await bench.EnforcedAsync(1);
            using var traffic = new Under(bench);
            bench.Agent.Kill();
            await bench.Agent.WaitForExitAsync(TestContext.Current.CancellationToken);
            bench.Program = AgentBench.Present;
            await TakeOverAsync(bench, traffic);
            return;
        }

        Nft.Load(bench.Node.Namespace, await File.ReadAllTextAsync(OlderTable));
        using var recorded = new Under(bench);
        await TakeOverAsync(bench, recorded);
    }

    /// <summary>
    /// A table of a later build has what this one does not know: chains, hooks, objects, expressions. It goes back to
    /// what this one means, in one transaction.
    /// </summary>
    [Fact]
    public async Task An_agent_takes_over_the_table_of_a_later_build()
    {
        await using var bench = await BenchAsync();
        bench.StartAgent("--shared-table");
        await bench.EnforcedAsync(1);
        using var traffic = new Under(bench);
        bench.Agent.Kill();
        await bench.Agent.WaitForExitAsync(TestContext.Current.CancellationToken);
        Nft.Load(bench.Node.Namespace, """
            table inet palisade {
              quota later { 25 mbytes }
              set recent { type ipv4_addr; size 128; flags dynamic,timeout; timeout 1m; }
              chain next {
                meta length 0-65535 numgen inc mod 2 vmap { 0 : return, 1 : return }
              }
              chain offered {
                type filter hook forward priority 5; policy accept;
                jump next
                quota name "later"
              }
            }
            """);
        await TakeOverAsync(bench, traffic);
        using var kernel = bench.Node.Namespace.Run(() => new NftSocket());
        Assert.DoesNotContain(
            kernel.Dump(NftFamily.Inet, "palisade")!.Chains, chain => chain.Name is "next" or "offered");
    }

    [Fact]
    public async Task An_API_server_that_goes_and_comes_back_changes_nothing_but_what_it_says_then()
    {
        await using var bench = await BenchAsync();
        bench.StartAgent();
        await bench.EnforcedAsync(1);
        using var traffic = new Under(bench);
        for (var round = 0; round < 2; round++)
        {
            await bench.EndServerAsync();
            await Until(async () => (await bench.MetricsAsync())["palisade_watch_failing{resource=\"pods\"}"] == 1);
            traffic.Goes();
            await bench.ReturnServerAsync();
            var version = await DoorPolicy.PutAsync(bench, "door", (ushort)(80 + round));
            await bench.EnforcedAsync(version);
            Assert.True(Reaches(bench, expected: true, port: (ushort)(80 + round)), "the new policy is in force");
            await Until(async () => (await bench.MetricsAsync())["palisade_watch_failing{resource=\"pods\"}"] == 0);
        }

        traffic.Ends(output);
    }

    /// <summary>
    /// Another program has taken the table while no agent was there, so the kernel refuses each change of the next one:
    /// the last table stays, the node says so, and what was refused is in force soon after it can be.
    /// </summary>
    [Fact]
    public async Task A_kernel_that_refuses_leaves_the_last_table_and_takes_the_change_later()
    {
        await using var bench = await BenchAsync();
        bench.StartAgent();
        await bench.EnforcedAsync(1);
        using var traffic = new Under(bench);
        bench.Agent.Kill();
        await bench.Agent.WaitForExitAsync(TestContext.Current.CancellationToken);
        var other = bench.Node.Namespace.Run(() => new NftSocket());
        var table = Assert.Single(other.Tables());
        Assert.SkipWhen(
            (table.Flags & TableFlags.Persist) == 0, "THIS KERNEL KEEPS NO TABLE FOR ONE PROGRAM (Linux before 6.9)");
        var before = other.Dump(NftFamily.Inet, "palisade")!;
        var take = new Transaction(table with { Flags = TableFlags.Owner | TableFlags.Persist });
        take.AddTable();
        other.Commit(take);
        var version = await DoorPolicy.PutAsync(bench, "door", 80);
        bench.StartAgent();
        await Until(async () => await IsFailingAsync(bench));
        await Until(async () => await ReadyAsync(bench) == "False KernelRefused");
        Assert.False(Reaches(bench, expected: false), "the change is not in force");
        var now = other.Dump(NftFamily.Inet, "palisade")!;
        Assert.Equal(before.Chains.Select(chain => chain.ToString()), now.Chains.Select(chain => chain.ToString()));
        traffic.Goes();

        other.Dispose();
        await bench.EnforcedAsync(version);
        Assert.True(Reaches(bench, expected: true), "the change is in force");
        await Until(async () => (await bench.MetricsAsync())["palisade_ready"] == 1);
        var figures = await bench.MetricsAsync();
        Assert.True(figures["palisade_generation_enforced{resource=\"networkpolicies\"}"] >= version);
        traffic.Ends(output);
    }

    private static string OlderTable => Path.Combine(AppContext.BaseDirectory, "Agent", "older-table.nft");

    private static async Task<bool> IsFailingAsync(AgentBench bench)
    {
        var figures = await bench.MetricsAsync();
        return figures["palisade_ready"] == 0 && figures["palisade_apply_failures_total"] > 1;
    }

    /// <summary>The agent of this build starts, and means what the policies say.</summary>
    private async Task TakeOverAsync(AgentBench bench, Under traffic)
    {
        traffic.Goes();
        bench.StartAgent();
        await bench.EnforcedAsync(1);
        traffic.Goes();
        var version = await DoorPolicy.PutAsync(bench, "door", 80);
        await bench.EnforcedAsync(version);
        Assert.True(Reaches(bench, expected: true) && !Reaches(bench, expected: false, port: 81), "it enforces");
        traffic.Ends(output);
    }

    /// <summary>web is closed but for the kept connection's port; no agent yet.</summary>
    private static async Task<AgentBench> BenchAsync()
    {
        var bench = await AgentBench.StartAsync();
        bench.World.Seat(Cluster(), stack: true);
        await CreateClusterAsync(bench);
        await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", Parse("""
            { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "deny-all" },
              "spec": { "podSelector": {}, "policyTypes": ["Ingress"] } }
            """));
        await DoorPolicy.PutAsync(bench, "keep", KeptStream.Port);
        return bench;
    }

    /// <summary>Status and reason of the Node's condition.</summary>
    private static async Task<string> ReadyAsync(AgentBench bench)
    {
        var node = await bench.Client.GetAsync(KubeResource.Nodes, null, "n1", default);
        var condition = node["status"]?["conditions"]?.AsArray()
            .SingleOrDefault(c => (string?)c!["type"] == "PalisadeReady");
        return $"{condition?["status"]} {condition?["reason"]}";
    }

    private static async Task Until(Func<Task<bool>> holds)
    {
        for (var began = Stopwatch.GetTimestamp(); !await holds(); await Task.Delay(50))
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60), "it did not come to that");
    }

    /// <summary>The denied flood and the kept connection.</summary>
    private sealed class Under : IDisposable
    {
        private readonly AgentBench _bench;
        private readonly KeptStream _stream;
        private readonly Flood _flood;
        private readonly long _began;

        public Under(AgentBench bench)
        {
            (_bench, _stream) = (bench, new(bench));
            _flood = DriftTests.FloodOf(_bench);
            _began = Stopwatch.GetTimestamp();
        }

        public void Goes()
        {
            _stream.Exchange();
            Assert.Equal(0, _flood.ArrivedSince(_began));
        }

        public void Ends(ITestOutputHelper output)
        {
            Goes();
            Assert.True(_stream.Opens(), "a new connection that all policies allow begins");
            output.WriteLine(
                $"{_flood.Sent} denied datagrams sent, {_flood.ArrivedSince(_began)} arrived, "
                + $"{_stream.Exchanges} exchanges on the kept connection");
            Assert.True(_flood.Sent > 1000, $"only {_flood.Sent} were sent");
        }

        public void Dispose()
        {
            _flood.Dispose();
            _stream.Dispose();
        }
    }
}

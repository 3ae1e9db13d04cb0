using System.Diagnostics;
using Palisade.Dataplane.Tests.World;
using Palisade.Kubernetes.Client;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using static Palisade.Dataplane.Tests.Agent.AgentProcessTests;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>Others write, or try to write, the table that is ours.</summary>
public sealed class DriftTests
{
    /// <summary>
    /// Where the kernel lets a table be owned nobody else changes it, a foreign flush of everything included; the next
    /// agent takes over what a killed one left.
    /// </summary>
    [Fact]
    public async Task An_owned_table_is_closed_to_others_and_adopted_by_the_next_agent()
    {
        await using var bench = await ClosedAsync();
        using var kernel = bench.Node.Namespace.Run(() => new NftSocket());
        var table = Assert.Single(kernel.Tables());
        Assert.SkipWhen(
            (table.Flags & TableFlags.Owner) == 0, "THIS KERNEL KEEPS NO TABLE FOR ONE PROGRAM (Linux before 6.9)");
        foreach (var how in Harms.Keys)
        {
            var refused = Assert.Throws<NftablesException>(() => kernel.Commit(Harms[how](table)));
            Assert.Equal(Errno.EPERM, refused.Errno);
        }

        var generation = kernel.Generation();
        bench.Agent.Kill();
        await bench.Agent.WaitForExitAsync(TestContext.Current.CancellationToken);
        var orphan = Assert.Single(kernel.Tables());
        Assert.Equal((TableFlags.Persist, 0u), (orphan.Flags & TableFlags.Persist, orphan.OwnerPort));
        Assert.False(Reaches(bench, expected: false), "the table stays");
        bench.StartAgent();
        await bench.EnforcedAsync(1);
        Assert.NotEqual(0u, Assert.Single(kernel.Tables()).OwnerPort);
        Assert.Throws<NftablesException>(() => kernel.Commit(Harms["flush chain"](table)));
        Assert.True(kernel.Generation() <= generation + 2, "adopted, not written again");
    }

    /// <summary>A table of an agent before 0.2 has no owner, and can have one only when it is made anew.</summary>
    [Fact]
    public async Task A_table_without_flags_is_made_anew_in_one_transaction()
    {
        await using var bench = await ClosedAsync("--shared-table");
        using var kernel = bench.Node.Namespace.Run(() => new NftSocket());
        Assert.Equal(TableFlags.None, Assert.Single(kernel.Tables()).Flags);
        bench.Agent.Kill();
        await bench.Agent.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var flood = FloodOf(bench);
        var began = Stopwatch.GetTimestamp();
        bench.StartAgent();
        await bench.EnforcedAsync(1);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.True(flood.Sent > 100, "nobody sent");
        Assert.Equal(0, flood.ArrivedSince(began));
    }

    /// <summary>Somebody else owns it: a clear word, and not ready, for as long as that lasts.</summary>
    [Fact]
    public async Task A_table_that_another_program_owns_makes_the_node_not_ready()
    {
        await using var bench = await AgentBench.StartAsync();
        bench.World.Seat(Cluster());
        var version = await CreateClusterAsync(bench);
        var other = bench.Node.Namespace.Run(() => new NftSocket());
        var taken = new Transaction(
            new(NftFamily.Inet, "palisade") { Flags = TableFlags.Owner | TableFlags.Persist });
        taken.AddTable();
        try
        {
            other.Commit(taken);
        }
        catch (NftablesException e) when (e.Errno is Errno.EOPNOTSUPP or Errno.EINVAL)
        {
            Assert.Skip("THIS KERNEL KEEPS NO TABLE FOR ONE PROGRAM (Linux before 6.9)");
        }

        bench.StartAgent();
        await EventuallyAsync(async () =>
        {
            var node = await bench.Client.GetAsync(KubeResource.Nodes, null, "n1", default);
            return node["status"]?["conditions"]?.AsArray().Any(c =>
                (string?)c!["type"] == "PalisadeReady" && (string?)c["status"] == "False"
                && ((string?)c["reason"]) == "KernelRefused") == true;
        }, "the node is not ready");
        lock (bench.Log)
            Assert.Contains(bench.Log, line => line.Contains("Another program owns table inet palisade"));
        other.Dispose();
        await bench.EnforcedAsync(version, "pods");
    }

    /// <summary>
    /// 20 harms to a table that is shared (200 with PALISADE_NIGHTLY=1), while a denied flood goes on: each is mended,
    /// and what came through meanwhile is told.
    /// </summary>
    [Fact]
    public async Task What_others_do_to_a_shared_table_is_undone_at_once()
    {
        await using var bench = await ClosedAsync("--shared-table");
        using var kernel = bench.Node.Namespace.Run(() => new NftSocket());
        using var seen = bench.Node.Namespace.Run(() => new NftMonitor());
        using var flood = FloodOf(bench);
        var rounds = Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 200 : 20;
        var (times, leaked) = (new List<double>(), new List<int>());
        var whole = kernel.Dump(NftFamily.Inet, "palisade")!;
        for (var round = 0; round < rounds; round++)
        {
            var harm = Harms.Values.ElementAt(round % Harms.Count)(whole.Table);
            while (seen.Read(TimeSpan.Zero) is not null)
            {
            }

            var began = Stopwatch.GetTimestamp();
            kernel.Commit(harm);
            while (seen.Read(TimeSpan.FromSeconds(10)) is { } commit && commit.Port == kernel.Port)
            {
            }

            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await Task.Delay(150, TestContext.Current.CancellationToken);
            leaked.Add(flood.ArrivedSince(began));
            var now = kernel.Dump(NftFamily.Inet, "palisade");
            Assert.Equal(Chains(whole), Chains(now!));
        }

        times.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{rounds} harms: mended after {times[rounds / 2]:F1} ms p50, {times[^1]:F1} ms at most; of {flood.Sent} "
            + $"denied datagrams {leaked.Sum()} came through, {leaked.Max()} at most in one");
        // Nightly the machine is the test's own; otherwise others wait for the same two cores.
        var most = rounds > 100 ? 50 : 5000;
        Assert.True(times[rounds * 99 / 100] < most, $"p99 {times[rounds * 99 / 100]} ms");
    }

    private static readonly Dictionary<string, Func<Table, Transaction>> Harms = new()
    {
        ["flush chain"] = table => Do(table, t => t.FlushChain("gates")),
        ["flush map"] = table => Do(table, t => t.FlushSet("ingress4")),
        ["add element"] = table => Do(table, t => t.AddElements(
            new("uplinks", KeyType.InterfaceName), [new(NftKey.Interface("evil0"))])),
        ["delete table"] = table => Do(table, t => t.DeleteTable()),
    };

    private static Transaction Do(Table table, Action<Transaction> what)
    {
        var transaction = new Transaction(table);
        what(transaction);
        return transaction;
    }

    private static string Chains(Ruleset ruleset) => string.Join('\n', ruleset.Chains.OrderBy(c => c.Name)
        .Select(c => $"{c.Name}: {string.Join("; ", c.Rules)}"));

    internal static Flood FloodOf(AgentBench bench) => new(
        PlaceOf(bench, Frontend).Namespace, PlaceOf(bench, Web).Namespace, Web, 5353);

    internal static PodPlace PlaceOf(AgentBench bench, Policy.Sets.Address address) =>
        bench.Node.Pods.Single(pod => pod.Addresses.Contains(address));

    internal static Task<AgentBench> ClosedAsync(params string[] options) => ClosedAsync(bridged: false, options);

    internal static async Task<AgentBench> ClosedAsync(bool bridged, params string[] options)
    {
        var bench = await AgentBench.StartAsync(bridged);
        bench.World.Seat(Cluster(), stack: true);
        await CreateClusterAsync(bench);
        var version = await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", Parse("""
            { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "deny-all" },
              "spec": { "podSelector": {}, "policyTypes": ["Ingress"] } }
            """));
        bench.StartAgent(options);
        await bench.EnforcedAsync(version);
        return bench;
    }

    internal static async Task EventuallyAsync(Func<Task<bool>> holds, string what)
    {
        for (var attempt = 0; !await holds(); attempt++)
        {
            Assert.True(attempt < 150, what);
            await Task.Delay(100);
        }
    }
}

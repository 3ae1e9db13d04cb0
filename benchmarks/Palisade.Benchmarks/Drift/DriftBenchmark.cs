using System.Diagnostics;
using System.Net;
using Palisade.Benchmarks.Compile;
using Palisade.Benchmarks.Memory;
using Palisade.Benchmarks.Throughput;
using Palisade.Dataplane.Tests.World;
using Palisade.Manifests.Generate;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Address = Palisade.Policy.Sets.Address;

namespace Palisade.Benchmarks.Drift;

/// <summary>
/// Others change the table of a node in a large cluster, in many ways, under a flood that its policies deny: how soon
/// the agent has undone it, and what came through. Where the table is shared; where the kernel keeps it for its owner;
/// and where nobody owns it, because the agent was killed.
/// </summary>
internal sealed class DriftBenchmark : IAsyncDisposable
{
    private const ushort Port = 5353;
    private const int Restarts = 10;
    private static readonly Address From = Address.Parse("10.99.0.2"), To = Address.Parse("10.99.0.3");
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(40), Patience = TimeSpan.FromSeconds(30);

    private readonly MeasuredAgent _agent;
    private readonly string _program;
    private readonly NetworkNamespace[] _pods;
    private readonly NftSocket _nft;
    private readonly CommitLog _commits;
    private readonly ConntrackSocket _flows;
    private readonly List<(string How, double Milliseconds, int Leaked)> _rounds = [];
    private Harms _harms = null!;

    private DriftBenchmark(MeasuredAgent agent, string program)
    {
        (_agent, _program) = (agent, program);
        _pods = [NetworkNamespace.Create("from"), NetworkNamespace.Create("to")];
        (_nft, _flows) = agent.Space.Run(() => (new NftSocket(), new ConntrackSocket()));
        _commits = new(agent.Space);
        agent.Space.Run(() =>
        {
            using var routing = new RtSocket();
            Sysctl.Write("net.ipv4.ip_forward", "1");
            Sysctl.Write("net.ipv4.conf.all.rp_filter", "0");
            Sysctl.Write("net.ipv4.conf.default.rp_filter", "0");
            PodLink.Join(routing, _pods[0], "flood-from", new(From.ToBytes()));
            PodLink.Join(routing, _pods[1], "flood-to", new(To.ToBytes()));
        });
    }

    public static async Task<int> RunAsync(string[] args)
    {
        var rounds = args is [var count, ..] ? int.Parse(count) : 200;
        var program = Path.GetFullPath(args is [_, var other, ..] ? other : "artifacts/native/palisade-agent");
        var text = args is [_, _, var given] ? given : "size:5000,1000,200";
        if (BenchmarkShape.TryParse(text, out var why) is not { } shape || !File.Exists(program))
        {
            Console.Error.WriteLine(why.Length > 0 ? why : $"there is no {program}: ./build.sh publish makes it");
            return 2;
        }

        var cluster = WithFlood(MemoryBenchmark.Seated(shape.Generate(1)));
        await using var agent = await MeasuredAgent.StartServerAsync();
        agent.Space.Run(() => MemoryBenchmark.Routes(cluster));
        MemoryBenchmark.Fill(agent, cluster);
        await using var bench = new DriftBenchmark(agent, program);
        using var flood = new Flood(bench._pods[0], bench._pods[1], To, Port);
        await bench.SharedAsync(flood, rounds, text);
        await bench.OwnedAsync(flood, rounds);
        await bench.OrphanedAsync(flood);
        return 0;
    }

    public ValueTask DisposeAsync()
    {
        _flows.Dispose();
        _commits.Dispose();
        _nft.Dispose();
        foreach (var pod in _pods)
            pod.Dispose();
        return ValueTask.CompletedTask;
    }

    private static ClusterSnapshot WithFlood(ClusterSnapshot cluster)
    {
        var pods = new[] { ("from", From), ("to", To) }.Select(pod => new Endpoint
        {
            Namespace = "drift",
            Name = pod.Item1,
            Node = MeasuredAgent.Node,
            Addresses = [pod.Item2],
            Workload = new("Pod", pod.Item1),
        });
        var denial = new NetworkPolicy
        {
            Namespace = "drift",
            Name = "deny-all",
            Subject = LabelSelector.Everything,
            IsolatesIngress = true,
        };
        return ClusterSnapshot.Of(
            cluster.Namespaces.Add(new("drift", LabelSet.Empty)), cluster.Endpoints.AddRange(pods),
            cluster.NetworkPolicies.Add(denial), nodes: cluster.Nodes);
    }

    private async Task StartAsync(params string[] options)
    {
        await _agent.StartAsync(_program, options);
        await Task.Delay(500);
    }

    private async Task SharedAsync(Flood flood, int rounds, string shape)
    {
        await StartAsync("--shared-table");
        var table = _nft.Dump(NftFamily.Inet, "palisade")!;
        _harms = new(table, To, _agent.Space);
        var (elements, rules) = (table.Sets.Sum(set => set.Elements.Length), table.Chains.Sum(c => c.Rules.Length));
        Console.WriteLine($"{shape}: {table.Chains.Length} chains, {rules} rules, {elements} elements");
        var began = (flood.Sent, At: Stopwatch.GetTimestamp(), _agent.Processor);
        for (var round = 0; round < rounds; round++)
        {
            var (how, harm) = _harms.All[round % _harms.All.Length];
            await HarmAsync(flood, how, harm, table);
        }

        var seconds = Stopwatch.GetElapsedTime(began.At).TotalSeconds;
        var processor = (_agent.Processor - began.Processor).TotalMilliseconds / rounds;
        Console.WriteLine($"shared table, {(flood.Sent - began.Sent) / seconds:F0} denied datagrams a second; "
            + $"{Figures.Text(processor)} ms of the agent's processor time a harm");
        Tell();
    }

    /// <summary>Harms once, and waits until the table is what it was.</summary>
    private async Task HarmAsync(Flood flood, string how, Action<NftSocket> harm, Ruleset whole)
    {
        _commits.Clear();
        var began = Stopwatch.GetTimestamp();
        harm(_nft);
        var mended = await MendedAsync(whole, began);
        _rounds.Add((how, mended.TotalMilliseconds, flood.ArrivedSince(began)));
        ForgetFlood();
        await Task.Delay(100);
    }

    /// <summary>Once it has come through, its connection is cut, and would stop whatever the table says.</summary>
    private void ForgetFlood() => _flows.Delete([.. _flows.Dump(new() { Family = 4 })]);

    /// <summary>
    /// From the commit that harmed (a program takes some time before it: then as it is heard of) to the last one after
    /// which the table is whole again.
    /// </summary>
    private async Task<TimeSpan> MendedAsync(Ruleset whole, long harmed)
    {
        for (var since = harmed; Stopwatch.GetElapsedTime(since) < Patience; await Task.Delay(Quiet))
        {
            var heard = _commits.All;
            if (heard.Length < 2 || Stopwatch.GetElapsedTime(heard[^1].At) < Quiet
                || _nft.Dump(NftFamily.Inet, "palisade") is not { } now || Harms.Difference(whole, now) is not null)
            {
                continue;
            }

            if (heard[0].Port != _nft.Port)
                harmed = heard[0].At;
            return Stopwatch.GetElapsedTime(harmed, heard[^1].At);
        }

        throw new InvalidOperationException("the table was not mended");
    }

    private async Task OwnedAsync(Flood flood, int rounds)
    {
        await _agent.StopAsync();
        await StartAsync();
        var table = _nft.Dump(NftFamily.Inet, "palisade")!;
        if ((table.Table.Flags & TableFlags.Owner) == 0)
        {
            Console.WriteLine("this kernel keeps no table for its owner");
            return;
        }

        var (refused, began) = (0, Stopwatch.GetTimestamp());
        for (var round = 0; round < rounds; round++)
        {
            try
            {
                _harms.All[round % _harms.All.Length].Harm(_nft);
            }
            catch (KernelException)
            {
                refused++;
            }
        }

        await Task.Delay(200);
        var same = Harms.Difference(table, _nft.Dump(NftFamily.Inet, "palisade")!) is null;
        Console.WriteLine($"owned table: {rounds} harms, {refused} refused, the rest are flushes of everything, which "
            + $"leave it; the table is {(same ? "as it was" : "ANOTHER")}; {flood.ArrivedSince(began)} datagrams came "
            + "through");
    }

    /// <summary>What remains: between two agents the table belongs to nobody.</summary>
    private async Task OrphanedAsync(Flood flood)
    {
        var table = _nft.Dump(NftFamily.Inet, "palisade")!;
        var (times, leaked) = (new List<double>(), new List<int>());
        for (var round = 0; round < Restarts; round++)
        {
            await _agent.StopAsync(kill: true);
            var began = Stopwatch.GetTimestamp();
            _harms.All[round % _harms.All.Length].Harm(_nft);
            await _agent.StartAsync(_program);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            leaked.Add(flood.ArrivedSince(began));
            ForgetFlood();
            if (Harms.Difference(table, _nft.Dump(NftFamily.Inet, "palisade")!) is { } difference)
                throw new InvalidOperationException($"the next agent did not mend the table: {difference}");
        }

        Console.WriteLine($"killed agents, {Restarts}: harm to a table in force again by the next agent, median / most "
            + $"{Figures.Text(Figures.Median(times))} / {Figures.Text(times.Max())} ms; {leaked.Sum()} came through");
    }

    private void Tell()
    {
        Console.WriteLine("| harm | times | repaired, ms: median / p99 / most | came through: all / most in one |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var kind in _rounds.GroupBy(round => round.How))
            Row(kind.Key, [.. kind]);
        Row("**all**", _rounds);

        static void Row(string how, List<(string How, double Milliseconds, int Leaked)> rounds)
        {
            List<double> times = [.. rounds.Select(round => round.Milliseconds)];
            var shares = ((double[])[0.5, 0.99, 1]).Select(share => Figures.Text(Figures.Quantile(times, share)));
            Console.WriteLine($"| {how} | {rounds.Count} | {string.Join(" / ", shares)} | "
                + $"{rounds.Sum(round => round.Leaked)} / {rounds.Max(round => round.Leaked)} |");
        }
    }
}

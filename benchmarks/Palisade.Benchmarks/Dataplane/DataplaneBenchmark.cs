using System.Diagnostics;
using System.Globalization;
using Palisade.Benchmarks.Compile;
using Palisade.Benchmarks.Incremental;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Manifests.Generate;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Benchmarks.Dataplane;

/// <summary>
/// One node's table of a large cluster in a real kernel: its load, its memory there, and single changes from the event
/// to the kernel's ack.
/// </summary>
internal static class DataplaneBenchmark
{
    private const string Node = "measured";
    private const int Events = 2000, WarmUp = 200, Pairs = 7, Loaded = 100_000;

    public static int Run(string[] args)
    {
        var shape = args is [var given, ..] ? given : "size:100000,10000,5000";
        var gates = args is [_, var number, ..] ? int.Parse(number, CultureInfo.InvariantCulture) : 110;
        if (BenchmarkShape.TryParse(shape, out var why) is not { } known)
        {
            Console.Error.WriteLine(why);
            return 2;
        }

        using var space = NetworkNamespace.Create("dataplane");
        using var socket = space.Run(() => new NftSocket());
        var (snapshot, local) = Seated(known.Generate(1), gates);
        var engine = new PolicyEngine(snapshot);
        var network = NodeNetwork.Of(
            local.SelectMany((pod, i) => pod.Addresses.Select(a => new HostRoute($"veth{i}", a))), outward: ["eth0"]);
        var settings = new NodeSettings();
        var watch = Stopwatch.StartNew();
        var live = new LiveTable(engine.Policy, Node, network, settings);
        var ruleset = live.Ruleset();
        Console.WriteLine($"{shape}: {local.Count} pods of the node, {GatesOf(engine.Policy, local)} gates; "
            + $"lowered whole in {Figures.Text(watch.Elapsed.TotalMilliseconds)} ms: {ruleset.Sets.Length} sets, "
            + $"{ruleset.Sets.Sum(set => (long)set.Elements.Length)} elements, {ruleset.Chains.Length} chains, "
            + $"{ruleset.Chains.Sum(chain => chain.Rules.Length)} rules");
        Load(socket, ruleset);
        var reconciler = new Reconciler(TableOwnership.Supported(socket));
        reconciler.Converge(socket, ruleset);
        Changes(socket, reconciler, engine, live, snapshot, network, settings);
        Readback(socket, reconciler, live);
        AgainstNft(space, socket);
        return 0;
    }

    /// <summary>Pods of all parts of the cluster moved to the node until it has so many gates.</summary>
    private static (ClusterSnapshot, List<Endpoint>) Seated(ClusterSnapshot snapshot, int gates)
    {
        var policy = PolicyCompiler.Compile(snapshot);
        var (found, local) = (new HashSet<string>(), new List<Endpoint>());
        for (var id = 0; id < policy.EndpointLimit && found.Count < gates; id += 7)
        {
            var of = policy.ClassOf(id);
            if (of < 0)
                continue;
            var before = found.Count;
            foreach (var direction in (Direction[])[Direction.Ingress, Direction.Egress])
            {
                if (policy.GateOf(of, direction) is { } gate)
                    found.Add(gate.Id);
            }

            if (found.Count > before)
                local.Add(policy.EndpointAt(id)! with { Node = Node });
        }

        var moved = local.ToDictionary(pod => (pod.Namespace, pod.Name));
        return (snapshot with
        {
            Endpoints = [.. snapshot.Endpoints.Select(pod => moved.GetValueOrDefault((pod.Namespace, pod.Name), pod))],
        }, local);
    }

    private static int GatesOf(CompiledPolicy policy, List<Endpoint> local)
    {
        var names = local.Select(pod => (pod.Namespace, pod.Name)).ToHashSet();
        return Enumerable.Range(0, policy.EndpointLimit)
            .Where(id => policy.EndpointAt(id) is { } pod && names.Contains((pod.Namespace, pod.Name)))
            .SelectMany(id => (Direction[])[Direction.Ingress, Direction.Egress],
                (id, direction) => policy.GateOf(policy.ClassOf(id), direction)?.Id)
            .OfType<string>().Distinct().Count();
    }

    /// <summary>The cold start, and what the kernel needs for it: unreclaimable slab and vmalloc, before and after.
    /// </summary>
    private static void Load(NftSocket socket, Ruleset ruleset)
    {
        var (times, memory, applied) = (new List<double>(), new List<double>(), default(Applied));
        for (var i = 0; i < Pairs; i++)
        {
            var before = KernelKib();
            var watch = Stopwatch.StartNew();
            applied = new Reconciler().Converge(socket, ruleset);
            times.Add(watch.Elapsed.TotalMilliseconds);
            memory.Add(KernelKib() - before);
            var gone = new Transaction(ruleset.Table);
            gone.DeleteTable();
            socket.Commit(gone);
            Thread.Sleep(300);   // the kernel frees it afterwards
        }

        Console.WriteLine($"cold start: {Figures.Text(Figures.Median(times))} ms, {applied.Messages} messages in "
            + $"{applied.Transactions} transactions; kernel memory {Figures.Text(Figures.Median(memory) / 1024)} MiB "
            + $"(median of {Pairs})");
    }

    private static void Changes(
        NftSocket socket, Reconciler reconciler, PolicyEngine engine, LiveTable live, ClusterSnapshot snapshot,
        NodeNetwork network, NodeSettings settings)
    {
        var remote = snapshot with { Endpoints = [.. snapshot.Endpoints.Where(pod => pod.Node != Node)] };
        var changes = new ClusterChanges(remote);
        Console.WriteLine("| one event | n | p50 µs | p99 µs | max µs | elements mean | max | messages max |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        Time("pod added elsewhere", changes.AddPod);
        Time("pod elsewhere relabelled", changes.RelabelPod);
        Time("pod elsewhere given another address", changes.MovePod);
        Time("pod elsewhere removed", changes.RemovePod);
        Time("policy edited: ports", changes.EditPorts);
        Time("policy edited: peers", changes.EditPeers);
        Time("policy added", changes.AddPolicy);

        void Time(string what, Func<ClusterChange> next)
        {
            var (times, elements, messages) = (new List<double>(), new List<double>(), 0L);
            for (var i = 0; i < WarmUp + Events; i++)
            {
                var change = next();
                var began = Stopwatch.GetTimestamp();
                var told = live.Update(engine.Apply(change), null, network, settings)!;
                var applied = reconciler.Apply(socket, told);
                var took = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
                if (i < WarmUp)
                    continue;
                times.Add(took);
                elements.Add(told.ElementCount);
                messages = Math.Max(messages, applied.Messages);
            }

            Console.WriteLine($"| {what} | {Events} | {Figures.Text(Figures.Median(times))} | "
                + $"{Figures.Text(Figures.Quantile(times, 0.99))} | {Figures.Text(times.Max())} | "
                + $"{Figures.Text(elements.Average())} | {elements.Max()} | {messages} |");
        }
    }

    /// <summary>A start on a table that is right: it is read and compared, and nothing is written.</summary>
    private static void Readback(NftSocket socket, Reconciler reconciler, LiveTable live)
    {
        var watch = Stopwatch.StartNew();
        var applied = reconciler.Converge(socket, live.Ruleset());
        Console.WriteLine($"a start on the table that is there: {Figures.Text(watch.Elapsed.TotalMilliseconds)} ms, "
            + $"{applied.Messages} messages: after all these changes it was the lowered one"
            + $"{(applied.Messages == 0 ? "" : " NOT")}");
    }

    /// <summary>The same ruleset by us and by nft, in turns.</summary>
    private static void AgainstNft(NetworkNamespace space, NftSocket socket)
    {
        var table = new Table(NftFamily.Inet, "load");
        var ruleset = new Ruleset(table)
        {
            Sets =
            [
                new(new("peers", KeyType.Ipv4Address))
                {
                    Elements = [.. Enumerable.Range(0, Loaded).Select(i => new Element(new NftKey(
                        [10, (byte)(i >> 16), (byte)(i >> 8 & 255), (byte)(i & 255)])))],
                },
            ],
        };
        var file = Path.GetTempFileName();
        File.WriteAllText(file, NftText.Print(ruleset));
        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var i = 0; i < Pairs; i++)
        {
            var watch = Stopwatch.StartNew();
            new Reconciler().Converge(socket, ruleset);
            ours.Add(watch.Elapsed.TotalMilliseconds);
            Delete();
            watch.Restart();
            using (var nft = space.Start(new ProcessStartInfo("nft", ["-f", file])))
                nft.WaitForExit();
            theirs.Add(watch.Elapsed.TotalMilliseconds);
            Delete();
        }

        File.Delete(file);
        var ratios = ours.Zip(theirs, (a, b) => a / b).Order().ToArray();
        Console.WriteLine($"{Loaded} elements: {Figures.Text(Figures.Median(ours))} ms, `nft -f` "
            + $"{Figures.Text(Figures.Median(theirs))} ms; ratio {Figures.Text(Figures.Median(ratios))} "
            + $"({Figures.Text(ratios[0])} to {Figures.Text(ratios[^1])} in {Pairs} pairs)");

        void Delete()
        {
            var gone = new Transaction(table);
            gone.DeleteTable();
            socket.Commit(gone);
            Thread.Sleep(100);
        }
    }

    private static double KernelKib() => File.ReadLines("/proc/meminfo")
        .Where(line => line.StartsWith("SUnreclaim:", StringComparison.Ordinal)
            || line.StartsWith("VmallocUsed:", StringComparison.Ordinal)
            || line.StartsWith("Percpu:", StringComparison.Ordinal))
        .Sum(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture));
}

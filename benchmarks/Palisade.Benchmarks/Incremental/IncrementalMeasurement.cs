using System.Diagnostics;
using Palisade.Benchmarks.Compile;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Benchmarks.Incremental;

/// <summary>What one kind of change cost: microseconds, and bytes allocated on average.</summary>
internal sealed record ChangeCost(string Kind, int Events, double Median, double P99, double Max, double Bytes)
{
    /// <summary>Garbage collections during these events, by generation; full ones are the last.</summary>
    public required int[] Collections { get; init; }

    /// <summary>Processor time of the thread that applies, of which other processes take nothing; microseconds.
    /// </summary>
    public required double CpuMedian { get; init; }

    /// <summary>The same, of one change in a hundred.</summary>
    public required double CpuP99 { get; init; }

    /// <summary>The same, of the dearest.</summary>
    public required double CpuMax { get; init; }

    /// <summary>How many gates changed, of a change on average.</summary>
    public required double Gates { get; init; }
}

/// <summary>What one process measured of single changes on one shape.</summary>
internal sealed record IncrementalMeasurement
{
    // Some touch every class there is.
    private const int Events = 2000, WarmUp = 300, FewEvents = 40;

    // What takes longer is cut off, and the number of events says so.
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(60);

    public required int Pods { get; init; }

    /// <summary>An engine made of the snapshot with every gate built; the median of some, the first left out.</summary>
    public required double LoadMs { get; init; }

    /// <summary>What the engine keeps on the heap beside the snapshot's objects.</summary>
    public required long KeptBytes { get; init; }

    public required ChangeCost[] Changes { get; init; }

    public ChangeCost Of(string kind) => Changes.Single(change => change.Kind == kind);

    public static int Print(string shape) => OnceEach.Print(
        shape, known => Measure(ClusterChanges.WithTiers(CompileMeasurement.Unshared(known.Generate(1)))));

    private static IncrementalMeasurement Measure(ClusterSnapshot snapshot)
    {
        var times = snapshot.Endpoints.Length > 500_000 ? 2 : 6;
        var loads = Enumerable.Range(0, times).Select(_ => Load(snapshot)).ToList();
        var heap = CompileMeasurement.Settle();
        var engine = new PolicyEngine(snapshot);
        Gates(engine.Policy);
        var kept = CompileMeasurement.Settle() - heap;
        var changes = new ClusterChanges(snapshot);
        GC.KeepAlive(snapshot);
        return new()
        {
            Pods = snapshot.Endpoints.Length,
            LoadMs = Figures.Median(loads.Skip(1)),
            KeptBytes = kept,
            Changes =
            [
                Cost(engine, "pod added", changes.AddPod),
                Cost(engine, "pod relabelled", changes.RelabelPod),
                Cost(engine, "pod given another address", changes.MovePod),
                Cost(engine, "pod removed", changes.RemovePod),
                Cost(engine, "namespace relabelled", changes.RelabelNamespace),
                Cost(engine, "policy edited: ports", changes.EditPorts),
                Cost(engine, "policy edited: peers", changes.EditPeers),
                Cost(engine, "policy edited: subject", changes.EditSubject),
                Cost(engine, "policy added", changes.AddPolicy),
                Cost(engine, "policy removed", changes.RemovePolicy),
                Cost(engine, "cluster policy edited", changes.EditClusterPolicy),
                Cost(engine, "node added", changes.AddNode),
                Cost(engine, "cluster policy of every pod added or removed", changes.TurnTierForAll, FewEvents),
                Cost(engine, "label of every pod mentioned or no more", changes.TurnMention, FewEvents),
            ],
        };
    }

    private static double Load(ClusterSnapshot snapshot)
    {
        CompileMeasurement.Settle();
        var watch = Stopwatch.StartNew();
        var engine = new PolicyEngine(snapshot);
        Gates(engine.Policy);
        GC.KeepAlive(engine);
        return watch.Elapsed.TotalMilliseconds;
    }

    /// <summary>Builds every gate, as one who enforces them does.</summary>
    private static void Gates(CompiledPolicy policy)
    {
        foreach (var pods in policy.Classes)
            Gates(policy, pods);
    }

    private static void Gates(CompiledPolicy policy, EndpointClass pods)
    {
        GC.KeepAlive(policy.GateOf(pods.Id, Direction.Ingress));
        GC.KeepAlive(policy.GateOf(pods.Id, Direction.Egress));
    }

    private static ChangeCost Cost(PolicyEngine engine, string kind, Func<ClusterChange> next, int events = Events)
    {
        var (times, cpu, gates, bytes) = (new List<double>(events), new List<double>(events), 0L, 0L);
        var warmUp = Math.Min(WarmUp, events / 4);
        var collections = Collections();
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < warmUp + events && (i < warmUp + 4 || Stopwatch.GetElapsedTime(began) < Most); i++)
        {
            var change = next();
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var (start, cpuStart) = (Stopwatch.GetTimestamp(), ThreadClock.Microseconds);
            var delta = engine.Apply(change);
            // Gates of classes that stay are in the delta; those of new classes are asked for, as the dataplane does.
            foreach (var pods in delta.AppearedClasses)
                Gates(engine.Policy, pods);
            var (time, cpuTime) = (Stopwatch.GetElapsedTime(start), ThreadClock.Microseconds - cpuStart);
            if (i == warmUp)
                collections = Collections();
            if (i < warmUp)
                continue;
            times.Add(time.TotalMicroseconds);
            cpu.Add(cpuTime);
            bytes += GC.GetAllocatedBytesForCurrentThread() - allocated;
            gates += delta.Gates.Length;
        }

        return new(kind, times.Count, Figures.Median(times), Figures.Quantile(times, 0.99), times.Max(),
            bytes / (double)times.Count)
        {
            Collections = [.. Collections().Zip(collections, (now, before) => now - before)],
            Gates = gates / (double)times.Count,
            CpuMedian = Figures.Median(cpu),
            CpuP99 = Figures.Quantile(cpu, 0.99),
            CpuMax = cpu.Max(),
        };
    }

    private static int[] Collections() => [.. Enumerable.Range(0, 3).Select(GC.CollectionCount)];
}

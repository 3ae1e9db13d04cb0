using System.Diagnostics;
using System.Globalization;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;

namespace Palisade.Benchmarks.Compile;

/// <summary>What one process measured on one shape. Times in milliseconds or nanoseconds, memory in bytes.</summary>
internal sealed record CompileMeasurement
{
    public required int Pods { get; init; }

    public required int Policies { get; init; }

    public required int Namespaces { get; init; }

    public required int Classes { get; init; }

    public required int Gates { get; init; }

    /// <summary>The first compile of the process, code not yet compiled.</summary>
    public required double ColdMs { get; init; }

    /// <summary>The least of several processes, which a busy machine disturbs least.</summary>
    public double ColdLeastMs { get; init; }

    /// <summary>Every gate of that compile, asked for one after the other.</summary>
    public required double GatesMs { get; init; }

    /// <summary>The least of several processes.</summary>
    public double GatesLeastMs { get; init; }

    /// <summary>The highest resident set during both, above the one with the snapshot alone.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>What the compiled policy with all gates keeps on the heap.</summary>
    public required long KeptBytes { get; init; }

    /// <summary>The median of later compiles in the same process.</summary>
    public required double WarmMs { get; init; }

    public required VerdictCost ById { get; init; }

    public required VerdictCost ByAddress { get; init; }

    public static int Print(string shape) => OnceEach.Print(shape, known => Of(Unshared(known.Generate(1))));

    /// <summary>
    /// The pods as a client decodes them: each has strings and labels of its own, where the generator shares those of
    /// a deployment, which would flatter caches.
    /// </summary>
    internal static ClusterSnapshot Unshared(ClusterSnapshot snapshot) => snapshot with
    {
        Endpoints =
        [
            .. snapshot.Endpoints.Select(pod => pod with
            {
                Namespace = new(pod.Namespace.AsSpan()),
                Labels = LabelSet.Of(pod.Labels.Pairs.Select(label =>
                    KeyValuePair.Create(new string(label.Key.AsSpan()), new string(label.Value.AsSpan())))),
            }),
        ],
    };

    private static CompileMeasurement Of(ClusterSnapshot snapshot)
    {
        var heap = Settle();
        ResetPeak();
        var resident = StatusBytes("VmRSS");
        var watch = Stopwatch.StartNew();
        var policy = PolicyCompiler.Compile(snapshot);
        var cold = watch.Elapsed;
        watch.Restart();
        var gates = AllGates(policy);
        var gatesTime = watch.Elapsed;
        var peak = StatusBytes("VmHWM") - resident;
        var kept = Settle() - heap;
        var verdicts = new VerdictMeasurement(policy, VerdictMeasurement.FewPairs);
        var (byId, byAddress) = (verdicts.ById(), verdicts.ByAddress());
        var classes = policy.Classes.Length;
        policy = null;
        return new()
        {
            Pods = snapshot.Endpoints.Length,
            Policies = snapshot.NetworkPolicies.Length,
            Namespaces = snapshot.Namespaces.Length,
            Classes = classes,
            Gates = gates,
            ColdMs = cold.TotalMilliseconds,
            GatesMs = gatesTime.TotalMilliseconds,
            PeakBytes = peak,
            KeptBytes = kept,
            WarmMs = Warm(snapshot),
            ById = byId,
            ByAddress = byAddress,
        };
    }

    private static int AllGates(CompiledPolicy policy)
    {
        var gates = new HashSet<Gate>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < policy.Classes.Length; i++)
        {
            foreach (var direction in (ReadOnlySpan<Direction>)[Direction.Ingress, Direction.Egress])
            {
                if (policy.GateOf(i, direction) is { } gate)
                    gates.Add(gate);
            }
        }

        return gates.Count;
    }

    private static double Warm(ClusterSnapshot snapshot)
    {
        var times = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            GC.Collect();
            var watch = Stopwatch.StartNew();
            GC.KeepAlive(PolicyCompiler.Compile(snapshot));
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        return Figures.Median(times);
    }

    /// <summary>The bytes on the heap that are in use.</summary>
    internal static long Settle()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    // Writing 5 sets VmHWM back to the present resident set (proc_pid_clear_refs(5)).
    private static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static long StatusBytes(string name)
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(name + ":", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture);
    }
}

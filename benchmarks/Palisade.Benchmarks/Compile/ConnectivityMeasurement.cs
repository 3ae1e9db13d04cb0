using System.Diagnostics;
using Palisade.Manifests.Generate;
using Palisade.Policy.Analyze;
using Palisade.Policy.Compile;

namespace Palisade.Benchmarks.Compile;

/// <summary>What one process measured of a shape's whole connectivity. Milliseconds; bytes on the heap.</summary>
internal sealed record ConnectivityMeasurement
{
    public required int Classes { get; init; }

    public required int Groups { get; init; }

    public required int Gates { get; init; }

    public required int Rows { get; init; }

    /// <summary>The first compile of the process; no gate is built by it.</summary>
    public required double CompileMs { get; init; }

    /// <summary>All factors after it, the building of the gates included.</summary>
    public required double FactorsMs { get; init; }

    /// <summary>Counting the allowed pairs after that.</summary>
    public required double CountMs { get; init; }

    /// <summary>Processor time of factors and count, which other processes disturb less than the clock.</summary>
    public required double CpuMs { get; init; }

    /// <summary>What connectivity and gates keep above the compiled policy.</summary>
    public required long KeptBytes { get; init; }

    public required long AllowedPairs { get; init; }

    public static int Print(string shape) => OnceEach.Print(shape, Of);

    private static ConnectivityMeasurement Of(BenchmarkShape shape)
    {
        var snapshot = shape.Generate(1);
        GC.Collect();
        var watch = Stopwatch.StartNew();
        var policy = PolicyCompiler.Compile(snapshot);
        var compiled = watch.Elapsed;
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        watch.Restart();
        var cpu = Environment.CpuUsage.UserTime;
        var connectivity = Connectivity.Of(policy);
        var factors = watch.Elapsed;
        watch.Restart();
        var pairs = connectivity.CountAllowedPairs();
        var count = watch.Elapsed;
        var cpuTime = Environment.CpuUsage.UserTime - cpu;
        var rows = connectivity.Egress.Concat(connectivity.Ingress).ToList();
        var measured = new ConnectivityMeasurement
        {
            Classes = policy.Classes.Length,
            Groups = connectivity.Groups.Length,
            Gates = rows.Count(gate => gate.Gate is not null),
            Rows = rows.Sum(gate => gate.Rows.Length),
            CompileMs = compiled.TotalMilliseconds,
            FactorsMs = factors.TotalMilliseconds,
            CountMs = count.TotalMilliseconds,
            KeptBytes = GC.GetTotalMemory(forceFullCollection: true) - heap,
            CpuMs = cpuTime.TotalMilliseconds,
            AllowedPairs = pairs,
        };
        GC.KeepAlive(policy);
        return measured;
    }
}

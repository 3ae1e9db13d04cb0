using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Palisade.Benchmarks.Compile;

namespace Palisade.Benchmarks.Incremental;

/// <summary>
/// Single changes of clusters of four sizes, each measured in a process of its own, and how their cost grows.
/// </summary>
internal static class IncrementalBenchmark
{
    private static readonly string[] Sizes =
    [
        "size:1000,100,50", "size:10000,1000,500", "size:100000,10000,5000", "size:1000000,100000,50000",
    ];

    public static int Run(string[] arguments)
    {
        var (chart, sizes) = (arguments.Where(a => a.EndsWith(".svg", StringComparison.Ordinal)).FirstOrDefault(),
            arguments.Where(a => a.StartsWith("size:", StringComparison.Ordinal)).ToArray());
        if (arguments.Length != sizes.Length + (chart is null ? 0 : 1))
        {
            Console.Error.WriteLine("incremental takes a file to draw into and shapes: FILE.svg size:PODS,…");
            return 2;
        }

        var measured = new List<IncrementalMeasurement>();
        foreach (var shape in sizes.Length > 0 ? sizes : Sizes)
        {
            Console.WriteLine($"load before {shape}: {File.ReadAllText("/proc/loadavg").Trim()}");
            if (Measure(shape) is not { } row)
                return 2;
            measured.Add(row);
            Print(shape, row);
        }

        Console.WriteLine($"load after: {File.ReadAllText("/proc/loadavg").Trim()}");
        if (measured.Count > 1)
            Growth(measured, chart);
        return 0;
    }

    private static IncrementalMeasurement? Measure(string shape)
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["incremental-once", shape])
        {
            RedirectStandardOutput = true,
        })!;
        var line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? JsonSerializer.Deserialize<IncrementalMeasurement>(line) : null;
    }

    private static void Print(string shape, IncrementalMeasurement row)
    {
        Console.WriteLine($"\n{shape}: engine loaded with all gates in {Figures.Text(row.LoadMs)} ms, "
            + $"keeps {Figures.Mib(row.KeptBytes)} MiB\n");
        Console.WriteLine(
            "| change | events | median µs | p99 µs | max µs | bytes | gates changed | collections 0/1/2 |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var change in row.Changes)
        {
            Console.WriteLine($"| {change.Kind} | {change.Events} | {Figures.Text(change.Median)} "
                + $"| {Figures.Text(change.P99)} | {Figures.Text(change.Max)} | {Figures.Text(change.Bytes)} "
                + $"| {Figures.Text(change.Gates)} | {string.Join('/', change.Collections)} |");
        }

        Console.WriteLine();
    }

    private static void Growth(List<IncrementalMeasurement> rows, string? file)
    {
        ChartLine Line(string name, Func<IncrementalMeasurement, double> figure) =>
            new(name, [.. rows.Select(row => ((double)row.Pods, figure(row)))]);
        ChartLine[] lines =
        [
            Line("engine loaded, all gates, ms", row => row.LoadMs),
            Line("memory kept, MiB", row => row.KeptBytes / (double)(1 << 20)),
            Line("policy edited (peers), median µs", row => row.Of("policy edited: peers").Median),
            Line("pod relabelled, median µs", row => row.Of("pod relabelled").Median),
            Line("pod added, median µs", row => row.Of("pod added").Median),
        ];
        foreach (var line in lines)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line.Name}: pods^{line.Exponent:0.00}"));
        if (file is not null)
            File.WriteAllText(file, GrowthChart.Draw("Cost by size; policies and namespaces grow alike", lines));
    }
}

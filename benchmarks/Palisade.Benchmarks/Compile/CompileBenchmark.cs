namespace Palisade.Benchmarks.Compile;

/// <summary>
/// Compile time, memory and verdicts of shapes, each in processes of its own; with no shape named, those of the
/// targets and four sizes that show how cost grows.
/// </summary>
internal static class CompileBenchmark
{
    // How many processes a figure is the median of; a million pods take a minute each, so they are measured once.
    private const int Processes = 5;

    // Policies and namespaces grow as the pods do.
    private static readonly string[] Sizes =
    [
        "size:1000,100,50", "size:10000,1000,500", "size:100000,10000,5000", "size:1000000,100000,50000",
    ];

    private static readonly string[] Others = ["real", "netpol-scale:10-1-0-0-10-10-1", "clusterloader"];

    public static int Run(string[] shapes)
    {
        Console.WriteLine($"load before: {File.ReadAllText("/proc/loadavg").Trim()}");
        Console.WriteLine();
        Console.WriteLine("| shape | classes | gates | first compile ms (least) | all gates ms (least) "
            + "| peak MiB | kept MiB | warm compile ms | by id ns (B) | by address ns (B) | allowed |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        var wanted = shapes.Length > 0 ? shapes : [.. Others, .. Sizes];
        var rows = new Dictionary<string, CompileMeasurement>();
        foreach (var shape in wanted)
        {
            if (Measure(shape) is not { } row)
                return 2;
            rows[shape] = row;
            Print(shape, row);
        }

        Console.WriteLine();
        Growth(rows.Where(row => row.Key.StartsWith("size:", StringComparison.Ordinal)).Select(row => row.Value));
        Console.WriteLine($"load after: {File.ReadAllText("/proc/loadavg").Trim()}");
        return 0;
    }

    private static void Print(string shape, CompileMeasurement row) => Console.WriteLine(
        $"| {shape} | {row.Classes} | {row.Gates} | {Figures.Text(row.ColdMs)} ({Figures.Text(row.ColdLeastMs)}) "
        + $"| {Figures.Text(row.GatesMs)} ({Figures.Text(row.GatesLeastMs)}) "
        + $"| {Figures.Mib(row.PeakBytes)} | {Figures.Mib(row.KeptBytes)} | {Figures.Text(row.WarmMs)} "
        + $"| {Figures.Text(row.ById.Nanoseconds)} ({Figures.Text(row.ById.Bytes)}) "
        + $"| {Figures.Text(row.ByAddress.Nanoseconds)} ({Figures.Text(row.ByAddress.Bytes)}) "
        + $"| {row.ById.AllowedShare * 100:0} % |");

    private static void Growth(IEnumerable<CompileMeasurement> sizes)
    {
        var rows = sizes.ToList();
        if (rows.Select(row => row.Pods).Distinct().Count() < 2)
            return;
        string Of(Func<CompileMeasurement, double> figure) =>
            $"pods^{Figures.Exponent([.. rows.Select(row => ((double)row.Pods, figure(row)))]):0.00}";
        Console.WriteLine($"growth over the sizes: first compile {Of(row => row.ColdMs)}, "
            + $"warm compile {Of(row => row.WarmMs)}, all gates {Of(row => row.GatesMs)}, "
            + $"kept memory {Of(row => row.KeptBytes)}");
    }

    /// <summary>The medians of several processes; null when one refused the shape.</summary>
    private static CompileMeasurement? Measure(string shape)
    {
        var processes = shape == Sizes[^1] ? 1 : Processes;
        if (OnceEach.Run<CompileMeasurement>("compile-once", shape, processes) is not { } runs)
            return null;
        double Of(Func<CompileMeasurement, double> figure) => Figures.Median(runs.Select(figure));
        return runs[0] with
        {
            ColdMs = Of(run => run.ColdMs),
            ColdLeastMs = runs.Min(run => run.ColdMs),
            GatesMs = Of(run => run.GatesMs),
            GatesLeastMs = runs.Min(run => run.GatesMs),
            PeakBytes = (long)Of(run => run.PeakBytes),
            KeptBytes = (long)Of(run => run.KeptBytes),
            WarmMs = Of(run => run.WarmMs),
            ById = runs[0].ById with { Nanoseconds = Of(run => run.ById.Nanoseconds) },
            ByAddress = runs[0].ByAddress with { Nanoseconds = Of(run => run.ByAddress.Nanoseconds) },
        };
    }
}

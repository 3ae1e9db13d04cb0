using Palisade.Policy.Compile;

namespace Palisade.Benchmarks.Compile;

/// <summary>Verdicts and whole connectivity of shapes; with no shape named, those of the targets.</summary>
internal static class VerdictBenchmark
{
    private const int Processes = 3;

    private static readonly string[] Shapes =
    [
        "real", "netpol-scale:10-1-0-0-10-10-1", "clusterloader", "size:1000,100,50", "size:10000,1000,500",
        "size:100000,10000,5000",
    ];

    private sealed record Costs(VerdictCost FewById, VerdictCost FewByAddress, VerdictCost ById, VerdictCost ByAddress);

    /// <summary>By id and by address, over few pairs and over many.</summary>
    public static int Verdicts(string[] shapes) => Table(
        "| shape | by id ns (least) | by address ns (least) | bytes | 1M pairs: by id | by address | allowed |",
        shapes, "verdict-once", (string shape, List<Costs> runs) =>
        {
            double Of(Func<Costs, double> figure) => Figures.Median(runs.Select(figure));
            return $"| {shape} | {Figures.Text(Of(run => run.FewById.Nanoseconds))} "
                + $"({Figures.Text(runs.Min(run => run.FewById.LeastNanoseconds))}) "
                + $"| {Figures.Text(Of(run => run.FewByAddress.Nanoseconds))} "
                + $"({Figures.Text(runs.Min(run => run.FewByAddress.LeastNanoseconds))}) "
                + $"| {Figures.Text(Of(run => run.FewById.Bytes + run.FewByAddress.Bytes))} "
                + $"| {Figures.Text(Of(run => run.ById.Nanoseconds))} "
                + $"| {Figures.Text(Of(run => run.ByAddress.Nanoseconds))} "
                + $"| {Of(run => run.FewById.AllowedShare) * 100:0} % |";
        });

    /// <summary>The factors of all gates and the pairs counted.</summary>
    public static int Connectivity(string[] shapes) => Table(
        "| shape | classes | gates | rows | compile ms (least) | connectivity ms (least) | of it counting "
            + "| processor ms (least) | kept MiB | pairs of groups allowed |",
        shapes, "connectivity-once", (string shape, List<ConnectivityMeasurement> runs) =>
        {
            string Of(Func<ConnectivityMeasurement, double> figure) =>
                $"{Figures.Text(Figures.Median(runs.Select(figure)))} ({Figures.Text(runs.Min(figure))})";
            var one = runs[0];
            return $"| {shape} | {one.Classes} | {one.Gates} | {one.Rows} | {Of(run => run.CompileMs)} "
                + $"| {Of(run => run.FactorsMs + run.CountMs)} | {Of(run => run.CountMs)} | {Of(run => run.CpuMs)} "
                + $"| {Figures.Mib(one.KeptBytes)} | {one.AllowedPairs:#,0} |";
        });

    public static int PrintVerdicts(string shape) => OnceEach.Print(shape, known =>
    {
        var policy = PolicyCompiler.Compile(known.Generate(1));
        var (few, many) = (
            new VerdictMeasurement(policy, VerdictMeasurement.FewPairs),
            new VerdictMeasurement(policy, VerdictMeasurement.ManyPairs));
        return new Costs(few.ById(), few.ByAddress(), many.ById(), many.ByAddress());
    });

    private static int Table<T>(string head, string[] shapes, string verb, Func<string, List<T>, string> line)
    {
        Console.WriteLine($"load before: {File.ReadAllText("/proc/loadavg").Trim()}");
        Console.WriteLine();
        Console.WriteLine(head);
        Console.WriteLine(string.Concat(Enumerable.Repeat("|---", head.Count(c => c == '|') - 1)) + "|");
        foreach (var shape in shapes.Length > 0 ? shapes : Shapes)
        {
            if (OnceEach.Run<T>(verb, shape, Processes) is not { } runs)
                return 2;
            Console.WriteLine(line(shape, runs));
        }

        Console.WriteLine();
        Console.WriteLine($"load after: {File.ReadAllText("/proc/loadavg").Trim()}");
        return 0;
    }
}

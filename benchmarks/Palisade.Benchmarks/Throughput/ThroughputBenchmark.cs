using System.Globalization;
using System.Net;
using Palisade.Benchmarks.Compile;

namespace Palisade.Benchmarks.Throughput;

/// <summary>
/// New connections and bulk data through a node, with no policy, with ours, and with the layouts of others; each round
/// measures every way once, in another order, and ways are compared within rounds.
/// </summary>
internal static class ThroughputBenchmark
{
    private const int Policies = 1000, Samples = 4000, Updates = 200;

    public static int Run(int rounds)
    {
        var client = OurLayout.PeerOf(Policies - 1);
        string[] names =
        [
            "established only", "established only, again", "ours, 1 policy", $"ours, {Policies} policies",
            "ours, 1 policy, without the chains against spoofing and unclaimed interfaces",
            "iptables and ipset, a chain a policy", "nft, a set and a chain a policy",
        ];
        var paths = names.Select(name => new PathUnderTest(name, client, IPAddress.Parse("10.244.1.2"))).ToArray();
        PeerLayouts.LoadBaseline(paths[0]);
        PeerLayouts.LoadBaseline(paths[1]);
        using var one = new OurLayout(paths[2], Policies - 1, 1);
        using var gates = new OurLayout(paths[4], Policies - 1, 1, "antispoof", "unclaimed");
        using var many = new OurLayout(paths[3], 0, Policies);
        var iptables = PeerLayouts.LoadIptables(paths[5], Policies);
        var nft = PeerLayouts.LoadNft(paths[6], Policies);
        Measure(paths, rounds);
        Print(paths);
        Console.WriteLine();
        Console.WriteLine("| layout | load ms | one element more, ms: median / p99 | of which the tool's start |");
        Console.WriteLine("|---|---|---|---|");
        Update(names[3], many.LoadTime.TotalMilliseconds, many.AddElement, 0);
        Update(names[5], iptables, i => Tool("ipset", "add", "S0", Address(i)), Start("ipset", "version"));
        Update(names[6], nft, i => Tool("nft", "add", "element", "inet", "peer", "s0", $"{{ {Address(i)} }}"),
            Start("nft", "--version"));
        foreach (var path in paths)
            path.Dispose();
        return 0;

        double Tool(string tool, params string[] arguments) =>
            PeerLayouts.Run(paths[tool == "nft" ? 6 : 5].Node, tool, arguments);

        double Start(string tool, string argument) =>
            Figures.Median(Enumerable.Range(0, 20).Select(_ => Tool(tool, argument)));

        static string Address(int i) => $"10.247.{i / 250}.{i % 250 + 1}";
    }

    private static void Measure(PathUnderTest[] paths, int rounds)
    {
        var order = new Random(1);
        for (var round = -1; round < rounds; round++)   // the first warms up
        {
            var shuffled = paths.ToArray();
            order.Shuffle(shuffled);
            foreach (var path in shuffled)
                path.MeasureConnections(round >= 0);
            order.Shuffle(shuffled);
            foreach (var path in shuffled)
                path.MeasureBulk(round >= 0);
        }
    }

    private static void Print(PathUnderTest[] paths)
    {
        Console.WriteLine("| way | new connection, CPU µs | of the baseline's connections per CPU second "
            + "| connections/s | bulk, CPU µs a MiB | of the baseline's MiB per CPU second | MiB/s |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var path in paths)
        {
            Console.WriteLine($"| {path.Name} | {Figures.Text(Figures.Median(path.ConnectionTime))} | "
                + $"{Share(paths[0].ConnectionTime, path.ConnectionTime)} | "
                + $"{Figures.Text(Figures.Median(path.ConnectionRate))} | "
                + $"{Figures.Text(Figures.Median(path.BulkTime))} | "
                + $"{Share(paths[0].BulkTime, path.BulkTime)} | {Figures.Text(Figures.Median(path.BulkRate))} |");
        }

        Console.WriteLine($"{paths[3].Name} to {paths[2].Name}: connections "
            + $"{Share(paths[2].ConnectionTime, paths[3].ConnectionTime)}, "
            + $"bulk {Share(paths[2].BulkTime, paths[3].BulkTime)}");
    }

    /// <summary>
    /// How much of what the baseline does one does in the same processor time: the median of the rounds' ratios, and
    /// the 95 % interval of that median (percentile bootstrap over rounds).
    /// </summary>
    private static string Share(List<double> baseline, List<double> times)
    {
        var ratios = baseline.Zip(times, (b, t) => b / t).ToArray();
        var random = new Random(1);
        var medians = Enumerable.Range(0, Samples)
            .Select(_ => Figures.Median(random.GetItems(ratios, ratios.Length))).ToArray();
        return string.Create(CultureInfo.InvariantCulture,
            $"{Figures.Median(ratios):P1} [{Figures.Quantile(medians, 0.025):P1} to "
            + $"{Figures.Quantile(medians, 0.975):P1}]");
    }

    private static void Update(string name, double load, Func<int, double> add, double start)
    {
        var times = Enumerable.Range(0, Updates).Select(add).ToArray();
        Console.WriteLine($"| {name} | {Figures.Text(load)} | {Figures.Text(Figures.Median(times))} / "
            + $"{Figures.Text(Figures.Quantile(times, 0.99))} | {Figures.Text(start)} |");
    }
}

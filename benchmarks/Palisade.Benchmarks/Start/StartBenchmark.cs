using System.Diagnostics;
using System.Globalization;

namespace Palisade.Benchmarks.Start;

/// <summary>
/// From process start to exit, as whoever starts the program waits for it: the native program, the same one on the JIT,
/// the wrapper in the repository's root, and `true` as the floor. They take turns, so that a busy moment meets all.
/// </summary>
internal static class StartBenchmark
{
    // Files in the page cache, and the JIT's own cache of nothing: the first starts do not count.
    private const int WarmUps = 5;

    public static int Run(int runs)
    {
        var root = Environment.CurrentDirectory;
        var native = Path.Combine(root, "artifacts", "native", "palisade");
        var jit = Path.Combine(root, "src", "Palisade.Cli", "bin", "Release", "net10.0", "palisade");
        foreach (var (program, way) in (ReadOnlySpan<(string, string)>)[(native, "publish"), (jit, "build")])
        {
            if (!File.Exists(program))
            {
                Console.Error.WriteLine($"{program} is not there: ./build.sh {way}");
                return 2;
            }
        }

        var folder = Directory.CreateTempSubdirectory("palisade-start-").FullName;
        try
        {
            StartManifests.Write(folder);
            string[] explain = ["explain", "shop/frontend", "shop/web", "--port", "80", "-f", folder];
            Measure(runs,
            [
                new("true", "/bin/true", []),
                new("native: version", native, ["version"]),
                new("native: explain", native, explain),
                new("native: explain -o json", native, [.. explain, "-o", "json"]),
                new("native: validate", native, ["validate", "-f", folder]),
                new("./palisade (native): explain", Path.Combine(root, "palisade"), explain),
                new("JIT: version", jit, ["version"]),
                new("JIT: explain", jit, explain),
            ]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static void Measure(int runs, Contender[] contenders)
    {
        Console.WriteLine($"load before: {File.ReadAllText("/proc/loadavg").Trim()}");
        for (var i = -WarmUps; i < runs; i++)
        {
            foreach (var contender in contenders)
            {
                var took = contender.Once();
                if (i >= 0)
                    contender.Times.Add(took);
            }
        }

        Console.WriteLine();
        Console.WriteLine($"{StartManifests.Count} manifests, {runs} runs each, in turns");
        Console.WriteLine("| program | median ms | p95 ms | least ms |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var contender in contenders)
            Console.WriteLine(contender.Row());
        Console.WriteLine();
        Console.WriteLine($"load after: {File.ReadAllText("/proc/loadavg").Trim()}");
    }

    private sealed record Contender(string Name, string Program, string[] Arguments)
    {
        public List<double> Times { get; } = [];

        public double Once()
        {
            var start = new ProcessStartInfo(Program, Arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            var began = Stopwatch.GetTimestamp();
            using var process = Process.Start(start)!;
            var said = process.StandardOutput.ReadToEnd();
            var complained = process.StandardError.ReadToEnd();
            process.WaitForExit();
            var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            // A start that failed would be the fastest.
            return process.ExitCode == 0
                ? took
                : throw new InvalidOperationException($"{Name}: exit code {process.ExitCode}\n{said}{complained}");
        }

        public string Row()
        {
            var sorted = Times.Order().ToList();
            string At(double share) =>
                sorted[(int)Math.Ceiling(share * sorted.Count) - 1].ToString("0.0", CultureInfo.InvariantCulture);
            return $"| {Name} | {At(0.5)} | {At(0.95)} | {sorted[0].ToString("0.0", CultureInfo.InvariantCulture)} |";
        }
    }
}

using System.Diagnostics;
using System.Text.Json;
using Palisade.Manifests.Generate;

namespace Palisade.Benchmarks.Compile;

/// <summary>Measurements in processes of their own, so that each begins with code that is not compiled yet.</summary>
internal static class OnceEach
{
    /// <summary>What so many processes print for a verb and a shape; null when one refused the shape.</summary>
    public static List<T>? Run<T>(string verb, string shape, int processes)
    {
        var runs = new List<T>();
        for (var i = 0; i < processes; i++)
        {
            using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [verb, shape])
            {
                RedirectStandardOutput = true,
            })!;
            var line = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0 || JsonSerializer.Deserialize<T>(line) is not { } run)
                return null;
            runs.Add(run);
        }

        return runs;
    }

    /// <summary>
    /// Such a process: measures in this one, which should have done nothing before, and prints one line of JSON.
    /// </summary>
    public static int Print<T>(string shape, Func<BenchmarkShape, T> measure)
    {
        if (BenchmarkShape.TryParse(shape, out var why) is not { } known)
        {
            Console.Error.WriteLine($"{why}. The shapes:\n{BenchmarkShape.Help}");
            return 2;
        }

        Console.WriteLine(JsonSerializer.Serialize(measure(known)));
        return 0;
    }
}

using System.Diagnostics;

namespace Palisade.Benchmarks.Enforcement;

/// <summary>
/// `palisade up` as a process of its own, on a data directory; ended by SIGTERM through its own Dispose.
/// </summary>
internal sealed class UpProcess : IDisposable
{
    private readonly Process _process;

    private UpProcess(Process process) => _process = process;

    /// <summary>Starts it by the repository's launcher and waits for its ready line.</summary>
    public static async Task<UpProcess> StartAsync(string data)
    {
        var start = new ProcessStartInfo(Launcher(), ["up", "--data", data]) { RedirectStandardOutput = true };
        var process = Process.Start(start) ?? throw new InvalidOperationException("palisade up does not start");
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("ready", StringComparison.Ordinal))
            {
                _ = process.StandardOutput.ReadToEndAsync();
                return new(process);
            }
        }

        throw new InvalidOperationException("palisade up ended before it was ready");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
            kill.WaitForExit();
        _process.WaitForExit(10_000);
        _process.Dispose();
    }

    private static string Launcher()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Palisade.slnx")))
                return Path.Combine(at.FullName, "palisade");
        }

        throw new InvalidOperationException("run it inside the repository");
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Palisade.ApiServer;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Benchmarks.Memory;

/// <summary>
/// The native agent as a process in a node's namespace, and the embedded API server, which it reaches on that
/// namespace's own loopback.
/// </summary>
internal sealed class MeasuredAgent : IAsyncDisposable
{
    public const string Node = "measured";

    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-bench").FullName;
    private readonly Socket _listener;
    private Process? _process;

    private MeasuredAgent()
    {
        Space = NetworkNamespace.Create("node");
        _listener = Space.Run(() =>
        {
            using var routing = new RtSocket();
            routing.SetUp("lo");
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return socket;
        });
    }

    public NetworkNamespace Space { get; }

    public EmbeddedApiServer Server { get; private set; } = null!;

    public static async Task<MeasuredAgent> StartServerAsync()
    {
        var made = new MeasuredAgent();
        made.Server = await EmbeddedApiServer.StartAsync(new()
        {
            DataDirectory = Path.Combine(made._directory, "data"),
            ListenHandles = [(int)made._listener.Handle],
        });
        return made;
    }

    /// <summary>Starts the agent; it is up to date when it has said so once.</summary>
    public async Task StartAsync(string program, params string[] more)
    {
        var kubeconfig = Path.Combine(_directory, "kubeconfig");
        var port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        await File.WriteAllTextAsync(kubeconfig, Server.KubeconfigFor($"https://127.0.0.1:{port}"));
        string[] arguments =
        [
            "--node", Node, "--kubeconfig", kubeconfig, "--exit-with-stdin", "--run-directory",
            Path.Combine(_directory, "run"), .. more,
        ];
        var process = Space.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        });
        _process = process;
        process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is { } line && (line.Contains("level=error", StringComparison.Ordinal)
                || line.Contains("\"level\":\"error\"", StringComparison.Ordinal)))
            {
                Console.Error.WriteLine(line);
            }
        };
        process.BeginErrorReadLine();
        await EnforcedAsync("pods", 0);
    }

    /// <summary>Waits until the agent enforces this version of a resource.</summary>
    public async Task EnforcedAsync(string resource, long version)
    {
        while (await _process!.StandardOutput.ReadLineAsync() is { } line)
        {
            var word = line.Split(' ').FirstOrDefault(w => w.StartsWith($"{resource}=", StringComparison.Ordinal));
            var seen = word is null ? -1 : long.Parse(word.Split('=')[1], CultureInfo.InvariantCulture);
            if (line.StartsWith("enforced", StringComparison.Ordinal) && seen >= version)
                return;
        }

        throw new InvalidOperationException("the agent ended");
    }

    /// <summary>Kilobytes: resident, its share of what others map too, the most that was ever resident.</summary>
    public (double Resident, double Share, double Peak, double Anonymous) Kilobytes()
    {
        var status = File.ReadAllLines($"/proc/{_process!.Id}/status");
        var smaps = File.ReadAllLines($"/proc/{_process.Id}/smaps_rollup");
        return (Of(status, "VmRSS:"), Of(smaps, "Pss:"), Of(status, "VmHWM:"), Of(status, "RssAnon:"));

        static double Of(string[] lines, string name) => double.Parse(
            lines.First(line => line.StartsWith(name, StringComparison.Ordinal))
                .Split(' ', '\t').Where(word => word.Length > 0).ElementAt(1),
            CultureInfo.InvariantCulture);
    }

    /// <summary>Processor time of the agent so far.</summary>
    public TimeSpan Processor => _process!.TotalProcessorTime;

    /// <summary>Ends the agent, if there is one; its table stays.</summary>
    public async Task StopAsync(bool kill = false)
    {
        if (_process is not { } process)
            return;
        if (kill)
            process.Kill();
        process.StandardInput.Close();
        if (!process.WaitForExit(10_000))
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Server.DisposeAsync();
        _listener.Dispose();
        Space.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}

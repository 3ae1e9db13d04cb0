using System.ComponentModel;
using System.Diagnostics;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Pods;

/// <summary>Where and as what a container's command runs.</summary>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Shim">The program and leading arguments that become the command (<see cref="PodCommandShim"/>).</param>
/// <param name="Command">The host program and its arguments.</param>
/// <param name="Environment">Set on top of the caller's own environment.</param>
/// <param name="WorkingDirectory">Where it starts, or null for the caller's.</param>
/// <param name="RestartPolicy">Always, OnFailure or Never.</param>
/// <param name="LogFile">Gets its output.</param>
/// <param name="ResolverFile">What it sees as /etc/resolv.conf; null: the machine's own.</param>
internal sealed record HostCommandStart(
    NetworkNamespace Namespace,
    IReadOnlyList<string> Shim,
    IReadOnlyList<string> Command,
    IReadOnlyList<KeyValuePair<string, string>> Environment,
    string? WorkingDirectory,
    string RestartPolicy,
    string LogFile,
    string? ResolverFile);

/// <summary>
/// A container's command: a program of this machine inside the pod's namespace, restarted as restartPolicy says.
/// </summary>
internal sealed class HostCommand : IAsyncDisposable
{
    private static readonly TimeSpan ShortestBackOff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly HostCommandStart _start;
    private readonly Func<string> _now;
    private readonly Action _changed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <summary>Starts it.</summary>
    /// <param name="start">What, where.</param>
    /// <param name="now">The time for its status.</param>
    /// <param name="changed">Is called whenever <see cref="Report"/> changed.</param>
    public HostCommand(HostCommandStart start, Func<string> now, Action changed)
    {
        _start = start;
        _now = now;
        _changed = changed;
        Report = new ContainerReport(new ContainerState.Waiting("ContainerCreating"), null, 0);
        _running = SuperviseAsync();
    }

    /// <summary>What it does now.</summary>
    public ContainerReport Report { get; private set; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task SuperviseAsync()
    {
        var backOff = ShortestBackOff;
        for (var restarts = 0; !_stop.IsCancellationRequested; restarts++)
        {
            var begun = _now();
            var clock = Stopwatch.GetTimestamp();
            var code = await RunOnceAsync(begun, restarts);
            var ended = new ContainerState.Terminated(code, begun, _now());
            var isFinal = _start.RestartPolicy == "Never" || (_start.RestartPolicy == "OnFailure" && code == 0);
            if (isFinal || _stop.IsCancellationRequested)
            {
                Say(new ContainerReport(ended, null, restarts));
                return;
            }

            if (Stopwatch.GetElapsedTime(clock) > LongestBackOff)
                backOff = ShortestBackOff;
            var waiting = new ContainerState.Waiting(
                "CrashLoopBackOff", $"{_start.Command[0]} ended with code {code}; again in {backOff.TotalSeconds:0} s");
            Say(new ContainerReport(waiting, ended, restarts));
            await Task.Delay(backOff, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            backOff = backOff * 2 < LongestBackOff ? backOff * 2 : LongestBackOff;
        }
    }

    private async Task<int> RunOnceAsync(string begun, int restarts)
    {
        await using var log = LogFiles.Open(_start.LogFile);
        using var process = await TryStartAsync(log);
        if (process is null)
            return PodCommandShim.NotExecutable;
        process.StandardInput.Close();
        Say(new ContainerReport(new ContainerState.Running(begun), Report.Last, restarts));
        var pumps = Task.WhenAll(
            LogFiles.PumpAsync(process.StandardOutput, log, _ => false),
            LogFiles.PumpAsync(process.StandardError, log, _ => false));
        try
        {
            await process.WaitForExitAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process);
        }

        // What the command left behind in its session goes too; only then do the pipes end for certain.
        ProcessControl.Signal(-process.Id, ProcessControl.KillSignal);
        await pumps;
        return process.ExitCode;
    }

    private async Task<Process?> TryStartAsync(TextWriter log)
    {
        try
        {
            return _start.Namespace.Start(StartOf());
        }
        catch (Win32Exception refusal)
        {
            // A working directory that is not there, or no memory for another process.
            await log.WriteLineAsync(refusal.Message);
            return null;
        }
    }

    private ProcessStartInfo StartOf()
    {
        var start = new ProcessStartInfo(_start.Shim[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _start.WorkingDirectory ?? "",
        };
        string[] arguments =
        [
            .. _start.Shim.Skip(1), System.Environment.ProcessId.ToString(), _start.ResolverFile ?? "",
            .. _start.Command,
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in _start.Environment)
            start.Environment[name] = value;
        return start;
    }

    private static async Task EndAsync(Process process)
    {
        ProcessControl.Signal(-process.Id, ProcessControl.Terminate);
        using var patience = new CancellationTokenSource(Grace);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // By its own id as well: a shim that has not come to its setsid yet leads no group.
            ProcessControl.Signal(-process.Id, ProcessControl.KillSignal);
            ProcessControl.Signal(process.Id, ProcessControl.KillSignal);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private void Say(ContainerReport report)
    {
        Report = report;
        _changed();
    }
}

using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Palisade.ApiServer;
using Palisade.Lab.Pods.Streams;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Pods;

/// <summary>What a container's command runs with.</summary>
/// <param name="Command">Where and as what.</param>
/// <param name="RestartPolicy">Always, OnFailure or Never.</param>
/// <param name="Input">Whether and how long it has a standard input.</param>
/// <param name="HasTerminal">Whether its input and output are a terminal.</param>
/// <param name="Log">Gets its output.</param>
/// <param name="Poller">Waits for its output.</param>
internal sealed record HostCommandStart(
    PodCommand Command, string RestartPolicy, ContainerInput Input, bool HasTerminal, ContainerLog Log, Poller Poller);

/// <summary>
/// A container's command: a program of this machine inside the pod's namespace, restarted as restartPolicy says.
/// </summary>
internal sealed class HostCommand : IAsyncDisposable
{
    private const int Chunk = 16 * 1024;
    private static readonly TimeSpan ShortestBackOff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(1);

    private readonly HostCommandStart _start;
    private readonly Func<string> _now;
    private readonly Action _changed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Task _running;
    private TimeSpan _grace;
    private CancellationToken _hurry;
    private ImmutableArray<Attachment> _attached = [];
    private PodProcess? _process;

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

    /// <summary>Joins the run that goes on, or null where there is none.</summary>
    public Attachment? Attach(CommandRequest request)
    {
        lock (_gate)
        {
            if (_process is null)
                return null;
            var attachment = new Attachment(
                _process, request, _start.Input != ContainerInput.None, _start.Input == ContainerInput.Once, Leave);
            _attached = _attached.Add(attachment);
            return attachment;
        }
    }

    /// <summary>Asks it to end, and makes it when that takes too long; it is not started again.</summary>
    public async Task StopAsync(TimeSpan grace, CancellationToken hurry)
    {
        (_grace, _hurry) = (grace, hurry);
        await _stop.CancelAsync();
        await _running;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(PodProcess.UsualGrace, CancellationToken.None);
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
                "CrashLoopBackOff",
                $"{_start.Command.Command[0]} ended with code {code}; again in {backOff.TotalSeconds:0} s");
            Say(new ContainerReport(waiting, ended, restarts));
            await Task.Delay(backOff, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            backOff = backOff * 2 < LongestBackOff ? backOff * 2 : LongestBackOff;
        }
    }

    private async Task<int> RunOnceAsync(string begun, int restarts)
    {
        _start.Log.BeginRun();
        await using var process = TryStart();
        if (process is null)
        {
            _start.Log.EndRun();
            return PodCommandShim.NotExecutable;
        }

        if (_start.Input == ContainerInput.None && !process.HasTerminal)
            process.Input.Dispose();
        Use(process);
        Say(new ContainerReport(new ContainerState.Running(begun), Report.Last, restarts));
        var pumps = Task.WhenAll(PumpAsync(process.Output, false), PumpAsync(process.Errors, true));
        try
        {
            await process.WaitAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            await process.EndAsync(_grace, _hurry);
        }

        var code = await process.WaitAsync(CancellationToken.None);
        await pumps;
        _start.Log.EndRun();
        foreach (var attachment in Use(null))
            attachment.End(code);
        return code;
    }

    private PodProcess? TryStart()
    {
        try
        {
            return PodProcess.Start(_start.Command, _start.HasTerminal, _start.Poller);
        }
        catch (Exception refusal) when (refusal is Win32Exception or KernelException)
        {
            // A working directory that is not there, or no memory for another process.
            _start.Log.Append(true, Encoding.UTF8.GetBytes(refusal.Message + "\n"));
            return null;
        }
    }

    private async Task PumpAsync(DescriptorStream? from, bool isError)
    {
        if (from is null)
            return;
        var buffer = new byte[Chunk];
        while (await from.ReadAsync(buffer) is var read and > 0)
        {
            _start.Log.Append(isError, buffer.AsSpan(0, read));
            foreach (var attachment in _attached)
                await GiveAsync(attachment, isError, buffer.AsMemory(0, read));
        }
    }

    private async Task GiveAsync(Attachment attachment, bool isError, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await attachment.TakeAsync(isError, bytes, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The pod ends; it does not wait for whoever does not read.
        }
    }

    /// <summary>Sets the process of the run that goes on; answers who looked at the one before.</summary>
    private ImmutableArray<Attachment> Use(PodProcess? process)
    {
        lock (_gate)
        {
            _process = process;
            var attached = _attached;
            _attached = [];
            return attached;
        }
    }

    private void Leave(Attachment attachment)
    {
        lock (_gate)
            _attached = _attached.Remove(attachment);
    }

    private void Say(ContainerReport report)
    {
        Report = report;
        _changed();
    }
}

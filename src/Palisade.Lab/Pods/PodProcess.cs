using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Pods;

/// <summary>Where and as what a command of a pod runs.</summary>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Shim">The program and leading arguments that become the command (<see cref="PodCommandShim"/>).</param>
/// <param name="Command">The host program and its arguments.</param>
/// <param name="Environment">Set on top of the caller's own environment.</param>
/// <param name="WorkingDirectory">Where it starts, or null for the caller's.</param>
/// <param name="ResolverFile">What it sees as /etc/resolv.conf; null: the machine's own.</param>
/// <param name="HostName">What it is called; null: as the machine.</param>
internal sealed record PodCommand(
    NetworkNamespace Namespace,
    IReadOnlyList<string> Shim,
    IReadOnlyList<string> Command,
    IReadOnlyList<KeyValuePair<string, string>> Environment,
    string? WorkingDirectory,
    string? ResolverFile,
    string? HostName);

/// <summary>A program of this machine that runs in a pod, with pipes or a terminal to it.</summary>
internal sealed class PodProcess : IAsyncDisposable
{
    /// <summary>How long a program has to end that nobody gives more.</summary>
    public static readonly TimeSpan UsualGrace = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly PseudoTerminal? _terminal;
    private readonly DescriptorStream? _input;
    private readonly Task _exited;

    private PodProcess(Process process, PseudoTerminal? terminal, Poller poller)
    {
        _process = process;
        _terminal = terminal;
        if (terminal is null)
        {
            _input = Of(process.StandardInput.BaseStream, poller);
            Output = Of(process.StandardOutput.BaseStream, poller);
            Errors = Of(process.StandardError.BaseStream, poller);
        }
        else
        {
            Output = terminal.Master;
            process.StandardInput.Close();
            process.StandardOutput.Close();
            process.StandardError.Close();
        }

        _exited = WatchAsync();
    }

    /// <summary>Its standard input; disposal is its end. A terminal's ends with the program.</summary>
    public DescriptorStream Input => _input ?? Output;

    /// <summary>Its standard output, or its terminal's.</summary>
    public DescriptorStream Output { get; }

    /// <summary>Its standard error; null with a terminal.</summary>
    public DescriptorStream? Errors { get; }

    /// <summary>Whether it has a terminal.</summary>
    public bool HasTerminal => _terminal is not null;

    /// <summary>Starts a command.</summary>
    /// <exception cref="Win32Exception">
    /// A working directory that is not there, or no memory for another process.
    /// </exception>
    /// <exception cref="KernelException">No terminal to be had.</exception>
    public static PodProcess Start(PodCommand command, bool withTerminal, Poller poller)
    {
        var terminal = withTerminal ? new PseudoTerminal(poller) : null;
        try
        {
            return new PodProcess(command.Namespace.Start(StartOf(command, terminal)), terminal, poller);
        }
        catch
        {
            terminal?.Dispose();
            throw;
        }
    }

    /// <summary>Says how large the terminal's screen is.</summary>
    public void Resize(int columns, int rows) => _terminal?.Resize(columns, rows);

    /// <summary>Waits for its end; answers the exit code.</summary>
    public async Task<int> WaitAsync(CancellationToken cancel)
    {
        await _exited.WaitAsync(cancel);
        return _process.ExitCode;
    }

    /// <summary>Asks it to end, and after a while makes it.</summary>
    public Task EndAsync() => EndAsync(UsualGrace, CancellationToken.None);

    /// <summary>Asks it to end, and makes it when it has taken too long or there is a hurry.</summary>
    public async Task EndAsync(TimeSpan grace, CancellationToken hurry)
    {
        if (_exited.IsCompleted)
            return;
        ProcessControl.Signal(-_process.Id, _terminal is null ? ProcessControl.Terminate : ProcessControl.HangUp);
        if (await Task.WhenAny(_exited, Task.Delay(grace, hurry)) == _exited)
            return;
        // By its own id as well: a shim that has not come to its setsid yet leads no group.
        ProcessControl.Signal(-_process.Id, ProcessControl.KillSignal);
        ProcessControl.Signal(_process.Id, ProcessControl.KillSignal);
        await _exited;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        foreach (var stream in (DescriptorStream?[])[Input, Output, Errors])
            stream?.Dispose();
        _terminal?.Dispose();
        _process.Dispose();
    }

    private async Task WatchAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        // What the command left behind in its session goes too. All it has said lies in the pipes by now; what has left
        // the session and holds them still is no part of it.
        ProcessControl.Signal(-_process.Id, ProcessControl.KillSignal);
        if (_terminal is null)
        {
            Output.EndWhenEmpty();
            Errors!.EndWhenEmpty();
            return;
        }

        // A terminal's output takes a moment to its master, and then ends by itself.
        _terminal.Release();
        _ = Task.Delay(UsualGrace).ContinueWith(_ => Output.EndWhenEmpty(), TaskScheduler.Default);
    }

    private static DescriptorStream Of(Stream pipe, Poller poller) => new(((PipeStream)pipe).SafePipeHandle, poller);

    private static ProcessStartInfo StartOf(PodCommand command, PseudoTerminal? terminal)
    {
        var start = new ProcessStartInfo(command.Shim[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = command.WorkingDirectory ?? "",
        };
        string[] arguments =
        [
            .. command.Shim.Skip(1), System.Environment.ProcessId.ToString(), command.ResolverFile ?? "",
            command.HostName ?? "", terminal?.Path ?? "", .. command.Command,
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        // What a program may expect of a terminal that nobody has described.
        if (terminal is not null)
            start.Environment["TERM"] = "xterm";
        foreach (var (name, value) in command.Environment)
            start.Environment[name] = value;
        return start;
    }
}

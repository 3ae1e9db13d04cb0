using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using Palisade.Lab.Network;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Nodes;

/// <summary>
/// One node's agent: the production program as a child process, started from the thread inside the node's namespace,
/// which it inherits. It is started again when it ends, with back-off; the table it left stays in force meanwhile.
/// </summary>
/// <remarks>
/// It must not outlive `up`: it holds the read end of a pipe as its standard input and ends at end-of-file, and the
/// kernel kills it when its parent thread dies (PR_SET_PDEATHSIG, which the agent asks for itself).
/// </remarks>
internal sealed class AgentProcess : IAsyncDisposable
{
    private static readonly TimeSpan ShortestBackOff = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1.5);

    private readonly AgentStart _start;
    private readonly Action<string> _say;
    private readonly CancellationTokenSource _stop;
    private readonly Task _supervising;
    private volatile FrozenDictionary<string, long> _enforced = FrozenDictionary<string, long>.Empty;

    /// <summary>Starts the agent and keeps it running.</summary>
    /// <param name="start">What to start and where.</param>
    /// <param name="say">Is told when the agent ends unasked.</param>
    /// <param name="enforced">Is called after every commit the agent reports.</param>
    /// <param name="stop">Ends it, as disposal does; all of a lab's agents begin to end at once.</param>
    public AgentProcess(AgentStart start, Action<string> say, Action enforced, CancellationToken stop)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _start = start;
        _say = say;
        Enforced = enforced;
        _supervising = SuperviseAsync();
    }

    /// <summary>
    /// How far the agent had followed a resource (its plural) when its table last went to the kernel: a resource
    /// version, or -1 before the first commit.
    /// </summary>
    public long EnforcedVersion(string resource) => _enforced.GetValueOrDefault(resource, -1);

    /// <summary>The running process, or null between two.</summary>
    public int? ProcessId { get; private set; }

    private Action Enforced { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _supervising;
        _stop.Dispose();
    }

    private async Task SuperviseAsync()
    {
        var backOff = ShortestBackOff;
        while (!_stop.IsCancellationRequested)
        {
            var begun = Stopwatch.GetTimestamp();
            var code = await RunOnceAsync();
            if (_stop.IsCancellationRequested)
                return;
            // A run that lasted was a good one: the next failure starts from the beginning.
            if (Stopwatch.GetElapsedTime(begun) > 3 * LongestBackOff)
                backOff = ShortestBackOff;
            _say($"agent of {_start.Node} ended with code {code}; its table stays in force; starting it again"
                + $" (log: {_start.LogFile})");
            await Task.Delay(backOff, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            backOff = backOff * 2 < LongestBackOff ? backOff * 2 : LongestBackOff;
        }
    }

    private async Task<int> RunOnceAsync()
    {
        await using var log = LogFiles.Open(_start.LogFile);
        using var process = _start.Namespace.Start(StartOf());
        ProcessId = process.Id;
        var output = LogFiles.PumpAsync(process.StandardOutput, log, Read);
        var errors = LogFiles.PumpAsync(process.StandardError, log, _ => false);
        try
        {
            await process.WaitForExitAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process);
        }

        ProcessId = null;
        await Task.WhenAll(output, errors);
        return process.ExitCode;
    }

    private ProcessStartInfo StartOf()
    {
        var start = new ProcessStartInfo(_start.Program[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
        [
            .. _start.Program.Skip(1), "--node", _start.Node, "--kubeconfig", _start.Kubeconfig,
            "--uplink", "eth0", "--exit-with-stdin", "--run-directory", _start.RunDirectory,
            "--metrics", $"unix:{Path.Combine(_start.RunDirectory, "metrics.sock")}",
            .. _start.Resolvers.All.SelectMany(address => new[] { "--resolver", address.ToString() }),
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment[LabOptions.Marker] = _start.Mark;
        return start;
    }

    /// <summary>Closes its standard input, which asks it to end, and kills it when it does not.</summary>
    private static async Task EndAsync(Process process)
    {
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Grace);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>
    /// Reads the agent's one machine-readable line: "enforced N pods=N networkpolicies=N …". Each resource is followed
    /// by itself, so a pod is in force when the number of pods says so, not the newest of all.
    /// </summary>
    private bool Read(string line)
    {
        if (!line.StartsWith("enforced ", StringComparison.Ordinal))
            return false;
        var versions = new Dictionary<string, long>();
        foreach (var word in line.Split(' '))
        {
            if (word.Split('=') is [var resource, var number]
                && long.TryParse(number, CultureInfo.InvariantCulture, out var version))
                versions[resource] = version;
        }

        _enforced = versions.ToFrozenDictionary();
        Enforced();
        return true;
    }
}

/// <summary>What an agent is started with.</summary>
/// <param name="Namespace">The node's namespace.</param>
/// <param name="Node">The node's name.</param>
/// <param name="Program">The program, and arguments before the agent's own (dotnet agent.dll where there is no host
/// program).</param>
/// <param name="Kubeconfig">The kubeconfig for the listener on the node's own loopback.</param>
/// <param name="LogFile">Where its output goes.</param>
/// <param name="RunDirectory">Where its socket is.</param>
/// <param name="Resolvers">The addresses of the cluster's DNS, as pods have them.</param>
/// <param name="Mark">Identifies the lab in the child's environment.</param>
internal sealed record AgentStart(
    NetworkNamespace Namespace, string Node, IReadOnlyList<string> Program, string Kubeconfig, string LogFile,
    string RunDirectory, AddressPair Resolvers, string Mark);

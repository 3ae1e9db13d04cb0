using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.Lab.Connect;
using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>The real `palisade up` as a process, on a data directory of its own, and real kubectl against it.</summary>
internal sealed class UpProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private UpProcess(Process process, string data)
    {
        _process = process;
        Data = data;
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Data { get; }

    public int Id => _process.Id;

    public string Kubeconfig => Path.Combine(Data, "kubeconfig");

    /// <summary>Everything it printed so far.</summary>
    public string Said
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
    }

    /// <summary>A new, empty data directory.</summary>
    public static string NewData() => Directory.CreateTempSubdirectory("palisade-e2e-").FullName;

    /// <summary>Starts `up` and waits for its ready line.</summary>
    public static async Task<UpProcess> StartAsync(string data, params string[] arguments)
    {
        var up = Start([Places.Cli, "up", "--data", data, .. arguments], data);
        await up.WaitReadyAsync();
        return up;
    }

    /// <summary>Starts a command line that ends in `up`.</summary>
    public static UpProcess Start(string[] command, string data)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Places.Root,
        };
        return new UpProcess(Process.Start(start)!, data);
    }

    public async Task WaitReadyAsync()
    {
        var ended = _process.WaitForExitAsync();
        var first = await Task.WhenAny(_ready.Task, ended, Task.Delay(Patience));
        if (first != _ready.Task)
        {
            await DisposeAsync();
            Assert.Fail($"`up` is not ready after {Patience.TotalSeconds} s or ended:\n{Said}");
        }
    }

    /// <summary>Runs kubectl; it must succeed.</summary>
    public async Task<string> KubectlAsync(params string[] arguments)
    {
        var ran = await TryKubectlAsync(arguments);
        Assert.True(ran.Code == 0, $"kubectl {string.Join(' ', arguments)}: {ran}");
        return ran.Output;
    }

    /// <summary>Runs kubectl.</summary>
    public Task<Ran> TryKubectlAsync(params string[] arguments) => TryKubectlAsync(null, arguments);

    /// <summary>Runs kubectl with standard input.</summary>
    public Task<Ran> TryKubectlAsync(string? input, string[] arguments) =>
        Shell.RunAsync(Places.Kubectl!, ["--kubeconfig", Kubeconfig, .. arguments], input);

    /// <summary>kubectl apply -f - of a manifest; it must succeed.</summary>
    public async Task ApplyAsync(string manifest)
    {
        var ran = await TryKubectlAsync(manifest, ["apply", "-f", "-"]);
        Assert.True(ran.Code == 0, $"{manifest}\n{ran}");
    }

    /// <summary>Runs the CLI against this cluster.</summary>
    public Task<Ran> PalisadeAsync(params string[] arguments) =>
        Shell.RunAsync(Places.Cli, arguments, null, [new("KUBECONFIG", Kubeconfig)]);

    /// <summary>Opens one real connection.</summary>
    public async Task<ConnectAnswer> ConnectOneAsync(ConnectRequest request) => (await ConnectAsync([request]))[0];

    /// <summary>Opens real connections, all at once.</summary>
    public async Task<IReadOnlyList<ConnectAnswer>> ConnectAsync(IReadOnlyList<ConnectRequest> requests)
    {
        var body = new JsonArray([.. requests.Select(request => request.ToJson())]).ToJsonString();
        var ran = await TryKubectlAsync(body, ["create", "--raw", ConnectRequest.Path, "-f", "-"]);
        Assert.True(ran.Code == 0, ran.ToString());
        return [.. JsonNode.Parse(ran.Output)!.AsArray().Select(answer => ConnectAnswer.FromJson(answer!))];
    }

    /// <summary>
    /// The same on nodes that enforce all that the API has acknowledged: a machine that is very busy may take longer
    /// than connections wait for it.
    /// </summary>
    public async Task<IReadOnlyList<ConnectAnswer>> ConnectInForceAsync(IReadOnlyList<ConnectRequest> requests)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answers = await ConnectAsync(requests);
            if (!answers.Any(answer => answer.IsBehind))
                return answers;
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(60), "some node stays behind");
        }
    }

    /// <summary>Sends a signal and waits for the end; answers the exit code.</summary>
    public async Task<int> EndAsync(int signal)
    {
        ProcessControl.Signal(_process.Id, signal);
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await EndAsync(ProcessControl.Terminate);
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
            return;
        lock (_said)
            _said.AppendLine(line);
        if (line.StartsWith("ready", StringComparison.Ordinal))
            _ready.TrySetResult();
    }
}

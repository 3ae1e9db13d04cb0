using System.Diagnostics;
using System.Text;
using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>kubectl while it runs: what it has printed so far, and what to send it.</summary>
internal sealed class RunningKubectl : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly Task _reading;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RunningKubectl(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>Both streams.</summary>
    public string Said
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
    }

    public static RunningKubectl Start(UpProcess up, string kubectl, params string[] arguments)
    {
        var start = new ProcessStartInfo(kubectl, ["--kubeconfig", up.Kubeconfig, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new RunningKubectl(Process.Start(start)!);
    }

    public async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Waits until it has said something; answers all it has.</summary>
    public async Task<string> UntilSaidAsync(string text)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var more = _more.Task;
            if (Said.Contains(text, StringComparison.Ordinal))
                return Said;
            Assert.False(_reading.IsCompleted, $"it ended without `{text}`:\n{Said}");
            await Task.WhenAny(more, _reading).WaitAsync(patience.Token);
        }
    }

    public void Signal(int signal) => ProcessControl.Signal(_process.Id, signal);

    /// <summary>Waits for its end; answers its exit code.</summary>
    public async Task<int> EndAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        await _reading.WaitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader from)
    {
        var buffer = new char[4096];
        while (await from.ReadAsync(buffer) is var read and > 0)
        {
            lock (_said)
                _said.Append(buffer, 0, read);
            Interlocked.Exchange(ref _more, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }
}

using Palisade.ApiServer;

namespace Palisade.Lab.Pods.Streams;

/// <summary>A command that a client has started in a pod; it ends when the client goes or the pod does.</summary>
internal sealed class ExecProcess : IContainerProcess
{
    private readonly PodProcess _process;
    private readonly Action<ExecProcess> _ended;

    /// <summary>Shows a process to a client.</summary>
    public ExecProcess(PodProcess process, CommandRequest request, Action<ExecProcess> ended)
    {
        _process = process;
        _ended = ended;
        Input = request.Input ? process.Input : null;
        Output = Wanted(process.Output, request.Output);
        Errors = Wanted(process.Errors, request.Errors);
        if (!request.Input)
            EndInput();
    }

    public Stream? Input { get; }

    public Stream? Output { get; }

    public Stream? Errors { get; }

    public void EndInput()
    {
        // A terminal has no end of input but what is typed.
        if (!_process.HasTerminal)
            _process.Input.Dispose();
    }

    public void Resize(int columns, int rows) => _process.Resize(columns, rows);

    public Task<int> WaitAsync(CancellationToken cancel) => _process.WaitAsync(cancel);

    /// <summary>Ends it, because its pod ends; its client hears so.</summary>
    public Task EndAsync() => _process.EndAsync();

    public async ValueTask DisposeAsync()
    {
        _ended(this);
        await _process.DisposeAsync();
    }

    /// <summary>A stream that nobody reads is emptied, so that the command does not wait for a reader.</summary>
    private static Stream? Wanted(Stream? stream, bool isWanted)
    {
        if (stream is null || isWanted)
            return stream;
        _ = stream.CopyToAsync(Stream.Null).ContinueWith(_ => { }, TaskScheduler.Default);
        return null;
    }
}

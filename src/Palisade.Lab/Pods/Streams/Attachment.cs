using System.IO.Pipelines;
using Palisade.ApiServer;

namespace Palisade.Lab.Pods.Streams;

/// <summary>A client that looks at a container's own command. One that does not read holds the command up.</summary>
internal sealed class Attachment : IContainerProcess
{
    private static readonly PipeOptions _bounds = new(
        pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false);

    private readonly Pipe? _output;
    private readonly Pipe? _errors;
    private readonly PodProcess _process;
    private readonly bool _endsInput;
    private readonly Action<Attachment> _leave;
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Joins a process.</summary>
    /// <param name="process">The process.</param>
    /// <param name="request">What the client wants of it.</param>
    /// <param name="readsInput">Whether the container has a standard input.</param>
    /// <param name="endsInput">Whether it ends with the client's (stdinOnce).</param>
    /// <param name="leave">Is called when the client goes.</param>
    public Attachment(
        PodProcess process, CommandRequest request, bool readsInput, bool endsInput, Action<Attachment> leave)
    {
        _process = process;
        _endsInput = endsInput && request.Input;
        _leave = leave;
        _output = request.Output ? new Pipe(_bounds) : null;
        _errors = request.Errors ? new Pipe(_bounds) : null;
        Input = request.Input && readsInput ? process.Input : null;
        Output = _output?.Reader.AsStream();
        Errors = _errors?.Reader.AsStream();
    }

    public Stream? Input { get; }

    public Stream? Output { get; }

    public Stream? Errors { get; }

    public void EndInput()
    {
        if (_endsInput && !_process.HasTerminal)
            _process.Input.Dispose();
    }

    public void Resize(int columns, int rows) => _process.Resize(columns, rows);

    public Task<int> WaitAsync(CancellationToken cancel) => _ended.Task.WaitAsync(cancel);

    /// <summary>Takes what the container wrote.</summary>
    public async ValueTask TakeAsync(bool isError, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        if ((isError ? _errors : _output) is { } pipe)
            await pipe.Writer.WriteAsync(bytes, cancel);
    }

    /// <summary>The container's run is over.</summary>
    public void End(int code)
    {
        _output?.Writer.Complete();
        _errors?.Writer.Complete();
        _ended.TrySetResult(code);
    }

    public ValueTask DisposeAsync()
    {
        _leave(this);
        EndInput();
        _output?.Reader.Complete();
        _errors?.Reader.Complete();
        return ValueTask.CompletedTask;
    }
}

using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Palisade.ApiServer.Tests.Streams;

/// <summary>
/// Pods whose every command says again what it is sent, until it ends or is sent nothing more, and then ends with 7.
/// </summary>
internal sealed class EchoPods : IPodStreams
{
    private int _running;

    /// <summary>How many commands have clients, and logs that are followed.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>What was last asked for.</summary>
    public CommandRequest? Asked { get; private set; }

    public async Task WriteLogAsync(
        ContainerTarget container, LogRequest request, Stream to, CancellationToken cancel)
    {
        if (request.Previous)
            throw new StatusException(400, "BadRequest", "there is no previous one");
        await to.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"{container.Container} {request.TailLines}\n"), cancel);
        await to.FlushAsync(cancel);
        if (!request.Follow)
            return;
        Interlocked.Increment(ref _running);
        await Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
        Interlocked.Decrement(ref _running);
    }

    public Task<IContainerProcess> ExecAsync(
        ContainerTarget container, CommandRequest request, CancellationToken cancel)
    {
        Asked = request;
        if (request.Command[0] == "missing")
            throw new StatusException(500, "InternalError", "Internal error occurred: no such command");
        Interlocked.Increment(ref _running);
        var echo = new Echo(() => Interlocked.Decrement(ref _running));
        // All that it will ever say.
        if (request.Command is ["say", var text])
        {
            echo.Input.Write(System.Text.Encoding.UTF8.GetBytes(text));
            echo.EndInput();
        }

        return Task.FromResult<IContainerProcess>(echo);
    }

    public Task<IContainerProcess> AttachAsync(
        ContainerTarget container, CommandRequest request, CancellationToken cancel) =>
        throw new StatusException(400, "BadRequest", "nothing to attach to");

    public async Task<Socket> DialAsync(string ns, string pod, int port, CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancel);
        return socket;
    }

    private sealed class Echo : IContainerProcess
    {
        private readonly Pipe _pipe = new();
        private readonly Action _gone;
        private readonly TaskCompletionSource<int> _ended = new();

        public Echo(Action gone)
        {
            _gone = gone;
            Input = _pipe.Writer.AsStream();
            Output = _pipe.Reader.AsStream();
        }

        public Stream Input { get; }

        public Stream Output { get; }

        public Stream? Errors => null;

        public void EndInput()
        {
            Input.Dispose();
            _ended.TrySetResult(7);
        }

        public void Resize(int columns, int rows) =>
            _pipe.Writer.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"{columns}x{rows}")).AsTask().Wait();

        public Task<int> WaitAsync(CancellationToken cancel) => _ended.Task.WaitAsync(cancel);

        public ValueTask DisposeAsync()
        {
            _gone();
            return ValueTask.CompletedTask;
        }
    }
}

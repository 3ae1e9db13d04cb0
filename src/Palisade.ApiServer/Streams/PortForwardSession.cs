using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Palisade.ApiServer.Streams.Spdy;

namespace Palisade.ApiServer.Streams;

/// <summary>
/// portforward.k8s.io: for each connection that kubectl has taken, a pair of streams (data, error) with the same
/// request id and port.
/// </summary>
internal sealed class PortForwardSession
{
    /// <summary>The protocol, as X-Stream-Protocol-Version names it.</summary>
    public const string Protocol = "portforward.k8s.io";

    /// <summary>The same, as the subprotocol of a WebSocket that carries SPDY.</summary>
    public const string Tunnelled = "SPDY/3.1+portforward.k8s.io";

    private const int Chunk = 16 * 1024;
    private const int MostHalves = 100;

    private readonly Func<int, CancellationToken, Task<Socket>> _dial;
    private readonly Dictionary<string, SpdyStream> _halves = [];   // by request id
    private readonly List<Task> _forwards = [];
    private readonly TaskCompletionSource<CancellationToken> _gone = new();

    private PortForwardSession(Func<int, CancellationToken, Task<Socket>> dial) => _dial = dial;

    /// <summary>Forwards until the client goes or the server ends.</summary>
    /// <param name="transport">What SPDY runs on; disposed at the end.</param>
    /// <param name="dial">Connects to a port of the pod.</param>
    /// <param name="end">The server ends.</param>
    public static async Task RunAsync(
        Stream transport, Func<int, CancellationToken, Task<Socket>> dial, CancellationToken end)
    {
        var session = new PortForwardSession(dial);
        await using var connection = new SpdyConnection(transport, session.Accept, end);
        session._gone.SetResult(connection.Gone);
        await Task.Delay(Timeout.Infinite, connection.Gone).ContinueWith(_ => { }, TaskScheduler.Default);
        await Task.WhenAll(session._forwards);
    }

    // Runs on the connection's reading task only.
    private bool Accept(SpdyStream stream)
    {
        var type = stream.Headers.GetValueOrDefault("streamtype");
        var id = stream.Headers.GetValueOrDefault("requestid");
        if (type is not ("data" or "error") || id is null || Port(stream) is not { } port)
            return false;
        if (type == "error")
            stream.Received.Complete();
        if (!_halves.Remove(id, out var other))
            return _halves.Count < MostHalves && _halves.TryAdd(id, stream);
        if (other.Headers["streamtype"] == type || Port(other) != port)
            return false;
        var (data, errors) = type == "data" ? (stream, other) : (other, stream);
        _forwards.RemoveAll(forward => forward.IsCompleted);
        _forwards.Add(ForwardAsync(port, data, errors));
        return true;
    }

    private static int? Port(SpdyStream stream) =>
        ushort.TryParse(stream.Headers.GetValueOrDefault("port"), CultureInfo.InvariantCulture, out var port)
        && port > 0 ? port : null;

    private async Task ForwardAsync(int port, SpdyStream data, SpdyStream errors)
    {
        var gone = await _gone.Task.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, data.Reset);
        try
        {
            if (await TryAsync(() => CarryAsync(port, data, either.Token)) is { } why)
            {
                await errors.SendAsync(
                    (byte[])[.. new byte[FrameHead.Size], .. Encoding.UTF8.GetBytes(why)], gone);
            }

            await errors.FinishAsync(gone);
            await data.FinishAsync(gone);
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has gone, or the server ends.
        }

        await data.Received.CompleteAsync();
    }

    /// <summary>Null, or why it was not possible.</summary>
    private static async Task<string?> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return null;
        }
        catch (Exception refusal) when (refusal is SocketException or StatusException)
        {
            return refusal.Message;
        }
    }

    private async Task CarryAsync(int port, SpdyStream data, CancellationToken cancel)
    {
        using var socket = await _dial(port, cancel);
        using var answered = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var sending = SendAsync(data.Received, socket, answered.Token);
        try
        {
            var frame = new byte[FrameHead.Size + Chunk];
            while (await socket.ReceiveAsync(frame.AsMemory(FrameHead.Size), cancel) is var read and > 0)
                await data.SendAsync(frame.AsMemory(0, FrameHead.Size + read), cancel);
        }
        catch (SocketException)
        {
            // The pod has reset the connection: for the client it ends.
        }

        // Once the pod has said everything, nobody reads what else the client sends.
        await answered.CancelAsync();
        await sending;
    }

    private static async Task SendAsync(PipeReader from, Socket to, CancellationToken cancel)
    {
        try
        {
            while (await from.ReadAsync(cancel) is var read && (!read.Buffer.IsEmpty || !read.IsCompleted))
            {
                foreach (var part in read.Buffer)
                    await SendAllAsync(to, part, cancel);
                from.AdvanceTo(read.Buffer.End);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException)
        {
            // The pod reads no more; what it still says is carried all the same.
        }
    }

    private static async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await to.SendAsync(bytes, SocketFlags.None, cancel)..];
    }
}

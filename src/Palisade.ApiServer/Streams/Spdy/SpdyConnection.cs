using System.Buffers.Binary;

namespace Palisade.ApiServer.Streams.Spdy;

/// <summary>
/// The server's end of a SPDY/3.1 connection, as far as Kubernetes uses it: the client opens streams, which the server
/// answers at once; no windows (its clients keep none), so that back pressure is that of the transport.
/// </summary>
internal sealed class SpdyConnection : IAsyncDisposable
{
    private const int LargestControlFrame = 16 * 1024;
    private const int MostStreams = 2000;   // two for each connection that is forwarded
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(5);

    private readonly Stream _transport;
    private readonly Func<SpdyStream, bool> _accept;
    private readonly HeaderReader _headers = new();
    private readonly HeaderWriter _replies = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _gone;
    private readonly Dictionary<uint, SpdyStream> _streams = [];
    private readonly byte[] _scratch = new byte[LargestControlFrame];
    private readonly Task _reading;
    private uint _newest;

    /// <summary>Serves on a transport until either side ends it.</summary>
    /// <param name="transport">Both directions; disposed with the connection.</param>
    /// <param name="accept">Is given each new stream, and takes it or refuses it. It must not wait.</param>
    /// <param name="end">The server ends.</param>
    public SpdyConnection(Stream transport, Func<SpdyStream, bool> accept, CancellationToken end)
    {
        _transport = transport;
        _accept = accept;
        _gone = CancellationTokenSource.CreateLinkedTokenSource(end);
        Gone = _gone.Token;
        _reading = ReadAsync();
    }

    /// <summary>Is cancelled when the client has gone, sent what is no SPDY, or the server ends.</summary>
    public CancellationToken Gone { get; }

    /// <summary>Why the connection was given up; null: it ended.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Sends one frame, whole.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel);
        try
        {
            await _transport.WriteAsync(frame, cancel);
            await _transport.FlushAsync(cancel);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>
    /// Waits for the client to leave: it may still have frames to read, and drops those when the connection ends first.
    /// </summary>
    public Task LeaveAsync() => Task.WhenAny(_reading, Task.Delay(_farewell, Gone));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        await _reading;
        await _transport.DisposeAsync();
        _headers.Dispose();
        _gone.Dispose();
    }

    private async Task ReadAsync()
    {
        await Task.Yield();
        try
        {
            var bytes = new byte[FrameHead.Size];
            while (await _transport.ReadAtLeastAsync(bytes, bytes.Length, false, Gone) == bytes.Length)
                await ReadFrameAsync(FrameHead.Read(bytes));
        }
        catch (SpdyException bad)
        {
            Refusal = bad.Message;
            await SayGoodbyeAsync();
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client's affair, or the server's end.
        }
        finally
        {
            await _gone.CancelAsync();
            foreach (var stream in _streams.Values)
                stream.Cut();
        }
    }

    private Task ReadFrameAsync(FrameHead head)
    {
        if (head.Type == FrameType.Data)
            return ReadDataAsync(head);
        return head.Length <= LargestControlFrame
            ? ReadControlAsync(head)
            : throw new SpdyException($"a control frame of {head.Length} bytes; the most is {LargestControlFrame}");
    }

    private async Task ReadDataAsync(FrameHead head)
    {
        var stream = _streams.GetValueOrDefault(head.Stream);
        if (stream is { IsEnded: true })
            throw new SpdyException($"data on stream {head.Stream} after its end");
        for (var left = head.Length; left > 0;)
        {
            var room = stream?.Inbox.GetMemory(1) ?? _scratch;
            var read = await _transport.ReadAsync(room[..Math.Min(left, room.Length)], Gone);
            if (read == 0)
                throw new SpdyException("a frame that ends too early");
            left -= read;
            if (stream is null)
                continue;
            stream.Inbox.Advance(read);
            // Waits while the stream holds all it may. A reader that is done takes everything, to throw it away.
            await stream.Inbox.FlushAsync(Gone);
        }

        if (head.IsLast)
            stream?.End();
    }

    private async Task ReadControlAsync(FrameHead head)
    {
        var payload = _scratch.AsMemory(0, head.Length);
        if (await _transport.ReadAtLeastAsync(payload, payload.Length, false, Gone) < payload.Length)
            throw new SpdyException("a frame that ends too early");
        switch (head.Type)
        {
            case FrameType.SynStream:
                await OpenAsync(head, payload);
                break;
            case FrameType.Headers or FrameType.SynReply:
                // Nothing is done with them, but they are part of the zlib stream.
                Number(payload, 0);
                _headers.Read(payload[4..]);
                break;
            case FrameType.RstStream:
                if (_streams.Remove(Number(payload, 0), out var cut))
                    cut.Cut();
                break;
            // Odd: the client's own ping, to be sent back.
            case FrameType.Ping when Number(payload, 0) % 2 == 1:
                await SendAsync(FrameHead.Control(FrameType.Ping, [Number(payload, 0)]), Gone);
                break;
        }
    }

    // Stream, associated stream, priority and slot; then the headers.
    private async Task OpenAsync(FrameHead head, ReadOnlyMemory<byte> payload)
    {
        var id = Number(payload, 0);
        if (payload.Length < 10)
            throw new SpdyException("a stream without headers");
        var headers = _headers.Read(payload[10..]);
        if (id % 2 == 0 || id <= _newest)
            throw new SpdyException($"stream {id} is not the client's next");
        _newest = id;
        Forget();
        var stream = new SpdyStream(this, id, headers);
        if (head.IsLast)
            stream.End();
        // The answer comes first: a client throws away what it is sent on a stream that was not answered.
        await SendAsync(FrameHead.Control(FrameType.SynReply, [id], _replies.Empty()), Gone);
        if (_streams.Count < MostStreams && _accept(stream))
            _streams[id] = stream;
        else
            await SendAsync(FrameHead.Control(FrameType.RstStream, [id, FrameHead.RefusedStream]), Gone);
    }

    // A stream that the client has ended needs nothing more from here; looked for only when many are held.
    private void Forget()
    {
        if (_streams.Count < MostStreams)
            return;
        foreach (var ended in _streams.Values.Where(stream => stream.IsEnded).ToList())
            _streams.Remove(ended.Id);
    }

    private async Task SayGoodbyeAsync()
    {
        try
        {
            using var patience = new CancellationTokenSource(_farewell);
            await SendAsync(
                FrameHead.Control(FrameType.GoAway, [_newest, FrameHead.ProtocolError]), patience.Token);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Nobody listens any more.
        }
    }

    private static uint Number(ReadOnlyMemory<byte> payload, int at) =>
        payload.Length >= at + 4
            ? BinaryPrimitives.ReadUInt32BigEndian(payload.Span[at..]) & 0x7fff_ffff
            : throw new SpdyException("a frame that ends too early");
}

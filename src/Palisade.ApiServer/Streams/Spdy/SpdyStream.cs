using System.IO.Pipelines;

namespace Palisade.ApiServer.Streams.Spdy;

/// <summary>A stream that the client opened.</summary>
internal sealed class SpdyStream(SpdyConnection connection, uint id, IReadOnlyDictionary<string, string> headers)
{
    // What one stream may hold that nobody has read yet; then the client waits, with all its streams.
    private static readonly PipeOptions _bounds =
        new(pauseWriterThreshold: 256 * 1024, resumeWriterThreshold: 128 * 1024, useSynchronizationContext: false);

    private readonly Pipe _received = new(_bounds);
    private readonly CancellationTokenSource _reset = new();

    public uint Id => id;

    /// <summary>What the client says of it, under lower-case names.</summary>
    public IReadOnlyDictionary<string, string> Headers => headers;

    /// <summary>What the client sends. Complete it when nobody wants that: it is thrown away then.</summary>
    public PipeReader Received => _received.Reader;

    /// <summary>Filled by the connection only.</summary>
    internal PipeWriter Inbox => _received.Writer;

    /// <summary>Is cancelled when the client has given the stream up.</summary>
    public CancellationToken Reset => _reset.Token;

    /// <summary>Whether nothing more comes (set by the connection).</summary>
    internal bool IsEnded { get; private set; }

    /// <summary>Sends bytes; the first <see cref="FrameHead.Size"/> are room for the frame's head.</summary>
    public ValueTask SendAsync(Memory<byte> frame, CancellationToken cancel)
    {
        new FrameHead(FrameType.Data, id, false, frame.Length - FrameHead.Size).Write(frame.Span);
        return connection.SendAsync(frame, cancel);
    }

    /// <summary>Says that nothing more follows.</summary>
    public ValueTask FinishAsync(CancellationToken cancel)
    {
        var frame = new byte[FrameHead.Size];
        new FrameHead(FrameType.Data, id, true, 0).Write(frame);
        return connection.SendAsync(frame, cancel);
    }

    internal void End()
    {
        IsEnded = true;
        Inbox.Complete();
    }

    internal void Cut()
    {
        End();
        _reset.Cancel();
    }
}

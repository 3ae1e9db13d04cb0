using System.Buffers.Binary;
using System.IO.Pipelines;
using Palisade.ApiServer.Streams.Spdy;

namespace Palisade.ApiServer.Tests.Streams;

/// <summary>The client's end of a connection in memory, byte by byte; each direction holds 64 kB.</summary>
internal sealed class SpdyPeer
{
    private readonly Pipe _toServer = new(new PipeOptions(pauseWriterThreshold: 64 * 1024));
    private readonly Pipe _toClient = new(new PipeOptions(pauseWriterThreshold: 64 * 1024));

    public SpdyPeer() => Server = new Duplex(_toServer.Reader.AsStream(), _toClient.Writer.AsStream());

    /// <summary>The server's end.</summary>
    public Stream Server { get; }

    public async Task SendAsync(params byte[][] frames)
    {
        foreach (var frame in frames)
            await _toServer.Writer.WriteAsync(frame);
    }

    /// <summary>Sends no more.</summary>
    public ValueTask LeaveAsync() => _toServer.Writer.CompleteAsync();

    /// <summary>So many bytes of what the server sent, in hexadecimal; less if it ended.</summary>
    public async Task<string> ReceiveAsync(int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var bytes = new byte[count];
        var from = _toClient.Reader.AsStream(leaveOpen: true);
        var read = await from.ReadAtLeastAsync(bytes, count, false, patience.Token);
        return Convert.ToHexStringLower(bytes.AsSpan(0, read));
    }

    public static byte[] Open(uint id, byte[] headers) =>
        FrameHead.Control(FrameType.SynStream, [id, 0], [0, 0, .. headers]);

    public static byte[] Data(uint id, byte[] bytes, bool isLast = false)
    {
        var frame = new byte[FrameHead.Size + bytes.Length];
        new FrameHead(FrameType.Data, id, isLast, bytes.Length).Write(frame);
        bytes.CopyTo(frame, FrameHead.Size);
        return frame;
    }

    /// <summary>Only a frame's head, with any length.</summary>
    public static byte[] Head(FrameType type, int length)
    {
        var head = new byte[FrameHead.Size];
        BinaryPrimitives.WriteUInt32BigEndian(head, type == FrameType.Data ? 1 : 0x8003_0000 | (uint)type);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), length);
        return head;
    }

    private sealed class Duplex(Stream from, Stream to) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            from.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            to.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => to.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            from.Dispose();
            to.Dispose();
            base.Dispose(disposing);
        }
    }
}

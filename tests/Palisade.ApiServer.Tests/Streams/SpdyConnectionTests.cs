using System.Buffers;
using System.Text;
using System.Threading.Channels;
using Palisade.ApiServer.Streams.Spdy;
using Xunit;

namespace Palisade.ApiServer.Tests.Streams;

/// <summary>The server's end of SPDY/3.1: what it answers, and that nothing a client sends breaks it.</summary>
public sealed class SpdyConnectionTests
{
    private const string FirstReply = "8003000200000014" + "00000001" + "7801000400fbff00000000000000ffff";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_stream_is_answered_carries_bytes_both_ways_and_ends()
    {
        var peer = new SpdyPeer();
        var streams = Channel.CreateUnbounded<SpdyStream>();
        await using var connection = new SpdyConnection(peer.Server, streams.Writer.TryWrite, CancellationToken.None);
        await peer.SendAsync(
            SpdyPeer.Open(1, SpdyFramingTests.ErrorStream),
            SpdyPeer.Data(1, "hello "u8.ToArray()),
            FrameHead.Control(FrameType.Ping, [7]),
            FrameHead.Control(FrameType.Settings, [0]),
            FrameHead.Control(FrameType.WindowUpdate, [1, 65536]),
            FrameHead.Control((FrameType)99, [1, 2, 3]),   // what nobody knows is passed over
            SpdyPeer.Data(1, "you"u8.ToArray(), isLast: true));
        Assert.Equal(FirstReply, await peer.ReceiveAsync(28));
        Assert.Equal("800300060000000400000007", await peer.ReceiveAsync(12));

        var stream = await streams.Reader.ReadAsync();
        Assert.Equal("error", stream.Headers["streamtype"]);
        var received = await stream.Received.ReadAtLeastAsync(10);
        Assert.Equal("hello you", Encoding.UTF8.GetString(received.Buffer.ToArray()));
        Assert.True(received.IsCompleted);
        await stream.SendAsync((byte[])[.. new byte[8], .. "fine"u8], CancellationToken.None);
        await stream.FinishAsync(CancellationToken.None);
        Assert.Equal("0000000100000004" + "66696e65" + "0000000101000000", await peer.ReceiveAsync(20));

        await peer.LeaveAsync();
        await connection.LeaveAsync().WaitAsync(_patience);
        Assert.True(connection.Gone.IsCancellationRequested);
        Assert.Null(connection.Refusal);
    }

    [Fact]
    public async Task A_stream_that_nobody_wants_is_reset()
    {
        var peer = new SpdyPeer();
        await using var connection = new SpdyConnection(peer.Server, _ => false, CancellationToken.None);
        await peer.SendAsync(SpdyPeer.Open(1, SpdyFramingTests.ErrorStream), SpdyPeer.Data(1, new byte[1000]));
        Assert.Equal(FirstReply, await peer.ReceiveAsync(28));
        Assert.Equal("80030003000000080000000100000003", await peer.ReceiveAsync(16));
    }

    [Fact]
    public async Task A_client_that_gives_a_stream_up_is_heard()
    {
        var peer = new SpdyPeer();
        var streams = Channel.CreateUnbounded<SpdyStream>();
        await using var connection = new SpdyConnection(peer.Server, streams.Writer.TryWrite, CancellationToken.None);
        await peer.SendAsync(
            SpdyPeer.Open(1, SpdyFramingTests.ErrorStream), FrameHead.Control(FrameType.RstStream, [1, 5]));
        var stream = await streams.Reader.ReadAsync();
        var reset = new TaskCompletionSource();
        await using var heard = stream.Reset.Register(reset.SetResult);
        await reset.Task.WaitAsync(_patience);
        Assert.False(connection.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task A_client_waits_for_a_reader_and_not_the_memory()
    {
        var peer = new SpdyPeer();
        var streams = Channel.CreateUnbounded<SpdyStream>();
        await using var connection = new SpdyConnection(peer.Server, streams.Writer.TryWrite, CancellationToken.None);
        await peer.SendAsync(SpdyPeer.Open(1, SpdyFramingTests.ErrorStream));
        var stream = await streams.Reader.ReadAsync();
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < 64; sent++)
                await peer.SendAsync(SpdyPeer.Data(1, new byte[64 * 1024]));
            await peer.SendAsync(SpdyPeer.Data(1, [], isLast: true));
        });
        // 256 kB in the stream, 64 kB on the way: long before 4 MB.
        var read = 0L;
        while (true)
        {
            var result = await stream.Received.ReadAsync();
            Assert.InRange(result.Buffer.Length, 0, 320 * 1024);
            read += result.Buffer.Length;
            stream.Received.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                break;
        }

        await sending.WaitAsync(_patience);
        Assert.Equal(4 << 20, read);
    }

    /// <summary>What is no SPDY/3.1, and why.</summary>
    public static TheoryData<string, byte[]> Nonsense() => new()
    {
        { "version", [0xff, 0xff, .. "T / HTTP/1.1"u8] },
        { "the most is 16384", SpdyPeer.Head(FrameType.SynStream, 0x00ff_ffff) },
        { "the most is 16384", SpdyPeer.Head(FrameType.Headers, 16385) },
        { "ends too early", [.. SpdyPeer.Head(FrameType.RstStream, 2), 0, 0] },
        { "ends too early", [.. SpdyPeer.Head(FrameType.Data, 1000), 1, 2, 3] },
        { "ends too early", [.. SpdyPeer.Head(FrameType.Ping, 4), 1] },
        { "without headers", [.. SpdyPeer.Head(FrameType.SynStream, 4), 0, 0, 0, 1] },
        { "not the client's next", SpdyPeer.Open(2, SpdyFramingTests.ErrorStream) },
        { "no zlib stream", SpdyPeer.Open(1, [1, 2, 3]) },
        {
            "after its end",
            [.. SpdyPeer.Open(1, SpdyFramingTests.ErrorStream), .. SpdyPeer.Data(1, [], true), .. SpdyPeer.Data(1, [1])]
        },
        {
            "not the client's next",
            [.. SpdyPeer.Open(3, SpdyFramingTests.ErrorStream), .. SpdyPeer.Open(1, SpdyFramingTests.InputStream)]
        },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task Nonsense_ends_the_connection(string why, byte[] bytes)
    {
        var peer = new SpdyPeer();
        await using var connection = new SpdyConnection(peer.Server, _ => true, CancellationToken.None);
        await peer.SendAsync(bytes);
        await peer.LeaveAsync();
        await GoneAsync(connection);
        Assert.Contains(why, connection.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_bytes_are_served_or_refused()
    {
        var random = new Random(20261123);
        byte[] conversation =
        [
            .. SpdyPeer.Open(1, SpdyFramingTests.ErrorStream), .. SpdyPeer.Open(3, SpdyFramingTests.InputStream),
            .. SpdyPeer.Data(3, "some words"u8.ToArray()), .. FrameHead.Control(FrameType.Ping, [1]),
            .. SpdyPeer.Open(5, SpdyFramingTests.DataStream), .. SpdyPeer.Data(3, [], isLast: true),
            .. FrameHead.Control(FrameType.RstStream, [5, 5]), .. FrameHead.Control(FrameType.GoAway, [5, 0]),
        ];
        var refused = 0;
        for (var i = 0; i < 2000; i++)
        {
            var bytes = (byte[])conversation.Clone();
            for (var damage = random.Next(4); damage > 0; damage--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var peer = new SpdyPeer();
            await using var connection = new SpdyConnection(peer.Server, Drop, CancellationToken.None);
            await peer.SendAsync(bytes[..(random.Next(3) == 0 ? random.Next(bytes.Length) : bytes.Length)]);
            await peer.LeaveAsync();
            await GoneAsync(connection);
            refused += connection.Refusal is null ? 0 : 1;
        }

        // Most damage is noticed; some is to bytes that say nothing.
        Assert.InRange(refused, 500, 1999);
    }

    private static bool Drop(SpdyStream stream)
    {
        stream.Received.Complete();
        return true;
    }

    private static async Task GoneAsync(SpdyConnection connection)
    {
        var gone = new TaskCompletionSource();
        await using var heard = connection.Gone.Register(gone.SetResult);
        await gone.Task.WaitAsync(_patience);
    }
}

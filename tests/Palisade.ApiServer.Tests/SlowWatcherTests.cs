using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Tests.Storage;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>
/// Watchers that do not take what they are told: they are cut off and cost little, and the others miss nothing. The
/// server is a process of its own, so that its memory is its own too.
/// </summary>
public sealed class SlowWatcherTests : IAsyncLifetime
{
    private const int Events = 150;
    private const int Sleepers = 40;

    // Held for each sleeper by itself they would be 600 MB.
    private const int EventBytes = 100_000;
    private const long MostGrowth = 300_000_000;
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Watch = "/api/v1/configmaps?watch=true&resourceVersion=";

    // linux/tcp.h
    private const int TcpProtocol = 6;
    private const int TcpState = 11;
    private const int Closed = 7;
    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-slow-").FullName;
    private readonly List<IDisposable> _open = [];
    private ServerProcess _server = null!;

    public async ValueTask InitializeAsync() => _server = await ServerProcess.StartAsync(_directory);

    public async ValueTask DisposeAsync()
    {
        _open.ForEach(open => open.Dispose());
        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Http1_connections_that_are_not_read_are_closed()
    {
        var version = await VersionAsync();
        var sleepers = new List<Socket>();
        for (var i = 0; i < Sleepers; i++)
        {
            var (socket, tls) = await ConnectAsync(SslApplicationProtocol.Http11);
            await tls.WriteAsync(Encoding.ASCII.GetBytes(
                $"GET {Watch}{version} HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                $"Authorization: Bearer {_server.Client.BearerToken}\r\n\r\n"));
            sleepers.Add(socket);
        }

        await TellAsync(version);
        foreach (var sleeper in sleepers)
            await Eventually(() => State(sleeper) == Closed);
    }

    [Fact]
    public async Task Http2_streams_without_room_are_reset_and_their_connection_goes_on()
    {
        const byte Data = 0, Reset = 3, Ping = 6;
        var version = await VersionAsync();
        var streams = new List<SslStream>();
        for (var i = 0; i < Sleepers; i++)
        {
            var (_, tls) = await ConnectAsync(SslApplicationProtocol.Http2);
            await tls.WriteAsync(Http2Request(Watch + version, _server.Client.BearerToken));
            streams.Add(tls);
        }

        await TellAsync(version);
        foreach (var stream in streams)
        {
            // The frames are read, but no room is given for more.
            var told = 0;
            var frame = await FrameAsync(stream);
            for (; frame.Type != Reset; frame = await FrameAsync(stream))
                told += frame is { Type: Data, Stream: 1 } ? frame.Payload.Length : 0;
            Assert.Equal(1, frame.Stream);
            Assert.InRange(told, 1, 65_535);
            await stream.WriteAsync(Frame(Ping, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]));
            do
                frame = await FrameAsync(stream);
            while (frame.Type != Ping);
            Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], frame.Payload);
        }
    }

    // One who reads gets everything in order, and the server's memory stays small.
    private async Task TellAsync(string version)
    {
        using var awake = await _server.Client.Watch(Watch + version);
        var before = Memory();
        var text = new string('x', EventBytes);
        for (var i = 0; i < Events; i++)
        {
            var made = await _server.Client.Post(
                Maps, $$"""{"metadata":{"name":"m{{i}}"},"data":{"text":"{{text}}"} }""");
            Assert.Equal(201, (int)made.Code);
        }

        for (var i = 0; i < Events; i++)
            Assert.Equal($"ADDED m{i}", (await awake.Next(TimeSpan.FromSeconds(60)))!.ToString());
        Assert.InRange(Memory() - before, 0, MostGrowth);
    }

    private async Task<string> VersionAsync() =>
        (string)(await _server.Client.Get(Maps)).Json["metadata"]!["resourceVersion"]!;

    private async Task<(Socket Socket, SslStream Tls)> ConnectAsync(SslApplicationProtocol protocol)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", _server.Client.Url.Port);
        // Whoever it is: how it deals with this client is the question.
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true), false, (_, _, _, _) => true);
        _open.Add(tls);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "127.0.0.1",
            ApplicationProtocols = [protocol],
        });
        Assert.Equal(protocol, tls.NegotiatedApplicationProtocol);
        return (socket, tls);
    }

    private static byte[] Http2Request(string path, string token)
    {
        const byte Headers = 1, Settings = 4, EndStreamAndHeaders = 5;
        byte[] fields =
        [
            .. Field(":method", "GET"), .. Field(":scheme", "https"), .. Field(":authority", "127.0.0.1"),
            .. Field(":path", path), .. Field("authorization", "Bearer " + token),
        ];
        return
        [
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, []),
            .. Frame(Headers, EndStreamAndHeaders, 1, fields),
        ];
    }

    // HPACK, a literal that is not indexed; all are shorter than 127.
    private static byte[] Field(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    private static async Task<(byte Type, int Stream, byte[] Payload)> FrameAsync(SslStream stream)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var head = new byte[9];
        await stream.ReadExactlyAsync(head, patience.Token);
        var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
        await stream.ReadExactlyAsync(payload, patience.Token);
        return (head[3], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
    }

    private long Memory() => 1024 * File.ReadLines($"/proc/{_server.Id}/status")
        .Where(line => line.StartsWith("VmHWM", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2])).Single();

    private static byte State(Socket socket)
    {
        Span<byte> state = stackalloc byte[1];
        socket.GetRawSocketOption(TcpProtocol, TcpState, state);
        return state[0];
    }

    private static async Task Eventually(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!holds())
            await Task.Delay(20, patience.Token);
    }
}

using System.Net;
using System.Net.Sockets;
using Palisade.Nftables.Kernel;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>A resolver for tests, in a pod's namespace: UDP and TCP at port 53, until disposal.</summary>
internal sealed class DnsServer : IDisposable
{
    private readonly Func<byte[], byte[]> _answer;
    private readonly Socket _datagrams;
    private readonly Socket _listener;

    public DnsServer(NetworkNamespace place, IPAddress address, Func<byte[], byte[]> answer)
    {
        _answer = answer;
        (_datagrams, _listener) = place.Run(() => (
            new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp),
            new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)));
        _datagrams.Bind(new IPEndPoint(address, 53));
        _listener.Bind(new IPEndPoint(address, 53));
        _listener.Listen();
        _ = ServeDatagramsAsync();
        _ = ServeStreamsAsync();
    }

    /// <summary>Asks as a program in a pod does, and gives the answer.</summary>
    public static async Task<byte[]> AskAsync(NetworkNamespace from, IPAddress resolver, byte[] query, bool tcp)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        using var socket = from.Run(() => new Socket(
            resolver.AddressFamily, tcp ? SocketType.Stream : SocketType.Dgram,
            tcp ? ProtocolType.Tcp : ProtocolType.Udp));
        await socket.ConnectAsync(new IPEndPoint(resolver, 53), limit.Token);
        await socket.SendAsync(tcp ? DnsWire.Framed(query) : query, limit.Token);
        if (tcp)
        {
            await using var stream = new NetworkStream(socket);
            return await ReadMessageAsync(stream, limit.Token);
        }

        var buffer = new byte[65_536];
        return buffer[..await socket.ReceiveAsync(buffer, limit.Token)];
    }

    public void Dispose()
    {
        _datagrams.Dispose();
        _listener.Dispose();
    }

    private static async Task<byte[]> ReadMessageAsync(Stream stream, CancellationToken cancel)
    {
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, cancel);
        var message = new byte[length[0] << 8 | length[1]];
        await stream.ReadExactlyAsync(message, cancel);
        return message;
    }

    private async Task ServeDatagramsAsync()
    {
        var buffer = new byte[65_536];
        try
        {
            while (true)
            {
                var from = await _datagrams.ReceiveFromAsync(buffer, new IPEndPoint(
                    _datagrams.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
                await _datagrams.SendToAsync(_answer(buffer[..from.ReceivedBytes]), from.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeStreamsAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptAsync();
                await using var stream = new NetworkStream(client);
                await stream.WriteAsync(DnsWire.Framed(_answer(await ReadMessageAsync(stream, default))));
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException or EndOfStreamException)
        {
            // The test is over.
        }
    }
}

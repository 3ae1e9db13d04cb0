using System.Net;
using System.Net.Sockets;
using Protocol = Palisade.Policy.Sets.Protocol;

namespace Palisade.Dataplane.Tests.World;

/// <summary>
/// Connections as programs make them, between pods whose kernels have their addresses, and nodes: a TCP handshake, a
/// UDP datagram and its echo.
/// </summary>
internal static class Exchanges
{
    /// <summary>
    /// How long a connection that must not come about is given: forwarding takes well under a millisecond.
    /// </summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Which attempts (TCP and UDP, between pods and nodes) came about; all run at the same time.</summary>
    public static async Task<bool[]> TryAsync(IReadOnlyList<Attempt> attempts, IReadOnlyList<bool> expected)
    {
        using var stop = new CancellationTokenSource();
        var servers = attempts.DistinctBy(a => (a.Destination, a.Protocol, a.Port)).Select(a => Serve(a, stop.Token))
            .ToList();
        try
        {
            return await Task.WhenAll(
                attempts.Select((attempt, i) => ReachesAsync(attempt, expected[i] ? Patience : Silence)));
        }
        finally
        {
            await stop.CancelAsync();
            servers.ForEach(server => server.Dispose());
        }
    }

    private static Socket Serve(Attempt attempt, CancellationToken stop)
    {
        var socket = Open(attempt.To, attempt);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(attempt.Destination.ToIp(), attempt.Port));
        if (attempt.Protocol == Protocol.Tcp)
            socket.Listen(128);   // the kernel completes handshakes by itself
        else
            _ = EchoAsync(socket, stop);
        return socket;
    }

    private static async Task EchoAsync(Socket socket, CancellationToken stop)
    {
        var buffer = new byte[64];
        try
        {
            while (true)
            {
                var from = new IPEndPoint(
                    socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
                var received = await socket.ReceiveFromAsync(buffer, from, stop);
                await socket.SendToAsync(buffer.AsMemory(0, received.ReceivedBytes), received.RemoteEndPoint, stop);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The round is over.
        }
    }

    private static async Task<bool> ReachesAsync(Attempt attempt, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        using var socket = Open(attempt.From, attempt);
        socket.Bind(new IPEndPoint(attempt.Source.ToIp(), 0));
        try
        {
            await socket.ConnectAsync(new IPEndPoint(attempt.Destination.ToIp(), attempt.Port), limit.Token);
            if (attempt.Protocol == Protocol.Tcp)
                return true;
            await socket.SendAsync("?"u8.ToArray(), limit.Token);
            return await socket.ReceiveAsync(new byte[1], limit.Token) == 1;
        }
        catch (OperationCanceledException)
        {
            return false;   // silence: a refusal or an unreachable host would be a SocketException, and fail the test
        }
    }

    private static Socket Open(Place at, Attempt attempt) => at.Namespace!.Run(() => new Socket(
        attempt.Source.ToIp().AddressFamily,
        attempt.Protocol == Protocol.Tcp ? SocketType.Stream : SocketType.Dgram,
        attempt.Protocol == Protocol.Tcp ? ProtocolType.Tcp : ProtocolType.Udp));
}

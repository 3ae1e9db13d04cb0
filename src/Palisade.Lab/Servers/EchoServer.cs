using System.Net;
using System.Net.Sockets;

namespace Palisade.Lab.Servers;

/// <summary>Sends every UDP datagram back to where it came from.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    // The largest UDP payload over IPv4: 65,535 - 20 - 8.
    private const int LargestDatagram = 65507;

    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _echoing;

    /// <summary>Serves on a bound socket, in whichever namespace it was made.</summary>
    public EchoServer(Socket socket)
    {
        _socket = socket;
        _echoing = EchoAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _socket.Dispose();
        await _echoing;
        _stop.Dispose();
    }

    private async Task EchoAsync()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(LargestDatagram, pinned: true);
        var any = new IPEndPoint(
            _socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, any, _stop.Token);
                await _socket.SendToAsync(
                    buffer.AsMemory(0, received.ReceivedBytes), SocketFlags.None, received.RemoteEndPoint, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // An ICMP error about an answer that nobody waits for any more, or a policy that lets none out.
            }
        }
    }
}

using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Servers;

/// <summary>
/// Answers INIT with INIT ACK on the declared ports and with ABORT on all others, on a raw socket: enough to see
/// whether a policy lets an association begin, on kernels without SCTP too. A raw socket that takes a packet also keeps
/// the kernel from answering "protocol unreachable" (ip_protocol_deliver_rcu).
/// </summary>
internal sealed class SctpResponder : IAsyncDisposable
{
    /// <summary>SCTP's IP protocol number.</summary>
    public const byte Protocol = 132;

    private readonly ImmutableHashSet<ushort>? _ports;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _sockets = [];
    private readonly Task _answering;

    /// <summary>Opens the sockets in the namespace of the calling thread; no list of ports means all.</summary>
    /// <exception cref="KernelException">No CAP_NET_RAW there.</exception>
    public SctpResponder(IEnumerable<ushort>? ports, bool hasIPv6)
    {
        _ports = ports?.ToImmutableHashSet();
        _sockets.Add(RawSocket.IpAsync(4, Protocol));
        if (hasIPv6)
            _sockets.Add(RawSocket.IpAsync(6, Protocol));
        _answering = Task.WhenAll(_sockets.Select(AnswerAsync));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _sockets.ForEach(socket => socket.Dispose());
        await _answering;
        _stop.Dispose();
    }

    /// <summary>The SCTP packet in what a raw socket received: IPv4 sockets deliver the IP header too.</summary>
    public static SctpPacket? Read(ReadOnlySpan<byte> received, AddressFamily family)
    {
        if (family == AddressFamily.InterNetworkV6)
            return SctpPacket.Parse(received);
        var header = received.IsEmpty ? 0 : (received[0] & 0xF) * 4;
        return received.Length > header ? SctpPacket.Parse(received[header..]) : null;
    }

    private async Task AnswerAsync(Socket socket)
    {
        var isV6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
        var any = new IPEndPoint(isV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        var buffer = new byte[2048];
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, any, _stop.Token);
                if (Read(buffer.AsSpan(0, received.ReceivedBytes),
                    socket.AddressFamily) is { Chunk: SctpChunk.Init } init)
                    await socket.SendToAsync(
                        Answer(init).ToBytes(), SocketFlags.None, received.RemoteEndPoint, _stop.Token);
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
                // An ICMP error about an answer that did not arrive.
            }
        }
    }

    /// <summary>
    /// An answer carries the tag that the INIT asked for, so that its sender takes it for its own (RFC 9260 section
    /// 8.5).
    /// </summary>
    private SctpPacket Answer(SctpPacket init) => new(
        init.DestinationPort, init.SourcePort, init.InitiateTag,
        _ports is null || _ports.Contains(init.DestinationPort)
            ? SctpChunk.InitAck : SctpChunk.Abort, init.InitiateTag ^ 0x5EED_5EED);
}

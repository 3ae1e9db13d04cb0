using System.Net;
using System.Net.Sockets;
using Palisade.Lab.Servers;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Connect;

/// <summary>
/// An SCTP INIT on a raw socket, since many kernels come without SCTP; what the policy judges is this packet anyway.
/// </summary>
internal static class SctpProbe
{
    /// <summary>Sends one INIT and waits for INIT ACK or ABORT.</summary>
    public static async Task<(bool Connected, bool Reached, string Answer)> SendAsync(
        Probe probe, CancellationToken cancel)
    {
        using var socket = await probe.Namespace.RunAsync(() => Open(probe));
        // Connected, so that packets of others are filtered out and ICMP protocol unreachable comes back as an error.
        await socket.ConnectAsync(new IPEndPoint(probe.Target, 0), cancel);
        var sourcePort = (ushort)Random.Shared.Next(32768, 61000);
        // A zero tag is not allowed in an INIT (RFC 9260 section 3.3.2).
        var tag = (uint)Random.Shared.NextInt64(1, uint.MaxValue);
        await socket.SendAsync(new SctpPacket(sourcePort, probe.Port, 0, SctpChunk.Init, tag).ToBytes(), cancel);
        var buffer = new byte[2048];
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer, cancel);
            var answer = SctpResponder.Read(buffer.AsSpan(0, read), socket.AddressFamily);
            if (answer is not { } packet || packet.DestinationPort != sourcePort || packet.SourcePort != probe.Port
                || packet.VerificationTag != tag)
                continue;
            return packet.Chunk == SctpChunk.InitAck ? (true, true, "INIT ACK") : (false, true, "refused");
        }
    }

    private static Socket Open(Probe probe)
    {
        var socket = RawSocket.IpAsync(
            probe.Target.AddressFamily == AddressFamily.InterNetworkV6 ? 6 : 4, SctpResponder.Protocol);
        if (probe.Source is not null)
            socket.Bind(new IPEndPoint(probe.Source, 0));
        return socket;
    }
}

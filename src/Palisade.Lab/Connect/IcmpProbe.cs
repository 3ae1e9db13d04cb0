using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Palisade.Lab.Connect;

/// <summary>
/// An ICMP echo (RFC 792; RFC 4443 section 4 for IPv6): type, code 0, checksum, identifier, sequence number, payload.
/// </summary>
internal static class IcmpProbe
{
    private const int HeaderLength = 8;

    /// <summary>Sends one echo request and waits for its reply.</summary>
    public static async Task<(bool Connected, bool Reached, string Answer)> SendAsync(
        Probe probe, CancellationToken cancel)
    {
        var isV6 = probe.Target.AddressFamily == AddressFamily.InterNetworkV6;
        var protocol = isV6 ? ProtocolType.IcmpV6 : ProtocolType.Icmp;
        using var socket = await Prober.OpenAsync(probe, SocketType.Raw, protocol);
        await socket.ConnectAsync(new IPEndPoint(probe.Target, 0), cancel);
        var identifier = (ushort)Random.Shared.Next(ushort.MaxValue + 1);
        await socket.SendAsync(Request(isV6, identifier), cancel);
        var buffer = new byte[256];
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer, cancel);
            if (IsReply(buffer.AsSpan(0, read), isV6, identifier))
                return (true, true, "echo reply");
        }
    }

    private static byte[] Request(bool isV6, ushort identifier)
    {
        var bytes = new byte[HeaderLength + 8];
        bytes[0] = (byte)(isV6 ? 128 : 8);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), identifier);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), 1);
        "palisade"u8.CopyTo(bytes.AsSpan(HeaderLength));
        // The kernel fills in ICMPv6 checksums itself: they cover the addresses (RFC 3542 section 3.1).
        if (!isV6)
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), Checksum(bytes));
        return bytes;
    }

    private static bool IsReply(ReadOnlySpan<byte> packet, bool isV6, ushort identifier)
    {
        // Raw IPv4 sockets deliver the IP header too; its length is in 32-bit words.
        var message = isV6 ? packet : packet[Math.Min(packet.Length, packet.IsEmpty ? 0 : (packet[0] & 0xF) * 4)..];
        return message.Length >= HeaderLength && message[0] == (isV6 ? 129 : 0)
            && BinaryPrimitives.ReadUInt16BigEndian(message[4..]) == identifier;
    }

    /// <summary>The Internet checksum of an even number of bytes (RFC 1071).</summary>
    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var i = 0; i < bytes.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        while (sum > 0xFFFF)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)(~sum & 0xFFFF);
    }
}

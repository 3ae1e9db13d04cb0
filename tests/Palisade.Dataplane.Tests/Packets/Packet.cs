using System.Buffers.Binary;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Packets;

/// <summary>
/// Makes IP packets byte by byte, checksums included (conntrack calls a packet with a wrong one INVALID). Each carries
/// a mark: eight bytes, a magic number and an id, by which the receiver knows it again whatever NAT did to its header.
/// </summary>
internal static class Packet
{
    private const uint Magic = 0x9a11_5ade;

    public const int Icmp = 1;
    public const int Tcp = 6;
    public const int Udp = 17;
    public const int Icmp6 = 58;
    public const int Sctp = 132;

    /// <summary>
    /// The first packet of a connection: TCP SYN, UDP datagram, SCTP INIT, or for Other an ICMP echo request.
    /// </summary>
    public static byte[] Opening(
        Protocol protocol, Address from, ushort fromPort, Address to, ushort toPort, uint id) => protocol switch
        {
            Protocol.Tcp => Ip(from, to, Tcp, TcpSegment(fromPort, toPort, 0x02, id)),
            Protocol.Udp => Ip(from, to, Udp, UdpDatagram(fromPort, toPort, id)),
            Protocol.Sctp => Ip(from, to, Sctp, SctpInit(fromPort, toPort, id)),
            _ => Echo(from, to, id),
        };

    /// <summary>A TCP segment with these flags (2 SYN, 16 ACK, 4 RST), carrying the mark.</summary>
    public static byte[] TcpFlags(Address from, ushort fromPort, Address to, ushort toPort, byte flags, uint id) =>
        Ip(from, to, Tcp, TcpSegment(fromPort, toPort, flags, id));

    /// <summary>A UDP datagram that begins with some bytes and ends with the mark.</summary>
    public static byte[] Datagram(
        Address from, ushort fromPort, Address to, ushort toPort, ReadOnlySpan<byte> begins, uint id) =>
        Ip(from, to, Udp, UdpDatagram(fromPort, toPort, id, begins));

    /// <summary>
    /// SCTP with one chunk (0 DATA, 2 INIT ACK): its first 4 bytes are the initiate tag or the TSN, and it carries the
    /// mark. The tag in the header is the receiver's.
    /// </summary>
    public static byte[] SctpChunk(
        Address from, ushort fromPort, Address to, ushort toPort, uint tag, byte type, uint first, uint id)
    {
        var packet = new byte[12 + 28];
        BinaryPrimitives.WriteUInt16BigEndian(packet, fromPort);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), toPort);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), tag);
        packet[12] = type;
        packet[13] = (byte)(type == 0 ? 3 : 0);   // DATA: a whole message
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(14), 28);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), first);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(20), 65536);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(24), 10);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(26), 10);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(28), id);
        Mark(packet.AsSpan(32), id);
        return Ip(from, to, Sctp, packet);
    }

    /// <summary>The initiate tag of <see cref="Opening"/>'s INIT.</summary>
    public const uint InitiateTag = Magic;

    /// <summary>An ICMP or ICMPv6 echo, request or reply.</summary>
    public static byte[] Echo(Address from, Address to, ushort identifier, bool reply, uint id)
    {
        var v6 = from.Family == AddressFamily.V6;
        var body = new byte[16];
        body[0] = (byte)((v6, reply) switch
        {
            (true, false) => 128,
            (true, true) => 129,
            (false, false) => 8,
            _ => 0
        });
        BinaryPrimitives.WriteUInt16BigEndian(body.AsSpan(4), identifier);
        Mark(body.AsSpan(8), id);
        return Ip(from, to, v6 ? Icmp6 : Icmp, body);
    }

    /// <summary>An ICMP or ICMPv6 echo request.</summary>
    public static byte[] Echo(Address from, Address to, uint id)
    {
        var v6 = from.Family == AddressFamily.V6;
        var body = new byte[16];
        body[0] = (byte)(v6 ? 128 : 8);
        // The identifier is conntrack's "port".
        BinaryPrimitives.WriteUInt16BigEndian(body.AsSpan(4), (ushort)(id & 0xffff));
        Mark(body.AsSpan(8), id);
        return Ip(from, to, v6 ? Icmp6 : Icmp, body);
    }

    /// <summary>An ICMPv6 message (type, code 0) with any body after the 4 bytes of its header.</summary>
    public static byte[] Icmpv6(Address from, Address to, byte type, byte hopLimit, ReadOnlySpan<byte> body, uint id)
    {
        var message = new byte[4 + body.Length + 8];
        message[0] = type;
        body.CopyTo(message.AsSpan(4));
        Mark(message.AsSpan(4 + body.Length), id);
        return Ip(from, to, Icmp6, message, hopLimit);
    }

    /// <summary>
    /// An ICMP error (3 destination unreachable, code 4: fragmentation needed; ICMPv6 2: packet too big) about a
    /// packet.
    /// </summary>
    public static byte[] TooBig(Address from, Address to, ReadOnlySpan<byte> about, uint id)
    {
        var v6 = from.Family == AddressFamily.V6;
        var body = new byte[8 + about.Length + 8];
        (body[0], body[1]) = v6 ? ((byte)2, (byte)0) : ((byte)3, (byte)4);
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(4), 1400);
        about.CopyTo(body.AsSpan(8));
        Mark(body.AsSpan(8 + about.Length), id);
        return Ip(from, to, v6 ? Icmp6 : Icmp, body);
    }

    /// <summary>An Ethernet frame around an IP packet.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> toMac, ReadOnlySpan<byte> fromMac, ReadOnlySpan<byte> packet)
    {
        var frame = new byte[14 + packet.Length];
        toMac.CopyTo(frame);
        fromMac.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), (ushort)(packet[0] >> 4 == 6 ? 0x86dd : 0x0800));
        packet.CopyTo(frame.AsSpan(14));
        return frame;
    }

    /// <summary>
    /// The id of the mark in a received frame or packet; null when it has none. The last mark counts (errors quote
    /// others).
    /// </summary>
    public static uint? IdIn(ReadOnlySpan<byte> bytes)
    {
        // A redirect quotes the packet that a router sent back where it came from; Linux sends it before gates judge.
        if (bytes.Length > 54 && (bytes[12], bytes[13]) == (0x86, 0xdd) && bytes[20] == Icmp6 && bytes[54] == 137)
            return null;
        Span<byte> magic = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(magic, Magic);
        var at = bytes.LastIndexOf(magic);
        return at >= 0 && bytes.Length >= at + 8 ? BinaryPrimitives.ReadUInt32BigEndian(bytes[(at + 4)..]) : null;
    }

    /// <summary>An IPv4 or IPv6 packet around a transport message, whose checksum is filled in.</summary>
    public static byte[] Ip(Address from, Address to, int protocol, byte[] message, byte hopLimit = 64)
    {
        var v6 = from.Family == AddressFamily.V6;
        Checksum(message, protocol, from, to);
        var packet = new byte[(v6 ? 40 : 20) + message.Length];
        if (v6)
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)message.Length);
            (packet[6], packet[7]) = ((byte)protocol, hopLimit);
            from.ToBytes().CopyTo(packet, 8);
            to.ToBytes().CopyTo(packet, 24);
        }
        else
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            (packet[8], packet[9]) = (hopLimit, (byte)protocol);
            from.ToBytes().CopyTo(packet, 12);
            to.ToBytes().CopyTo(packet, 16);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Folded(Sum(packet.AsSpan(0, 20))));
        }

        message.CopyTo(packet, v6 ? 40 : 20);
        return packet;
    }

    private static byte[] TcpSegment(ushort fromPort, ushort toPort, byte flags, uint id)
    {
        var segment = new byte[28];
        BinaryPrimitives.WriteUInt16BigEndian(segment, fromPort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), toPort);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), id);
        segment[12] = 5 << 4;
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 64000);
        Mark(segment.AsSpan(20), id);
        return segment;
    }

    private static byte[] UdpDatagram(ushort fromPort, ushort toPort, uint id, ReadOnlySpan<byte> begins = default)
    {
        var datagram = new byte[16 + begins.Length];
        BinaryPrimitives.WriteUInt16BigEndian(datagram, fromPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), toPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), (ushort)datagram.Length);
        begins.CopyTo(datagram.AsSpan(8));
        Mark(datagram.AsSpan(8 + begins.Length), id);
        return datagram;
    }

    /// <summary>
    /// RFC 9260 §3.3.2. The initiate tag and the receiver window carry the mark; conntrack looks at neither's value.
    /// </summary>
    private static byte[] SctpInit(ushort fromPort, ushort toPort, uint id)
    {
        var packet = new byte[12 + 20];
        BinaryPrimitives.WriteUInt16BigEndian(packet, fromPort);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), toPort);
        packet[12] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(14), 20);
        Mark(packet.AsSpan(16), id);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(24), 10);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(26), 10);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(28), id);
        return packet;
    }

    private static void Mark(Span<byte> at, uint id)
    {
        BinaryPrimitives.WriteUInt32BigEndian(at, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(at[4..], id);
    }

    private static void Checksum(byte[] message, int protocol, Address from, Address to)
    {
        switch (protocol)
        {
            case Tcp:
                Put(message.AsSpan(16), Folded(Pseudo(from, to, protocol, message.Length) + Sum(message)));
                break;
            case Udp:
                var sum = Folded(Pseudo(from, to, protocol, message.Length) + Sum(message));
                Put(message.AsSpan(6), sum == 0 ? ushort.MaxValue : sum);
                break;
            case Icmp:
                Put(message.AsSpan(2), Folded(Sum(message)));
                break;
            case Icmp6:
                Put(message.AsSpan(2), Folded(Pseudo(from, to, protocol, message.Length) + Sum(message)));
                break;
            case Sctp:
                BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), Crc32C(message));
                break;
        }

        static void Put(Span<byte> at, ushort sum) => BinaryPrimitives.WriteUInt16BigEndian(at, sum);
    }

    private static uint Pseudo(Address from, Address to, int protocol, int length) =>
        Sum(from.ToBytes()) + Sum(to.ToBytes()) + (uint)protocol + (uint)length;

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var i = 0; i < bytes.Length; i++)
            sum += (uint)bytes[i] << (i % 2 == 0 ? 8 : 0);
        return sum;
    }

    private static ushort Folded(uint sum)
    {
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)(~sum & 0xffff);
    }

    /// <summary>Castagnoli's polynomial, bit by bit: RFC 9260 appendix A.</summary>
    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1;
        }

        return ~crc;
    }
}

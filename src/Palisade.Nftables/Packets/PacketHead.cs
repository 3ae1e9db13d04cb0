using System.Buffers.Binary;

namespace Palisade.Nftables.Packets;

/// <summary>TCP's control bits.</summary>
[Flags]
public enum TcpFlags : byte
{
    /// <summary>The sender has no more to say.</summary>
    Fin = 0x01,

    /// <summary>Opens a connection.</summary>
    Syn = 0x02,

    /// <summary>Resets a connection.</summary>
    Reset = 0x04,

    /// <summary>Push.</summary>
    Push = 0x08,

    /// <summary>Acknowledges.</summary>
    Acknowledge = 0x10,

    /// <summary>Urgent.</summary>
    Urgent = 0x20,

    /// <summary>Congestion echo.</summary>
    CongestionEcho = 0x40,

    /// <summary>Congestion window reduced.</summary>
    CongestionReduced = 0x80,
}

/// <summary>What the headers of an IPv4 or IPv6 packet say, as far as they are there; allocates nothing.</summary>
/// <remarks>
/// IPv4: version, length u8 (length in 4-byte words) · service u8 · total u16 · id u16 · fragment u16 (offset in its
///   low 13 bits) · ttl u8 · protocol u8 · checksum u16 · source 4 · destination 4 · options
/// IPv6: version … u32 · payload length u16 · next header u8 · hop limit u8 · source 16 · destination 16, then
///   extension headers: next header u8 · length u8 (in 8 bytes, the first not counted; authentication: in 4 bytes,
///   two not counted) …; fragment: next header u8 · reserved u8 · offset u16 (in its high 13 bits) · id u32
/// The transport protocol is what `meta l4proto` of nf_tables gives. Sources: RFC 791, 8200, 4302.
/// </remarks>
public readonly record struct PacketHead
{
    private const int MinimumV4 = 20;
    private const int LengthV6 = 40;

    /// <summary>The sender.</summary>
    public PacketAddress Source { get; init; }

    /// <summary>The receiver.</summary>
    public PacketAddress Destination { get; init; }

    /// <summary>Transport protocol, behind extension headers as far as they could be read.</summary>
    public byte Protocol { get; init; }

    /// <summary>Time to live or hop limit.</summary>
    public byte HopLimit { get; init; }

    /// <summary>Bytes the packet had in whole, by its own IP header.</summary>
    public int Length { get; init; }

    /// <summary>Whether it is a fragment other than the first, which has no transport header.</summary>
    public bool IsLaterFragment { get; init; }

    /// <summary>Where the transport header begins; null when it is not there (a later fragment, cut off).</summary>
    public int? TransportOffset { get; init; }

    /// <summary>Whether the ports, or the ICMP type and code, could be read.</summary>
    public bool HasPorts { get; init; }

    /// <summary>The sender's port; ICMP echo: the identifier; 0 without.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>The receiver's port; ICMP: type * 256 + code; 0 without.</summary>
    public ushort DestinationPort { get; init; }

    /// <summary>TCP's control bits; zero where it is not TCP or they are cut off.</summary>
    public TcpFlags TcpFlags { get; init; }

    /// <summary>4 or 6.</summary>
    public int Family => Source.Family;

    /// <summary>Reads the head of a packet that begins with its IP header, however short or wrong it is.</summary>
    /// <returns>False when it has no whole IP header.</returns>
    public static bool TryParse(ReadOnlySpan<byte> packet, out PacketHead head)
    {
        head = default;
        return (packet.IsEmpty ? 0 : packet[0] >> 4) switch
        {
            4 => TryParseV4(packet, out head),
            6 => TryParseV6(packet, out head),
            _ => false,
        };
    }

    private static bool TryParseV4(ReadOnlySpan<byte> packet, out PacketHead head)
    {
        head = default;
        if (packet.Length < MinimumV4)
            return false;
        var length = (packet[0] & 0xf) * 4;
        if (length < MinimumV4)
            return false;
        var isLater = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1fff) != 0;
        head = new()
        {
            Source = PacketAddress.Of(packet.Slice(12, 4)),
            Destination = PacketAddress.Of(packet.Slice(16, 4)),
            Protocol = packet[9],
            HopLimit = packet[8],
            Length = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]),
            IsLaterFragment = isLater,
        };
        head = WithTransport(head, packet, isLater ? null : length);
        return true;
    }

    private static bool TryParseV6(ReadOnlySpan<byte> packet, out PacketHead head)
    {
        head = default;
        if (packet.Length < LengthV6)
            return false;
        var (protocol, offset, isLater) = SkipExtensions(packet);
        head = new()
        {
            Source = PacketAddress.Of(packet.Slice(8, 16)),
            Destination = PacketAddress.Of(packet.Slice(24, 16)),
            Protocol = protocol,
            HopLimit = packet[7],
            Length = LengthV6 + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]),
            IsLaterFragment = isLater,
        };
        head = WithTransport(head, packet, offset);
        return true;
    }

    /// <summary>The first header that is no extension, and where it is; null: not in what is there.</summary>
    /// <remarks>Each step moves on by at least 8 bytes, so a packet of n bytes takes at most n / 8 of them.</remarks>
    private static (byte Protocol, int? Offset, bool IsLater) SkipExtensions(ReadOnlySpan<byte> packet)
    {
        var next = packet[6];
        var offset = LengthV6;
        var isLater = false;
        while (next is 0 or 43 or 44 or 51 or 60 or 135 or 139 or 140)
        {
            if (isLater || offset + 8 > packet.Length)
                return (next, null, isLater);
            var units = packet[offset + 1];
            var length = next switch { 44 => 8, 51 => (units + 2) * 4, _ => (units + 1) * 8 };
            isLater = next == 44 && (BinaryPrimitives.ReadUInt16BigEndian(packet[(offset + 2)..]) & 0xfff8) != 0;
            next = packet[offset];
            offset += length;
        }

        return (next, isLater || next == 59 ? null : offset, isLater);
    }

    private static PacketHead WithTransport(in PacketHead head, ReadOnlySpan<byte> packet, int? offset)
    {
        if (offset is not { } at || at > packet.Length)
            return head;
        var transport = packet[at..];
        var placed = head with { TransportOffset = at };
        switch (head.Protocol)
        {
            case 1 or 58 when transport.Length >= 2:
                var isEcho = (head.Protocol == 1 ? transport[0] is 0 or 8 : transport[0] is 128 or 129)
                    && transport.Length >= 6;
                return placed with
                {
                    HasPorts = true,
                    SourcePort = isEcho ? BinaryPrimitives.ReadUInt16BigEndian(transport[4..]) : (ushort)0,
                    DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport),
                };
            case 6 or 17 or 33 or 132 or 136 when transport.Length >= 4:
                return placed with
                {
                    HasPorts = true,
                    SourcePort = BinaryPrimitives.ReadUInt16BigEndian(transport),
                    DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]),
                    TcpFlags = head.Protocol == 6 && transport.Length >= 14 ? (TcpFlags)transport[13] : 0,
                };
            default:
                return placed;
        }
    }
}

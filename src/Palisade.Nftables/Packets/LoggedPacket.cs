using System.Buffers.Binary;
using Palisade.Nftables.Flows;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Packets;

/// <summary>A packet that a `log group` rule handed over.</summary>
/// <remarks>
/// nfgenmsg, then, numbers big-endian: NFULA_PACKET_HDR (1) { ethertype u16 · hook u8 · padding u8 } · _MARK (2) u32
///   · _TIMESTAMP (3) { seconds u64 · microseconds u64 } · _IFINDEX_INDEV (4), _OUTDEV (5), _PHYSINDEV (6),
///   _PHYSOUTDEV (7) u32 · _HWADDR (8) { length u16 · padding u16 · 8 bytes } · _PAYLOAD (9) · _PREFIX (10) string
///   · _UID (11) u32 · _SEQ (12) u32 · _CT (18) nest, see FlowWire
/// Source: linux/netfilter/nfnetlink_log.h.
/// </remarks>
public sealed record LoggedPacket
{
    /// <summary>The rule's prefix; empty without one.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The packet from its IP header on, cut at the rule's or the socket's number of bytes.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The hook of the chain whose rule it was.</summary>
    public NftHook Hook { get; init; }

    /// <summary>0x0800 IPv4, 0x86dd IPv6; in bridge tables whatever the frame carries.</summary>
    public ushort EtherType { get; init; }

    /// <summary>The packet mark.</summary>
    public uint Mark { get; init; }

    /// <summary>When it came, where the kernel noted it (not for packets of this machine's own).</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The interface it came in by; 0: none.</summary>
    public int InputIndex { get; init; }

    /// <summary>The interface it goes out by; 0: none yet.</summary>
    public int OutputIndex { get; init; }

    /// <summary>The bridge port it came in by, where InputIndex is the bridge; 0: none.</summary>
    public int PhysicalInputIndex { get; init; }

    /// <summary>The bridge port it goes out by; 0: none.</summary>
    public int PhysicalOutputIndex { get; init; }

    /// <summary>The link-layer source address, where there is one.</summary>
    public ReadOnlyMemory<byte> HardwareAddress { get; init; }

    /// <summary>The user whose socket sent it; null: not of this machine.</summary>
    public uint? UserId { get; init; }

    /// <summary>The connection, where it was asked for; see <see cref="NflogSocket.HasFlows"/>.</summary>
    public Flow? Flow { get; init; }

    /// <summary>Its number in the group, counting from 0.</summary>
    public uint Sequence { get; init; }

    /// <summary>How many packets before it were logged but lost on the way here.</summary>
    public uint LostBefore { get; init; }

    /// <summary>What its headers say; null when they are too short or no IP.</summary>
    public PacketHead? Head => PacketHead.TryParse(Payload.Span, out var head) ? head : null;

    internal static LoggedPacket Decode(ReadOnlySpan<byte> message)
    {
        var packet = new LoggedPacket();
        var reader = new AttributeReader(message.Length < 4 ? default : message[4..]);
        while (reader.Next())
        {
            packet = reader.Type switch
            {
                1 when reader.Payload.Length >= 3 => packet with
                {
                    EtherType = reader.Big16,
                    Hook = (NftHook)reader.Payload[2],
                },
                2 => packet with { Mark = reader.Big32 },
                3 => packet with { Timestamp = DecodeTime(reader.Payload) },
                4 => packet with { InputIndex = unchecked((int)reader.Big32) },
                5 => packet with { OutputIndex = unchecked((int)reader.Big32) },
                6 => packet with { PhysicalInputIndex = unchecked((int)reader.Big32) },
                7 => packet with { PhysicalOutputIndex = unchecked((int)reader.Big32) },
                8 => packet with { HardwareAddress = DecodeHardware(reader.Payload) },
                9 => packet with { Payload = reader.Payload.ToArray() },
                10 => packet with { Prefix = reader.Text },
                11 => packet with { UserId = reader.Big32 },
                12 => packet with { Sequence = reader.Big32 },
                18 => packet with { Flow = FlowWire.DecodeAttributes(reader.Payload) },
                _ => packet,
            };
        }

        return packet;
    }

    private static DateTimeOffset? DecodeTime(ReadOnlySpan<byte> time)
    {
        const ulong FarFuture = 253402300799;   // the last second of the year 9999, the last DateTimeOffset knows
        if (time.Length < 16)
            return null;
        var seconds = BinaryPrimitives.ReadUInt64BigEndian(time);
        var microseconds = BinaryPrimitives.ReadUInt64BigEndian(time[8..]);
        return seconds < FarFuture && microseconds < 1_000_000
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds).AddMicroseconds(microseconds)
            : null;
    }

    private static byte[] DecodeHardware(ReadOnlySpan<byte> address)
    {
        var length = address.Length < 4 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(address);
        return address.Length < 4 ? [] : address[4..][..Math.Min(length, address.Length - 4)].ToArray();
    }
}

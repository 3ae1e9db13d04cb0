using System.Buffers.Binary;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Flows;

/// <summary>Connections on the wire.</summary>
/// <remarks>
/// nfgenmsg: family u8: 2 IPv4, 10 IPv6 · version u8 · resource u16, then attributes, numbers big-endian:
/// CTA_TUPLE_ORIG (1), _REPLY (2) nest tuple · _STATUS (3) u32 · _PROTOINFO (4) nest { TCP (1) nest { STATE (1) u8 ·
///   FLAGS_ORIGINAL (4), FLAGS_REPLY (5) { flags u8, mask u8 } }
///   · SCTP (3) nest { STATE (1) u8 · VTAG_ORIGINAL (2), _REPLY (3) u32 } } · _TIMEOUT (7) u32, seconds · _MARK (8) u32
///   · _COUNTERS_ORIG (9), _REPLY (10) nest { PACKETS (1) u64 · BYTES (2)
///   u64 } · _ID (12) u32 · _ZONE (18) u16 · _MARK_MASK (21) u32 · _LABELS (22), _LABELS_MASK (23) 16 bytes, bit 0 in
///   the first · _FILTER (25) nest { ORIG_FLAGS (1), REPLY_FLAGS (2) u32 in host order } · _STATUS_MASK (26) u32
/// tuple: IP (1) nest { V4_SRC (1), V4_DST (2), V6_SRC (3), V6_DST (4) }
///   · PROTO (2) nest { NUM (1) u8 · SRC_PORT (2), DST_PORT (3) u16 · ICMP_ID (4) u16, _TYPE (5), _CODE (6) u8
///     · ICMPV6_ID (7) u16, _TYPE (8), _CODE (9) u8 } · ZONE (3) u16
/// Source: linux/netfilter/nfnetlink_conntrack.h.
/// </remarks>
internal static class FlowWire
{
    internal const int GenericHeader = 4;
    internal const int Original = 1;
    internal const int Reply = 2;

    // IP_CT_TCP_FLAG_*, linux/netfilter/nf_conntrack_tcp.h.
    private const byte WindowScale = 0x01;
    private const byte SackPermitted = 0x02;
    private const byte BeLiberal = 0x08;

    /// <summary>The kernel's number of a family given as 4, 6 or 0 for all.</summary>
    internal static byte KernelFamily(int family) => family switch { 4 => 2, 6 => 10, _ => 0 };

    internal static void PutTuple(NetlinkBuffer buffer, int type, in FlowTuple tuple, ushort? zone = null)
    {
        var nest = buffer.BeginNest(type);
        var ip = buffer.BeginNest(1);
        PutAddress(buffer, tuple.Source, destination: false);
        PutAddress(buffer, tuple.Destination, destination: true);
        buffer.EndNest(ip);
        var protocol = buffer.BeginNest(2);
        buffer.PutByte(1, tuple.Protocol);
        if (tuple.IsIcmp)
        {
            var first = tuple.Protocol == 1 ? 4 : 7;
            buffer.PutBig16(first, tuple.IcmpId);
            buffer.PutByte(first + 1, tuple.IcmpType);
            buffer.PutByte(first + 2, tuple.IcmpCode);
        }
        else
        {
            buffer.PutBig16(2, tuple.SourcePort);
            buffer.PutBig16(3, tuple.DestinationPort);
        }

        buffer.EndNest(protocol);
        if (zone is { } number)
            buffer.PutBig16(3, number);
        buffer.EndNest(nest);
    }

    /// <summary>Names a connection: its original tuple and zone.</summary>
    internal static void PutKey(NetlinkBuffer buffer, Flow flow)
    {
        var own = flow.ZoneScope == ZoneScope.Original ? flow.Zone : (ushort?)null;
        PutTuple(buffer, Original, flow.Original, own);
        if (flow.ZoneScope == ZoneScope.Both && flow.Zone != 0)
            buffer.PutBig16(18, flow.Zone);
    }

    internal static void PutLabels(NetlinkBuffer buffer, int type, UInt128 labels)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, labels);
        buffer.Put(type, bytes);
    }

    internal static void PutFilter(NetlinkBuffer buffer, FlowFilter filter)
    {
        if (filter.Mark is { } mark)
        {
            buffer.PutBig32(8, mark.Mark);
            buffer.PutBig32(21, mark.Mask);
        }

        if (filter.Status is { } status)
        {
            buffer.PutBig32(3, (uint)status.Bits);
            buffer.PutBig32(26, (uint)status.Mask);
        }

        if (filter.Zone is { } zone)
            buffer.PutBig16(18, zone);
        if (filter.Original is null && filter.Reply is null)
            return;
        var original = PutTupleFilter(buffer, Original, filter.Original);
        var reply = PutTupleFilter(buffer, Reply, filter.Reply);
        var flags = buffer.BeginNest(25);
        buffer.PutHost32(1, original);
        buffer.PutHost32(2, reply);
        buffer.EndNest(flags);
    }

    internal static Flow? Decode(ReadOnlySpan<byte> payload) =>
        payload.Length < GenericHeader ? null : DecodeAttributes(payload[GenericHeader..]);

    internal static Flow DecodeAttributes(ReadOnlySpan<byte> attributes)
    {
        var reader = new AttributeReader(attributes);
        ushort originalZone = 0, replyZone = 0;
        var counts = default(FlowCounts);
        FlowTuple original = default, reply = default;
        FlowStatus status = 0;
        UInt128 labels = 0;
        uint mark = 0, timeout = 0, id = 0;
        ushort? zone = null;
        TcpState tcp = default;
        SctpAssociation? sctp = null;
        var takenUp = false;
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case Original: original = DecodeTuple(reader.Payload, out originalZone); break;
                case Reply: reply = DecodeTuple(reader.Payload, out replyZone); break;
                case 3: status = (FlowStatus)reader.Big32; break;
                case 4:
                    (tcp, takenUp) = (DecodeTcp(reader.Payload), IsTakenUp(reader.Payload));
                    sctp = DecodeSctp(reader.Payload);
                    break;
                case 7: timeout = reader.Big32; break;
                case 8: mark = reader.Big32; break;
                case 9 or 10: counts = DecodeCounts(reader.Payload, reader.Type == 9, counts); break;
                case 12: id = reader.Big32; break;
                case 18: zone = reader.Big16; break;
                case 22: labels = DecodeLabels(reader.Payload); break;
            }
        }

        return new(original, reply)
        {
            Status = status,
            Labels = labels,
            Mark = mark,
            Timeout = timeout,
            Id = id,
            TcpState = tcp,
            IsTakenUp = takenUp,
            Sctp = sctp,
            Counts = counts,
            Zone = zone ?? (originalZone != 0 ? originalZone : replyZone),
            ZoneScope = zone is not null || (originalZone | replyZone) == 0 ? ZoneScope.Both
                : originalZone != 0 ? ZoneScope.Original : ZoneScope.Reply,
        };
    }

    internal static FlowTuple DecodeTuple(ReadOnlySpan<byte> nest, out ushort zone)
    {
        PacketAddress source = default, destination = default;
        byte protocol = 0, icmpType = 0, icmpCode = 0;
        ushort first = 0, second = 0;
        zone = 0;
        var reader = new AttributeReader(nest);
        while (reader.Next())
        {
            if (reader.Type == 3)
                zone = reader.Big16;
            var inner = new AttributeReader(reader.Payload);
            while (reader.Type is 1 or 2 && inner.Next())
            {
                switch (reader.Type, inner.Type)
                {
                    case (1, 1 or 3): source = PacketAddress.Of(inner.Payload); break;
                    case (1, 2 or 4): destination = PacketAddress.Of(inner.Payload); break;
                    case (2, 1): protocol = inner.Byte; break;
                    case (2, 2 or 4 or 7): first = inner.Big16; break;
                    case (2, 3): second = inner.Big16; break;
                    case (2, 5 or 8): icmpType = inner.Byte; break;
                    case (2, 6 or 9): icmpCode = inner.Byte; break;
                }
            }
        }

        var isIcmp = protocol is 1 or 58;
        return new(source, destination, protocol, first, isIcmp ? (ushort)(icmpType << 8 | icmpCode) : second);
    }

    private static TcpState DecodeTcp(ReadOnlySpan<byte> nest)
    {
        var state = AttributeReader.Find(AttributeReader.Find(nest, 1), 1);
        return state.IsEmpty ? TcpState.None : (TcpState)state[0];
    }

    /// <summary>
    /// What tcp_new of nf_conntrack_proto_tcp.c gives both sides of a connection that it takes up midway, and no other:
    /// selective acknowledgements allowed, windows not checked, no window scale known.
    /// </summary>
    internal static bool IsTakenUp(ReadOnlySpan<byte> nest)
    {
        var tcp = AttributeReader.Find(nest, 1);
        return IsSo(AttributeReader.Find(tcp, 4)) && IsSo(AttributeReader.Find(tcp, 5));

        static bool IsSo(ReadOnlySpan<byte> side) =>
            !side.IsEmpty && (side[0] & (WindowScale | SackPermitted | BeLiberal)) == (SackPermitted | BeLiberal);
    }

    /// <summary>TCP's state, and windows that are not checked from now on: what was sent meanwhile is not known.
    /// </summary>
    internal static void PutTcp(NetlinkBuffer buffer, Flow flow, bool liberal)
    {
        var nest = buffer.BeginNest(4);
        var tcp = buffer.BeginNest(1);
        buffer.PutByte(1, (byte)flow.TcpState);
        var flags = flow.IsTakenUp ? (byte)(SackPermitted | BeLiberal) : BeLiberal;
        if (liberal || flow.IsTakenUp)
        {
            buffer.Put(4, [flags, byte.MaxValue]);
            buffer.Put(5, [flags, byte.MaxValue]);
        }

        buffer.EndNest(tcp);
        buffer.EndNest(nest);
    }

    private static SctpAssociation? DecodeSctp(ReadOnlySpan<byte> nest)
    {
        var sctp = AttributeReader.Find(nest, 3);
        if (sctp.IsEmpty)
            return null;
        var (state, original, reply) = ((byte)0, 0u, 0u);
        var reader = new AttributeReader(sctp);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: state = reader.Byte; break;
                case 2: original = reader.Big32; break;
                case 3: reply = reader.Big32; break;
            }
        }

        return new(state, original, reply);
    }

    /// <summary>Without its tags each packet would be INVALID.</summary>
    internal static void PutSctp(NetlinkBuffer buffer, SctpAssociation association)
    {
        var nest = buffer.BeginNest(4);
        var sctp = buffer.BeginNest(3);
        buffer.PutByte(1, association.State);
        buffer.PutBig32(2, association.OriginalTag);
        buffer.PutBig32(3, association.ReplyTag);
        buffer.EndNest(sctp);
        buffer.EndNest(nest);
    }

    /// <summary>
    /// Translation, for which the kernel is given the reply that there would be without it, and works out the other:
    /// CTA_NAT_SRC (6), _DST (13) nest { V4_MINIP (1), V4_MAXIP (2), PROTO (3) nest { PORT_MIN (1), PORT_MAX (2) u16 },
    /// V6_MINIP (4), V6_MAXIP (5) }.
    /// </summary>
    internal static void PutTranslation(NetlinkBuffer buffer, Flow flow)
    {
        var (original, reply) = (flow.Original, flow.Reply);
        if (reply.Destination != original.Source || reply.DestinationPort != original.SourcePort)
            PutTarget(buffer, 6, reply.Destination, reply.DestinationPort);
        if (reply.Source != original.Destination || reply.SourcePort != original.DestinationPort)
            PutTarget(buffer, 13, reply.Source, reply.SourcePort);
    }

    private static void PutTarget(NetlinkBuffer buffer, int type, PacketAddress address, ushort port)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.Write(bytes);
        var nest = buffer.BeginNest(type);
        buffer.Put(address.Family == 4 ? 1 : 4, bytes[..address.Length]);
        buffer.Put(address.Family == 4 ? 2 : 5, bytes[..address.Length]);
        var ports = buffer.BeginNest(3);
        buffer.PutBig16(1, port);
        buffer.PutBig16(2, port);
        buffer.EndNest(ports);
        buffer.EndNest(nest);
    }

    private static FlowCounts DecodeCounts(ReadOnlySpan<byte> nest, bool original, FlowCounts before)
    {
        ulong packets = 0, bytes = 0;
        var reader = new AttributeReader(nest);
        while (reader.Next())
        {
            packets = reader.Type == 1 ? reader.Big64 : packets;
            bytes = reader.Type == 2 ? reader.Big64 : bytes;
        }

        return original
            ? before with { OriginalPackets = packets, OriginalBytes = bytes }
            : before with { ReplyPackets = packets, ReplyBytes = bytes };
    }

    private static UInt128 DecodeLabels(ReadOnlySpan<byte> bytes)
    {
        Span<byte> whole = stackalloc byte[16];
        bytes[..Math.Min(bytes.Length, whole.Length)].CopyTo(whole);
        return BinaryPrimitives.ReadUInt128LittleEndian(whole);
    }

    private static void PutAddress(NetlinkBuffer buffer, PacketAddress address, bool destination)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.Write(bytes);
        buffer.Put((address.Family == 4 ? 1 : 3) + (destination ? 1 : 0), bytes[..address.Length]);
    }

    /// <summary>Writes the fields to compare; the answer says which they are (CTA_FILTER_F_*).</summary>
    /// <remarks>
    /// Not IPv6 addresses: the kernel (measured on 6.18) lets those pass that differ, since it takes the 0 of
    /// ipv6_addr_cmp for "not equal".
    /// </remarks>
    private static uint PutTupleFilter(NetlinkBuffer buffer, int type, TupleFilter? filter)
    {
        if (filter is null)
            return 0;
        uint flags = 0;
        var nest = buffer.BeginNest(type);
        var source = filter.Source is { Family: 4 } ? filter.Source : null;
        var destination = filter.Destination is { Family: 4 } ? filter.Destination : null;
        if (source is not null || destination is not null)
        {
            var ip = buffer.BeginNest(1);
            if (source is { } from)
                PutAddress(buffer, from, destination: false);
            if (destination is { } to)
                PutAddress(buffer, to, destination: true);
            buffer.EndNest(ip);
            flags |= (source is null ? 0 : 1u << 0) | (destination is null ? 0 : 1u << 1);
        }

        if (filter.Protocol is { } protocol)
        {
            var part = buffer.BeginNest(2);
            buffer.PutByte(1, protocol);
            if (filter.SourcePort is { } sourcePort)
                buffer.PutBig16(2, sourcePort);
            if (filter.DestinationPort is { } destinationPort)
                buffer.PutBig16(3, destinationPort);
            buffer.EndNest(part);
            flags |= 1u << 3 | (filter.SourcePort is null ? 0 : 1u << 4);
            flags |= filter.DestinationPort is null ? 0 : 1u << 5;
        }

        buffer.EndNest(nest);
        return flags;
    }
}

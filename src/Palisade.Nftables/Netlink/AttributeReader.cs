using System.Buffers.Binary;
using System.Text;

namespace Palisade.Nftables.Netlink;

/// <summary>
/// Walks attributes; stops at the first that does not fit, and reads a number that is too short as 0 (the kernel sends
/// neither).
/// </summary>
internal ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private const ushort TypeMask = 0x3fff;   // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
    private ReadOnlySpan<byte> _rest = attributes;

    internal int Type { get; private set; }

    internal ReadOnlySpan<byte> Payload { get; private set; }

    internal readonly byte Byte => Payload.IsEmpty ? (byte)0 : Payload[0];

    internal readonly ushort Big16 =>
        BinaryPrimitives.TryReadUInt16BigEndian(Payload, out var value) ? value : (ushort)0;

    internal readonly uint Big32 => BinaryPrimitives.TryReadUInt32BigEndian(Payload, out var value) ? value : 0;

    internal readonly ulong Big64 => BinaryPrimitives.TryReadUInt64BigEndian(Payload, out var value) ? value : 0;

    internal readonly uint Host32 => BinaryPrimitives.TryReadUInt32LittleEndian(Payload, out var value) ? value : 0;

    internal readonly string Text => Encoding.UTF8.GetString(Payload).TrimEnd('\0');

    /// <summary>A register value of nf_tables: nest { NFTA_DATA_VALUE (1) bytes }.</summary>
    internal readonly NftKey Value => new(Find(Payload, 1));

    internal bool Next()
    {
        if (_rest.Length < 4)
            return false;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        if (length < 4 || length > _rest.Length)
            return false;
        Type = BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]) & TypeMask;
        Payload = _rest[4..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }

    /// <summary>The payload of the first attribute of a type; empty when there is none.</summary>
    internal static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> attributes, int type)
    {
        var reader = new AttributeReader(attributes);
        while (reader.Next())
        {
            if (reader.Type == type)
                return reader.Payload;
        }

        return default;
    }
}

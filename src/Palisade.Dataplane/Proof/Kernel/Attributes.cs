using System.Buffers.Binary;
using System.Text;

namespace Palisade.Dataplane.Proof.Kernel;

/// <summary>
/// Walks the attributes of a netlink message: length u16 (with its own 4 bytes), type u16 (two flag bits on top),
/// both in host order, contents padded to 4 bytes. Source: linux/netlink.h.
/// </summary>
internal ref struct Attributes(ReadOnlySpan<byte> bytes)
{
    private const int Header = 4;
    private const int TypeBits = 0x3fff;
    private ReadOnlySpan<byte> _left = bytes;

    public int Type { get; private set; }

    public ReadOnlySpan<byte> Contents { get; private set; }

    /// <summary>nf_tables' own integers are big-endian.</summary>
    public readonly uint Number => BinaryPrimitives.ReadUInt32BigEndian(Contents);

    public readonly ulong LongNumber => BinaryPrimitives.ReadUInt64BigEndian(Contents);

    public readonly string Text => Encoding.UTF8.GetString(Contents[..^1]);   // NUL-terminated

    public bool MoveNext()
    {
        if (_left.IsEmpty)
            return false;
        var length = _left.Length < Header ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(_left);
        if (length < Header || length > _left.Length)
            throw new FormatException($"an attribute of {length} bytes in the last {_left.Length}");
        Type = BinaryPrimitives.ReadUInt16LittleEndian(_left[2..]) & TypeBits;
        Contents = _left[Header..length];
        _left = _left[Math.Min(_left.Length, (length + 3) / 4 * 4)..];
        return true;
    }

    /// <summary>The contents of the attribute of a type, empty when there is none.</summary>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> bytes, int type)
    {
        var attributes = new Attributes(bytes);
        while (attributes.MoveNext())
        {
            if (attributes.Type == type)
                return attributes.Contents;
        }

        return default;
    }
}

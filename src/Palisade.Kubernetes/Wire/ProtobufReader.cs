using System.Text;

namespace Palisade.Kubernetes.Wire;

/// <summary>What a protobuf field holds on the wire: a varint, or a run of bytes.</summary>
internal enum WireType : byte
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>
/// Reads the fields of one protobuf message: tag = (number &lt;&lt; 3) | type, varints little-endian in groups of
/// seven bits.
/// </summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>The field number of the field just read.</summary>
    public int Number { get; private set; }

    /// <summary>The value of a varint field.</summary>
    public long Varint { get; private set; }

    /// <summary>The bytes of a length-delimited field; empty for others.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Whether the message ended in the middle of a field or holds what protobuf cannot.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>The bytes as UTF-8.</summary>
    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Moves to the next field; false at the end or when broken.</summary>
    public bool Read()
    {
        if (_rest.IsEmpty || IsBroken || !ReadVarint(out var tag))
            return false;
        if (tag >> 3 is < 1 or > 0x1fffffff)
            return Break();
        Number = (int)(tag >> 3);
        Varint = 0;
        Bytes = default;
        switch ((WireType)(tag & 7))
        {
            case WireType.Varint:
                var good = ReadVarint(out var value);
                Varint = unchecked((long)value);
                return good;
            case WireType.Bytes:
                return ReadVarint(out var length) && Take(length);
            case WireType.Fixed64:
                return Take(8);
            case WireType.Fixed32:
                return Take(4);
            default:
                return Break();
        }
    }

    private bool Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
            return Break();
        Bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    private bool ReadVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            value |= unchecked((ulong)(_rest[i] & 0x7f) << (7 * i));
            if (_rest[i] >= 0x80)
                continue;
            _rest = _rest[(i + 1)..];
            return true;
        }

        return Break();
    }

    private bool Break()
    {
        IsBroken = true;
        return false;
    }
}

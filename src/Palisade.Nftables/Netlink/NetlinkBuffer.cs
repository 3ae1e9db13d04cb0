using System.Buffers.Binary;
using System.Text;

namespace Palisade.Nftables.Netlink;

/// <summary>Builds netlink messages back to back in one growing buffer.</summary>
/// <remarks>
/// Header, host order: length u32 · type u16 · flags u16 · sequence u32 · port u32 (zero: the kernel fills it in).
/// Attribute, host order: length u16 (with these 4 bytes, without padding) · type u16 · payload, padded to 4.
/// Source: linux/netlink.h.
/// </remarks>
internal sealed class NetlinkBuffer
{
    private const ushort Nested = 0x8000;
    private byte[] _bytes = new byte[4096];
    private int _message;

    internal int Length { get; private set; }

    internal ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    internal void Clear() => Length = 0;

    internal void Begin(ushort type, ushort flags, uint sequence)
    {
        _message = Length;
        var header = Grow(NetlinkConstants.HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], sequence);
    }

    internal void End() =>
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(_message), Length - _message);

    /// <summary>
    /// Sets a flag of the message that begins at an offset (the last message of a batch asks for the ack).
    /// </summary>
    internal void AddFlag(int messageOffset, ushort flag)
    {
        var flags = _bytes.AsSpan(messageOffset + 6);
        var before = BinaryPrimitives.ReadUInt16LittleEndian(flags);
        BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(before | flag));
    }

    internal void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Grow(bytes.Length));

    internal void Put(int type, ReadOnlySpan<byte> payload)
    {
        var attribute = Grow((4 + payload.Length + 3) & ~3);
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(4 + payload.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], (ushort)type);
        payload.CopyTo(attribute[4..]);
    }

    internal void PutString(int type, string text) => Put(type, Encoding.UTF8.GetBytes(text + '\0'));

    internal void PutByte(int type, byte value) => Put(type, [value]);

    internal void PutHost32(int type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Put(type, bytes);
    }

    internal void PutBig16(int type, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        Put(type, bytes);
    }

    /// <summary>A register value of nf_tables: nest { NFTA_DATA_VALUE (1) bytes }.</summary>
    internal void PutValue(int type, in NftKey value)
    {
        var nest = BeginNest(type);
        Put(1, value.Bytes);
        EndNest(nest);
    }

    internal void PutBig32(int type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Put(type, bytes);
    }

    internal void PutBig64(int type, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Put(type, bytes);
    }

    /// <summary>Opens a nest; what follows until <see cref="EndNest"/> with the answer is its payload.</summary>
    internal int BeginNest(int type, bool flagged = true)
    {
        var start = Length;
        var attribute = Grow(4);
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], (ushort)(flagged ? type | Nested : type));
        return start;
    }

    internal void EndNest(int start) =>
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(start), (ushort)(Length - start));

    private Span<byte> Grow(int count)
    {
        if (Length + count > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        var span = _bytes.AsSpan(Length, count);
        span.Clear();   // the buffer is reused: padding must be zero
        Length += count;
        return span;
    }
}

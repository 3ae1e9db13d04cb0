using System.Buffers.Binary;

namespace Palisade.ApiServer.Streams.Spdy;

/// <summary>
/// Writes header blocks of one direction, as stored blocks of one zlib stream: the server's replies have no headers, so
/// there is nothing to compress.
/// </summary>
internal sealed class HeaderWriter
{
    private bool _hasBegun;

    /// <summary>A block without headers.</summary>
    public byte[] Empty()
    {
        // 78 01: deflate, no dictionary. The empty stored block at the end is zlib's sync flush, at which readers hand
        // out what they have.
        byte[] begin = _hasBegun ? [] : [0x78, 0x01];
        _hasBegun = true;
        return [.. begin, .. Stored([0, 0, 0, 0]), .. Stored([])];
    }

    /// <summary>RFC 1951, 3.2.4: not the last block, type 0, the length, its complement, the bytes.</summary>
    public static byte[] Stored(ReadOnlySpan<byte> bytes)
    {
        var block = new byte[5 + bytes.Length];
        var length = checked((ushort)bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(1), length);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(3), (ushort)(length ^ 0xffff));
        bytes.CopyTo(block.AsSpan(5));
        return block;
    }
}

using System.Buffers.Binary;
using System.Numerics;

namespace Palisade.Lab.Servers;

/// <summary>The chunk types that a probe needs (RFC 9260 section 3.2).</summary>
internal enum SctpChunk : byte
{
    /// <summary>Opens an association.</summary>
    Init = 1,

    /// <summary>Answers an INIT.</summary>
    InitAck = 2,

    /// <summary>Refuses.</summary>
    Abort = 6,
}

/// <summary>
/// An SCTP packet of one chunk, as INIT and its two answers are.
/// Common header: source port, destination port, verification tag, CRC32c (RFC 9260 section 3.1).
/// Chunk: type, flags, length; for INIT and INIT ACK then initiate tag, receiver window, streams out, streams in, first
/// TSN (sections 3.3.2, 3.3.3); INIT ACK also carries a state cookie parameter (type 7), which is mandatory.
/// Integers are big-endian; the checksum alone is stored little-endian (appendix A).
/// </summary>
internal readonly record struct SctpPacket(
    ushort SourcePort, ushort DestinationPort, uint VerificationTag, SctpChunk Chunk, uint InitiateTag)
{
    private const int HeaderLength = 12;
    private const int InitLength = 20;
    private const int AbortLength = 4;
    private const int CookieLength = 8;

    /// <summary>The packet as it goes on the wire, checksum included.</summary>
    public byte[] ToBytes()
    {
        var chunkLength = Chunk switch
        {
            SctpChunk.Init => InitLength,
            SctpChunk.InitAck => InitLength + CookieLength,
            _ => AbortLength,
        };
        var bytes = new byte[HeaderLength + chunkLength];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), DestinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), VerificationTag);
        var chunk = bytes.AsSpan(HeaderLength);
        chunk[0] = (byte)Chunk;
        BinaryPrimitives.WriteUInt16BigEndian(chunk[2..], checked((ushort)chunkLength));
        if (Chunk is SctpChunk.Init or SctpChunk.InitAck)
            WriteInit(chunk);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Checksum(bytes));
        return bytes;
    }

    /// <summary>Reads an SCTP packet; null when it is too short, damaged or begins with another chunk.</summary>
    public static SctpPacket? Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength + AbortLength || !Enum.IsDefined((SctpChunk)bytes[HeaderLength]))
            return null;
        var copy = bytes.ToArray();
        copy.AsSpan(8, 4).Clear();
        if (Checksum(copy) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]))
            return null;
        var chunk = (SctpChunk)bytes[HeaderLength];
        if (chunk != SctpChunk.Abort && bytes.Length < HeaderLength + InitLength)
            return null;
        return new SctpPacket(
            BinaryPrimitives.ReadUInt16BigEndian(bytes),
            BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            chunk,
            chunk == SctpChunk.Abort ? 0 : BinaryPrimitives.ReadUInt32BigEndian(bytes[(HeaderLength + 4)..]));
    }

    private void WriteInit(Span<byte> chunk)
    {
        BinaryPrimitives.WriteUInt32BigEndian(chunk[4..], InitiateTag);
        BinaryPrimitives.WriteUInt32BigEndian(chunk[8..], 65536);
        BinaryPrimitives.WriteUInt16BigEndian(chunk[12..], 1);
        BinaryPrimitives.WriteUInt16BigEndian(chunk[14..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(chunk[16..], 1);
        if (Chunk != SctpChunk.InitAck)
            return;
        BinaryPrimitives.WriteUInt16BigEndian(chunk[20..], 7);
        BinaryPrimitives.WriteUInt16BigEndian(chunk[22..], CookieLength);
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}

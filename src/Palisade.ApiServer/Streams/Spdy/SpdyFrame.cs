using System.Buffers.Binary;

namespace Palisade.ApiServer.Streams.Spdy;

/// <summary>The types of SPDY/3.1 control frames; <see cref="Data"/> stands for a data frame.</summary>
internal enum FrameType : ushort
{
    Data = 0,
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
}

/// <summary>Something that is no SPDY/3.1; the connection ends.</summary>
internal sealed class SpdyException(string message) : Exception(message);

/// <summary>
/// The eight bytes before each frame. Control: 1 bit 1, 15 bits version, 16 bits type. Data: 1 bit 0, 31 bits stream.
/// Both: 8 bits flags, 24 bits length.
/// </summary>
/// <param name="Type">What it is.</param>
/// <param name="Stream">The stream of a data frame; else 0.</param>
/// <param name="IsLast">The sender sends no more on this stream (FLAG_FIN).</param>
/// <param name="Length">How many bytes follow.</param>
internal readonly record struct FrameHead(FrameType Type, uint Stream, bool IsLast, int Length)
{
    /// <summary>How many bytes it takes.</summary>
    public const int Size = 8;

    /// <summary>Why a connection (GOAWAY) or a stream (RST_STREAM) was given up.</summary>
    public const uint ProtocolError = 1, RefusedStream = 3;

    private const ushort Version = 3;
    private const uint ControlBit = 0x8000_0000;
    private const byte Last = 1;

    /// <summary>Reads it.</summary>
    /// <exception cref="SpdyException">Another version of SPDY, or something else altogether.</exception>
    public static FrameHead Read(ReadOnlySpan<byte> bytes)
    {
        var first = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        var second = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        var isLast = (second >> 24 & Last) != 0;
        var length = (int)(second & 0xff_ffff);
        if ((first & ControlBit) == 0)
            return new FrameHead(FrameType.Data, first, isLast, length);
        var version = first >> 16 & 0x7fff;
        return version == Version
            ? new FrameHead((FrameType)(first & 0xffff), 0, isLast, length)
            : throw new SpdyException($"a frame of version {version}; SPDY/3.1 has {Version}");
    }

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> bytes)
    {
        var first = Type == FrameType.Data ? Stream : ControlBit | Version << 16 | (uint)Type;
        BinaryPrimitives.WriteUInt32BigEndian(bytes, first);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], (IsLast ? (uint)Last << 24 : 0) | (uint)Length);
    }

    /// <summary>A control frame: numbers, then bytes.</summary>
    public static byte[] Control(FrameType type, ReadOnlySpan<uint> numbers, ReadOnlySpan<byte> rest = default)
    {
        var frame = new byte[Size + 4 * numbers.Length + rest.Length];
        new FrameHead(type, 0, false, frame.Length - Size).Write(frame);
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(Size + 4 * i), numbers[i]);
        rest.CopyTo(frame.AsSpan(Size + 4 * numbers.Length));
        return frame;
    }
}

using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Palisade.ApiServer.Streams.Spdy;

/// <summary>
/// Reads header blocks of one direction: a single zlib stream with <see cref="HeaderDictionary"/>, flushed after each.
/// </summary>
/// <remarks>
/// .NET's inflater takes no dictionary. A stored block of the same bytes before everything else has the same effect:
/// what follows may refer to it.
/// </remarks>
internal sealed class HeaderReader : IDisposable
{
    /// <summary>The largest block, inflated. What kubectl sends has some 60 bytes.</summary>
    internal const int Largest = 16 * 1024;

    private const int Deflate = 8;
    private const int HasDictionary = 0x20;

    private readonly Feed _feed = new();
    private readonly DeflateStream _inflated;
    private readonly byte[] _text = new byte[Largest + 1];
    private bool _hasBegun;

    /// <summary>Prepares the reader of a connection.</summary>
    public HeaderReader()
    {
        _inflated = new DeflateStream(_feed, CompressionMode.Decompress);
        var dictionary = HeaderDictionary.Bytes();
        _feed.Rest = HeaderWriter.Stored(dictionary);
        _inflated.ReadExactly(_text, 0, dictionary.Length);
    }

    /// <summary>Reads a block; names are lower-case.</summary>
    /// <exception cref="SpdyException">It is none, or too large.</exception>
    public IReadOnlyDictionary<string, string> Read(ReadOnlyMemory<byte> block)
    {
        _feed.Rest = _hasBegun ? block : Begin(block);
        _hasBegun = true;
        var length = 0;
        try
        {
            while (length < _text.Length && _inflated.Read(_text, length, _text.Length - length) is var read and > 0)
                length += read;
        }
        catch (InvalidDataException bad)
        {
            throw new SpdyException($"headers that cannot be inflated: {bad.Message}");
        }

        return length <= Largest
            ? Parse(_text.AsSpan(0, length))
            : throw new SpdyException($"headers of more than {Largest} bytes");
    }

    /// <inheritdoc/>
    public void Dispose() => _inflated.Dispose();

    // RFC 1950: two bytes, divisible by 31; then, if so flagged, the checksum of the dictionary.
    private static ReadOnlyMemory<byte> Begin(ReadOnlyMemory<byte> block)
    {
        var bytes = block.Span;
        if (bytes.Length < 2 || (bytes[0] & 0xf) != Deflate || ((bytes[0] << 8) + bytes[1]) % 31 != 0)
            throw new SpdyException("headers that are no zlib stream");
        if ((bytes[1] & HasDictionary) == 0)
            return block[2..];
        return bytes.Length >= 6 && BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]) == HeaderDictionary.Checksum
            ? block[6..]
            : throw new SpdyException("headers with another dictionary than that of SPDY/3");
    }

    private static Dictionary<string, string> Parse(ReadOnlySpan<byte> text)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        var count = Number(ref text);
        for (var i = 0u; i < count; i++)
        {
            var name = Text(ref text);
            headers[name] = Text(ref text);
        }

        return text.IsEmpty ? headers : throw new SpdyException("headers with something after them");
    }

    private static string Text(ref ReadOnlySpan<byte> text)
    {
        var length = Number(ref text);
        if (length > text.Length)
            throw new SpdyException("headers that end too early");
        var value = Encoding.UTF8.GetString(text[..(int)length]);
        text = text[(int)length..];
        return value;
    }

    private static uint Number(ref ReadOnlySpan<byte> text)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(text, out var number))
            throw new SpdyException("headers that end too early");
        text = text[4..];
        return number;
    }

    /// <summary>What the inflater has got and not read yet; its end is only the end of a block.</summary>
    private sealed class Feed : Stream
    {
        public ReadOnlyMemory<byte> Rest { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var length = Math.Min(buffer.Length, Rest.Length);
            Rest.Span[..length].CopyTo(buffer);
            Rest = Rest[length..];
            return length;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

using System.IO.Compression;
using Palisade.ApiServer.Streams.Spdy;
using Xunit;

namespace Palisade.ApiServer.Tests.Streams;

/// <summary>
/// SPDY/3.1 byte by byte. The compressed headers were made by zlib (level 9, the dictionary of SPDY/3, one sync flush a
/// block), as Go's clients send them.
/// </summary>
public sealed class SpdyFramingTests
{
    internal static readonly byte[] ErrorStream = Convert.FromHexString(
        "78f9e3c6a7c202a62346703a2b294a4dcc851625aca9a08006000000ffff");

    internal static readonly byte[] InputStream = Convert.FromHexString("c22e555c02cc2e00000000ffff");

    internal static readonly byte[] DataStream = Convert.FromHexString(
        "02255548a95d044ae14c16064092b30812c799a0b4cf6888a11554402502000000ffff");

    [Fact]
    public void The_dictionary_is_that_of_the_specification()
    {
        var bytes = HeaderDictionary.Bytes();
        Assert.Equal(1423, bytes.Length);
        var (a, b) = (1u, 0u);
        foreach (var one in bytes)
        {
            a = (a + one) % 65521;
            b = (b + a) % 65521;
        }

        Assert.Equal(HeaderDictionary.Checksum, b << 16 | a);
    }

    [Fact]
    public void Headers_are_one_zlib_stream_over_many_frames()
    {
        using var reader = new HeaderReader();
        Assert.Equal([new("streamtype", "error")], reader.Read(ErrorStream));
        Assert.Equal([new("streamtype", "stdin")], reader.Read(InputStream));
        Assert.Equal(
            [new("port", "80"), new("requestid", "1"), new("streamtype", "data")], reader.Read(DataStream));
    }

    [Fact]
    public void A_reply_without_headers_reads_back()
    {
        var writer = new HeaderWriter();
        var first = writer.Empty();
        Assert.Equal("7801000400fbff00000000000000ffff", Convert.ToHexStringLower(first));
        var second = writer.Empty();
        Assert.Equal("000400fbff00000000000000ffff", Convert.ToHexStringLower(second));
        using var reader = new HeaderReader();
        Assert.Empty(reader.Read(first));
        Assert.Empty(reader.Read(second));
    }

    [Theory]
    [InlineData("", "no zlib stream")]
    [InlineData("78", "no zlib stream")]
    [InlineData("7802000400fbff00000000", "no zlib stream")]   // not divisible by 31
    [InlineData("78f900000000", "another dictionary")]
    [InlineData("78f9e3c6a7c2ffffffff", "cannot be inflated")]   // block type 3 does not exist
    [InlineData("7801000400fbff0000000100", "end too early")]   // one header, and none there
    [InlineData("7801000400fbff00000000000400fbff00000000", "something after")]
    [InlineData("7801", "end too early")]
    [InlineData("7801000c00f3ff00000001ffffffff00000000", "end too early")]   // a name of 4 GB
    public void Headers_that_are_none_are_refused(string block, string why)
    {
        using var reader = new HeaderReader();
        var refusal = Assert.Throws<SpdyException>(() => reader.Read(Convert.FromHexString(block)));
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_that_inflates_to_more_than_it_should_is_refused_before_it_does()
    {
        // 64 MB of zeros in some 64 kB.
        using var reader = new HeaderReader();
        var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, true))
            zlib.Write(new byte[64 << 20]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refusal = Assert.Throws<SpdyException>(() => reader.Read(packed.ToArray()));
        Assert.Contains("more than 16384", refusal.Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Theory]
    [InlineData("8003000100000024", FrameType.SynStream, 0u, false, 36)]
    [InlineData("8003000601000004", FrameType.Ping, 0u, true, 4)]
    [InlineData("00000005010000ff", FrameType.Data, 5u, true, 255)]
    [InlineData("7fffffff00ffffff", FrameType.Data, 0x7fffffffu, false, 0xffffff)]
    public void Heads_read_and_write(string bytes, object type, uint stream, bool isLast, int length)
    {
        var head = FrameHead.Read(Convert.FromHexString(bytes));
        Assert.Equal(new FrameHead((FrameType)type, stream, isLast, length), head);
        var written = new byte[FrameHead.Size];
        head.Write(written);
        Assert.Equal(bytes, Convert.ToHexStringLower(written));
    }

    [Fact]
    public void Another_version_is_refused() => Assert.Contains(
        "version 2",
        Assert.Throws<SpdyException>(() => FrameHead.Read(Convert.FromHexString("8002000100000000"))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Any_bytes_are_headers_or_refused()
    {
        var random = new Random(20261123);
        for (var i = 0; i < 20_000; i++)
        {
            using var reader = new HeaderReader();
            var block = (byte[])ErrorStream.Clone();
            for (var damage = random.Next(1, 4); damage > 0; damage--)
                block[random.Next(block.Length)] = (byte)random.Next(256);
            var cut = block.AsMemory(0, random.Next(2) == 0 ? block.Length : random.Next(block.Length));
            try
            {
                Assert.True(reader.Read(cut).Sum(header => header.Key.Length + header.Value.Length) <= 16384);
            }
            catch (SpdyException refusal)
            {
                Assert.NotEmpty(refusal.Message);
            }
        }
    }
}

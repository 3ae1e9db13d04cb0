using CsCheck;
using Palisade.Nftables.Packets;

namespace Palisade.Nftables.Tests.Packets;

public sealed class PacketHeadTests
{
    private const string V4 = "4500003400004000400600000a0000010a000002";
    // an IPv6 header is followed by a hop-by-hop header (next header 0)
    private const string V6 = "60000000001400400000000000000000000000000000000100000000000000000000000000000002";
    private const string Tcp = "04d20050000000000000000050020000";

    [Theory]
    [InlineData(V4 + Tcp, 6, 1234, 80, TcpFlags.Syn, 20)]
    [InlineData("4600003400004000400600000a0000010a00000294040000" + Tcp, 6, 1234, 80, TcpFlags.Syn, 24)]   // options
    [InlineData("4500003400004000401100000a0000010a000002003500350008", 17, 53, 53, 0, 20)]
    [InlineData("4500003400004000408400000a0000010a00000213881389", 132, 5000, 5001, 0, 20)]
    [InlineData("4500003400004000400100000a0000010a0000020800000000070001", 1, 7, 0x800, 0, 20)]
    [InlineData("4500003400004000400100000a0000010a0000020301000000070001", 1, 0, 0x301, 0, 20)]
    [InlineData(V4 + "04d20050", 6, 1234, 80, 0, 20)]                                     // cut behind the ports
    [InlineData(V6 + "0000000000000000" + "3a00000000000000" + "8000000000070001", 58, 7, 0x8000, 0, 56)]
    [InlineData(V6 + "2c00000000000000" + "0600000100000001" + Tcp, 6, 1234, 80, TcpFlags.Syn, 56)]   // first fragment
    [InlineData(V6 + "3301000000000000" + "0000000000000000" + "0601000000000000" + "00000000" + Tcp, 6, 1234, 80,
        TcpFlags.Syn, 68)]                                                                // options of 16, AH of 12
    public void Ports_are_found_behind_options_and_extension_headers(
        string hex, byte protocol, ushort source, ushort destination, TcpFlags flags, int offset)
    {
        var head = Parse(hex)!.Value;
        Assert.Equal((protocol, true, source, destination), (head.Protocol, head.HasPorts, head.SourcePort,
            head.DestinationPort));
        Assert.Equal((flags, offset), (head.TcpFlags, head.TransportOffset));
        Assert.False(head.IsLaterFragment);
    }

    [Theory]
    [InlineData("4500003400000001400600000a0000010a000002" + Tcp, 6, true)]               // IPv4 fragment, offset 8
    [InlineData(V6 + "2c00000000000000" + "0600000800000001" + Tcp, 6, true)]             // IPv6 fragment, offset 8
    [InlineData(V4 + "04d2", 6, false)]                                                   // ports cut off
    [InlineData(V6 + "2bff000000000000" + "0600000000000000" + Tcp, 43, false)]           // routing header too long
    [InlineData(V6 + "3b00000000000000", 59, false)]                                      // no next header
    [InlineData("4500003400004000402f00000a0000010a00000200000800", 47, false)]           // GRE has no ports
    public void Where_there_are_no_ports_none_are_made_up(string hex, byte protocol, bool isLater)
    {
        var head = Parse(hex)!.Value;
        Assert.Equal((protocol, isLater, false), (head.Protocol, head.IsLaterFragment, head.HasPorts));
        Assert.Equal((0, 0), (head.SourcePort, head.DestinationPort));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("4500003400004000400600000a0000010a0000")]
    [InlineData("4400003400004000400600000a0000010a000002")]   // a header shorter than a header
    [InlineData("600000000014000000000000")]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffff")]
    public void What_is_no_packet_is_refused(string hex) => Assert.Null(Parse(hex));

    [Fact]
    public void Every_prefix_of_a_packet_and_any_junk_parse_or_are_refused()
    {
        var whole = Convert.FromHexString(V6 + "3301000000000000" + "0000000000000000" + "0601000000000000" + "00000000"
            + Tcp);
        for (var length = 0; length <= whole.Length; length++)
            Assert.Equal(length >= 40, PacketHead.TryParse(whole.AsSpan(0, length), out _));
        byte[] versions = [0x45, 0x46, 0x4f, 0x60, 0x40, 0xff];
        byte[] protocols = [0, 6, 17, 43, 44, 51, 58, 59, 60, 135, 139, 140, 1, 255];
        var first = Gen.Int[0, versions.Length - 1].Select(i => versions[i]);
        var next = Gen.Int[0, protocols.Length - 1].Select(i => protocols[i]);
        Gen.Select(first, next, Gen.Byte.Array[0, 2000]).Sample((version, protocol, bytes) =>
        {
            if (bytes.Length > 6)
                (bytes[0], bytes[6]) = (version, protocol);
            if (!PacketHead.TryParse(bytes, out var head))
                return;
            Assert.True(head.Family is 4 or 6);
            Assert.True(head.TransportOffset is null || head.TransportOffset <= bytes.Length);
            Assert.True(!head.HasPorts || head.TransportOffset + 2 <= bytes.Length);
        }, iter: 50_000);
    }

    private static PacketHead? Parse(string hex) =>
        PacketHead.TryParse(Convert.FromHexString(hex), out var head) ? head : null;
}

using CsCheck;
using Palisade.Dataplane.Lower;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Lower;

/// <summary>What becomes of ipBlocks in interval sets.</summary>
public sealed class AddressRangeTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "", "10.0.0.0-10.255.255.255")]
    [InlineData("0.0.0.0/0", "10.0.0.0/8", "0.0.0.0-9.255.255.255 11.0.0.0-255.255.255.255")]
    [InlineData("0.0.0.0/0", "0.0.0.0/1 128.0.0.0/1", "")]
    [InlineData("10.0.0.0/30", "10.0.0.0/32 10.0.0.3/32", "10.0.0.1-10.0.0.2")]
    [InlineData("10.0.0.0/30", "10.0.0.0/31 10.0.0.1/32", "10.0.0.2-10.0.0.3")]
    [InlineData("::/0", "ffff::/16", "::-fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("::/0", "", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void Exceptions_are_taken_from_their_block(string block, string except, string expected) =>
        Assert.Equal(expected, Text(AddressRange.Of([Peer(block, except)], Cidr.Parse(block).Family)));

    [Fact]
    public void Another_block_may_allow_again_what_one_excepts() => Assert.Equal(
        "10.0.0.0-10.255.255.255",
        Text(AddressRange.Of([Peer("10.0.0.0/8", "10.1.0.0/16"), Peer("10.1.0.0/16", "")], AddressFamily.V4)));

    [Fact]
    public void Blocks_that_touch_are_one_range() => Assert.Equal(
        "10.0.0.0-10.0.1.255", Text(AddressRange.Of([Peer("10.0.1.0/24", ""), Peer("10.0.0.0/24", "")], AddressFamily.V4)));

    /// <summary>Range by range the same answer as block by block, at every edge and its neighbours.</summary>
    [Fact]
    public void Ranges_hold_what_the_blocks_hold()
    {
        var cidr = Gen.Select(
            Gen.Int[0, 15], Gen.Int[0, 4], (host, bits) => new Cidr(new(AddressFamily.V4, (UInt128)host), 32 - bits));
        var peer = Gen.Select(cidr, cidr.Array[0, 3], (block, excepts) => new BlockPeer(block, [.. excepts]));
        peer.Array[0, 5].Sample(
            blocks =>
            {
                var ranges = AddressRange.Of(blocks, AddressFamily.V4);
                for (uint host = 0; host < 40; host++)
                {
                    var address = new Address(AddressFamily.V4, host);
                    var inRanges = ranges.Count(r => r.First.CompareTo(address) <= 0 && address.CompareTo(r.Last) <= 0);
                    Assert.Equal(blocks.Any(b => b.Contains(address)) ? 1 : 0, inRanges);
                }

                for (var i = 1; i < ranges.Length; i++)
                    Assert.True(ranges[i].First.Bits > ranges[i - 1].Last.Bits + 1, Text(ranges));
            },
            iter: 5000);
    }

    private static BlockPeer Peer(string block, string except) =>
        new(Cidr.Parse(block), [.. except.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Cidr.Parse)]);

    private static string Text(IEnumerable<AddressRange> ranges) =>
        string.Join(' ', ranges.Select(r => $"{r.First}-{r.Last}"));
}

using CsCheck;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Policy.Tests.Sets;

public sealed class PortSetTests
{
    private static readonly Gen<PortSet> AnySet =
        Gen.Select(Gen.Int[0, 2], Gen.UShort[0, 40], Gen.UShort[0, 6], Gen.Int[0, 19])
        .Array[0, 6].Select(parts => parts.Aggregate(PortSet.Nothing, (all, part) => all.Union(part.Item4 switch
        {
            0 => PortSet.Everything,
            1 => PortSet.Of((Protocol)part.Item1, PortRange.All),
            _ => PortSet.Of((Protocol)part.Item1, new PortRange(part.Item2, (ushort)(part.Item2 + part.Item3))),
        })));

    [Fact]
    public void A_union_holds_what_either_holds() => Gen.Select(AnySet, AnySet).Sample(
        (a, b) =>
        {
            var union = a.Union(b);
            foreach (var protocol in Enum.GetValues<Protocol>())
            {
                for (ushort port = 0; port < 60; port++)
                {
                    var either = a.Contains(protocol, port) || b.Contains(protocol, port);
                    Assert.Equal(either, union.Contains(protocol, port));
                }
            }
        },
        iter: 500,
        threads: 1);

    [Fact]
    public void Equal_content_is_equal_whatever_the_way_there() => Gen.Select(AnySet, AnySet, AnySet).Sample(
        (a, b, c) =>
        {
            var (left, right) = (a.Union(b).Union(c), c.Union(a.Union(b.Union(a))));
            Assert.Equal(left, right);
            Assert.Equal(left.GetHashCode(), right.GetHashCode());
            Assert.Equal(left.ToString(), right.ToString());
        },
        iter: 500,
        threads: 1);

    [Fact]
    public void Ranges_are_sorted_disjoint_and_not_adjacent()
    {
        var set =
            PortSet.Of(Protocol.Tcp, new(90, 95), new(80, 80), new(81, 85), new(84, 89), new(443, 443), new(70, 60));
        Assert.Equal([new PortRange(80, 95), new PortRange(443, 443)], set.Ranges(Protocol.Tcp));
        Assert.Empty(set.Ranges(Protocol.Udp));
        Assert.Empty(set.Ranges(Protocol.Other));
    }

    [Fact]
    public void The_last_port_is_no_overflow()
    {
        var set = PortSet.Of(Protocol.Udp, new(65535, 65535), new(65534, 65535));
        Assert.Equal("UDP 65534-65535", set.ToString());
        Assert.True(set.Contains(Protocol.Udp, 65535));
        Assert.False(set.Contains(Protocol.Udp, 65533));
    }

    [Fact]
    public void Text_is_canonical()
    {
        var web = PortSet.Of(Protocol.Tcp, new(443, 443), new(80, 80));
        Assert.Equal("TCP 80,443 UDP 53", PortSet.Of(Protocol.Udp, new PortRange(53, 53)).Union(web).ToString());
        Assert.Equal("SCTP *", PortSet.Of(Protocol.Sctp, PortRange.All).ToString());
        Assert.Equal("none", PortSet.Nothing.ToString());
        Assert.Equal("all", PortSet.Everything.ToString());
    }

    [Fact]
    public void All_three_protocols_are_not_everything()
    {
        var all = PortSet.Of(Protocol.Tcp, PortRange.All)
            .Union(PortSet.Of(Protocol.Udp, PortRange.All)).Union(PortSet.Of(Protocol.Sctp, PortRange.All));
        Assert.False(all.IsEverything);
        Assert.False(all.Contains(Protocol.Other, 0));
        Assert.Equal("TCP * UDP * SCTP *", all.ToString());
    }

    [Fact]
    public void A_pool_keeps_one_object_per_set()
    {
        var pool = new PortSetPool();
        var first = pool.Intern(PortSet.Of(Protocol.Tcp, new(1, 2), new(3, 4)));
        Assert.Same(first, pool.Intern(PortSet.Of(Protocol.Tcp, new PortRange(1, 4))));
        Assert.Same(PortSet.Everything, pool.Intern(PortSet.Everything.Union(first)));
        Assert.Equal(1, pool.Count);
    }

    [Fact]
    public void A_pool_forgets_sets_that_nobody_asks_for_any_more()
    {
        var pool = new PortSetPool();
        var used = pool.Intern(PortSet.Of(Protocol.Udp, new PortRange(53, 53)));
        for (ushort port = 1; port < 65535; port++)
        {
            pool.Intern(PortSet.Of(Protocol.Tcp, new PortRange(port, port)));
            Assert.Same(used, pool.Intern(PortSet.Of(Protocol.Udp, new PortRange(53, 53))));
        }

        Assert.InRange(pool.Count, 1, 2 * PortSetPool.GenerationLimit);
    }

    [Fact]
    public void Other_protocols_have_no_ranges() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => PortSet.Of(Protocol.Other, PortRange.All));
}

using CsCheck;
using Palisade.Policy.Compile;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Policy.Tests.Compile;

/// <summary>A port set in one word says what the set says, or says that it cannot.</summary>
public sealed class PackedPortsTests
{
    private static readonly Protocol[] Protocols = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp];

    private static readonly ushort[] Edges = [0, 1, 80, 443, 65535];

    private static readonly Gen<PortRange> Range = Gen.Select(
        Gen.Int[0, 4], Gen.Int[0, 4],
        (one, other) => new PortRange(Edges[Math.Min(one, other)], Edges[Math.Max(one, other)]));

    /// <summary>Often one range for several protocols, often all of it, with other protocols and without.</summary>
    private static readonly Gen<PortSet> Sets = Gen.Select(
        Range, Range, Gen.Int[0, 3].Array[3], Gen.Bool,
        (one, other, which, rest) =>
        {
            var set = rest ? Protocols.Aggregate(PortSet.Everything, (s, p) => s.Except(PortSet.Of(p, PortRange.All)))
                : PortSet.Nothing;
            for (var i = 0; i < which.Length; i++)
            {
                if (which[i] != 0)
                    set = set.Union(PortSet.Of(Protocols[i], which[i] == 1 ? [one, other] : [one]));
            }

            return set;
        });

    [Fact]
    public void A_word_says_what_the_set_says()
    {
        var (whole, several) = (0, 0);
        Sets.Sample(
            set =>
            {
                var packed = PackedPorts.Of(set);
                Assert.NotEqual(0ul, packed);
                AssertSame(set, (protocol, port) => PackedPorts.Contains(PackedPorts.EdgesOf(set), protocol, port));
                if (!PackedPorts.IsWhole(packed))
                {
                    several++;
                    return;
                }

                whole++;
                AssertSame(set, (protocol, port) => PackedPorts.Contains(packed, protocol, port));
            },
            iter: 2000,
            threads: 1);
        Assert.True(whole > 200 && several > 200, $"{whole} in one word, {several} not");
    }

    private static void AssertSame(PortSet set, Func<Protocol, ushort, bool> contains)
    {
        foreach (var protocol in Protocols.Append(Protocol.Other))
        {
            foreach (var port in (ushort[])[0, 1, 2, 79, 80, 81, 442, 443, 444, 65534, 65535])
                Assert.Equal(set.Contains(protocol, port), contains(protocol, port));
        }
    }

    [Fact]
    public void What_most_gates_say_is_one_word()
    {
        PortSet[] usual =
        [
            PortSet.Nothing, PortSet.Everything, PortSet.One(Protocol.Tcp, 80),
            PortSet.Of(Protocol.Udp, new PortRange(8000, 8100)), PortSet.Of(Protocol.Sctp, PortRange.All),
            PortSet.One(Protocol.Tcp, 53).Union(PortSet.One(Protocol.Udp, 53)),
        ];
        Assert.All(usual, set => Assert.True(PackedPorts.IsWhole(PackedPorts.Of(set)), $"{set}"));
        Assert.False(PackedPorts.IsWhole(PackedPorts.Of(
            PortSet.One(Protocol.Tcp, 80).Union(PortSet.One(Protocol.Tcp, 443)))));
    }
}

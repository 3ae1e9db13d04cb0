using CsCheck;
using Palisade.Dataplane.Dns;
using Palisade.Nftables;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>Messages out of segments of TCP.</summary>
public sealed class DnsStreamTests
{
    /// <summary>Any messages, cut anywhere, each segment perhaps twice and out of its turn, from any number
    /// on.</summary>
    [Fact]
    public void Messages_come_out_whole_and_in_order_however_they_are_cut() => Gen.Select(
        Gen.Byte.Array[0, 700].Array[1, 5], Gen.UInt, Gen.Int[1, 300].Array[1, 30], Gen.Int[0, 1000]).Sample(
        (messages, first, cuts, seed) =>
        {
            var bytes = messages.SelectMany(DnsWire.Framed).ToArray();
            var segments = new List<(int At, byte[] Bytes)>();
            for (var (at, cut) = (0, 0); at < bytes.Length; cut++)
            {
                var length = Math.Min(cuts[cut % cuts.Length], bytes.Length - at);
                segments.Add((at, bytes.AsSpan(at, length).ToArray()));
                at += length;
            }

            var random = new Random(seed);
            // Neighbours change places, and some come again.
            var sent = segments.Select((segment, i) => (segment, Turn: i + random.Next(4)))
                .Concat(segments.Select((segment, i) => (segment, Turn: i)).Where(_ => random.Next(3) == 0))
                .OrderBy(pair => pair.Turn).Select(pair => pair.segment);
            var stream = new DnsStream(first);
            var read = sent.SelectMany(s => stream.Take(unchecked(first + (uint)s.At), s.Bytes)).ToList();
            Assert.Equal(messages, read);
            Assert.Equal(0, stream.Held);
        },
        iter: 2_000);

    [Fact]
    public void What_is_missing_for_ever_holds_no_more_than_a_message()
    {
        var stream = new DnsStream(0);
        for (uint at = 1; !stream.IsBroken; at += 1000)
        {
            Assert.Empty(stream.Take(at, new byte[1000]));
            Assert.True(stream.Held <= 2 * 65_537, $"{stream.Held} bytes");
        }

        Assert.Equal(0, stream.Held);
    }

    [Fact]
    public void A_pod_has_a_bounded_number_of_streams_and_leaves_room_for_others()
    {
        var streams = new DnsStreams();
        for (var port = 1; port <= 10_000; port++)
            streams.Begin(Flow("10.0.0.1", (ushort)port), false, 0, TimeSpan.Zero);
        Assert.Equal(DnsStreams.MostOfPod, streams.Count);
        streams.Begin(Flow("10.0.0.2", 1), false, 0, TimeSpan.Zero);
        Assert.Single(streams.Take(Flow("10.0.0.2", 1), false, 0, DnsWire.Framed([1, 2, 3]), TimeSpan.Zero));
        Assert.Empty(streams.Take(Flow("10.0.0.3", 1), false, 0, DnsWire.Framed([1]), TimeSpan.Zero));
    }

    private static DnsFlow Flow(string pod, ushort port) =>
        new(PacketAddress.Parse(pod), port, PacketAddress.Parse("10.96.0.10"), true);
}

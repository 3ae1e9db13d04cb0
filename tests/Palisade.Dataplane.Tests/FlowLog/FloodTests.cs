using System.Text;
using Palisade.Dataplane.FlowLog;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Nftables.Packets;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.FlowLog;

/// <summary>What is too much, who else listens, and policies that changed.</summary>
public sealed class FloodTests
{
    [Fact]
    public void What_is_logged_and_what_is_suppressed_add_up_to_what_was_counted()
    {
        using var node = new HeardNode(Cluster([Isolate('b', Direction.Ingress), Isolate('c', Direction.Ingress)]));
        const int Flood = 3000;
        List<FlowRecord> Suppressed() => node.Heard(
            () =>
            {
                for (var i = 0; i < Flood; i++)
                    node.Node.A.Send(node.Node.Open(Address4('a'), Address4('b'), (ushort)(1 + i)));
                Thread.Sleep(1000);   // several looks at the counters
            },
            1, FlowKind.Suppressed);
        var before = node.Recorder.Ring.End;
        var suppressed = Suppressed();
        Assert.All(suppressed, record => Assert.Equal("denied_ingress", record.Reason));
        var denied = node.Recorder.Ring.Read(before).Lines.Count(
            line => Encoding.UTF8.GetString(line).Contains("NoRuleMatches", StringComparison.Ordinal));
        // A burst of 100, 50 a second, and whatever the seconds were.
        Assert.InRange(denied, 100, 1500);
        Assert.Equal((ulong)Flood, node.Node.Counted("denied_ingress"));
        Assert.Equal(Flood, denied + suppressed.Sum(record => record.Count));

        // The limit is b's: c's first packet is told all the same.
        Assert.Equal("x/c", $"{node.Denied(node.Node.Open(Address4('a'), Address4('c')), node.Node.A.Send).To}");
    }

    [Fact]
    public void Another_listener_of_the_group_costs_the_log_and_nothing_else()
    {
        using var first = new HeardNode(Cluster([Isolate('b', Direction.Ingress)]));
        var said = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var second = first.Node.Node.Namespace.Run(() => new FlowRecorder(
            new() { Node = "n1", LogGroup = 7254, Say = (what, why) => said.Enqueue($"{what}: {why}") },
            TimeProvider.System));
        for (var i = 0; i < 500 && said.IsEmpty; i++)
            Thread.Sleep(10);
        var text = Assert.Single(said);
        Assert.Contains("has a listener already", text, StringComparison.Ordinal);
        Assert.Contains("--log-group", text, StringComparison.Ordinal);
        Assert.False(second.HearsDenials);
        Assert.NotNull(first.Denied(first.Node.Open(Address4('a'), Address4('b')), first.Node.A.Send).Side);
    }

    /// <summary>The kernel still has the old table, but what is told is the new one: a packet in between.</summary>
    [Fact]
    public void A_packet_that_the_policies_now_would_allow_is_told_by_the_table_before()
    {
        var closed = Cluster([Isolate('b', Direction.Ingress)]);
        using var node = new HeardNode(closed);
        node.Tell(Cluster([]));
        var record = node.Denied(node.Node.Open(Address4('a'), Address4('b')), node.Node.A.Send);
        Assert.Equal("denied by the table before generation 20", record.Stale);
        Assert.Equal((10UL, "ingress-b"), (record.Generation, Assert.Single(record.Side!.IsolatedBy).Name));

        for (var i = 0; i < 4; i++)
            node.Tell(Cluster([]));
        record = node.Denied(node.Node.Open(Address4('a'), Address4('b')), node.Node.A.Send);
        Assert.Null(record.Side);
        Assert.Equal("denied by the table before or just after generation 60", record.Stale);
        Assert.Equal("NoRuleMatches", record.Reason);
    }

    [Fact]
    public void An_address_of_two_pods_is_not_taken_for_a_change()
    {
        var cluster = Cluster([Isolate('c', Direction.Ingress)]);
        var shared = cluster with
        {
            Endpoints = [.. cluster.Endpoints.Select(pod => pod.Name == "c"
                ? pod with { Addresses = [Address4('b')] }
                : pod)],
        };
        using var node = new HeardNode(shared);
        var record = node.Denied(node.Node.Open(Address4('a'), Address4('b')), node.Node.A.Send);
        Assert.Contains("is claimed by x/b and x/c", record.Text, StringComparison.Ordinal);
        Assert.Contains("this is about x/c; ", record.Text, StringComparison.Ordinal);
        Assert.Equal("ingress-c", Assert.Single(record.Side!.IsolatedBy).Name);
        Assert.Null(record.Stale);
    }

    [Fact]
    public void Connections_are_told_when_they_begin_with_the_rules_that_allow_them()
    {
        var fromA = new PolicyRule([new PodPeer(null, Pod('a'))], []);
        using var node = new HeardNode(Cluster([Isolate('b', Direction.Ingress, fromA)]));
        foreach (var protocol in (Protocol[])[Protocol.Tcp, Protocol.Udp, Protocol.Sctp, Protocol.Other])
        {
            foreach (var family in (int[])[4, 6])
            {
                var (a, b) = family == 4 ? (Address4('a'), Address4('b')) : (Address6('a'), Address6('b'));
                var packet = node.Node.Open(a, b, 80, protocol);
                var record = Assert.Single(node.Heard(() => node.Node.A.Send(packet), 1, FlowKind.Opened));
                Assert.Equal(("x/a", "x/b"), ($"{record.From}", $"{record.To}"));
                Assert.Equal(protocol == Protocol.Other ? null : (ushort?)80, record.To!.Port);
                Assert.Equal("ingress-b", Assert.Single(record.AllowedBy).Policy.Name);
            }
        }

        // Nobody of this node: no business of its agent.
        Assert.Empty(node.Heard(
            () => node.Node.Node.Send(node.Node.Open(Node4, Beyond4, 80)), 0, FlowKind.Opened));
    }

    /// <summary>Packets are an attacker's: whatever is in one, and whatever others log to the group.</summary>
    [Fact]
    public void Garbage_is_no_record_and_ends_nothing()
    {
        var (time, random) = (TimeProvider.System, new Random(20));
        var history = new PolicyHistory(time);
        using var node = new HeardNode(Cluster([]));
        history.Enforced(
            Cluster([Isolate('b', Direction.Ingress)]), NodeNetwork.Read(node.Node.Node.Routing), 1, true);
        var names = new InterfaceNames(node.Node.Node.Routing);
        var records = 0;
        var hearing = new DenialHearing(
            new(history, names, "n1", time), new(100_000, time), time, record =>
            {
                records++;
                Assert.NotEmpty(FlowJson.Line(record));
            });
        string[] prefixes =
            ["drop denied_ingress g", "drop spoofed s", "observe _ x", "drop", "", "drop  ", "drop é 🙂"];
        var good = Packet.Opening(Protocol.Tcp, Address6('a'), 1, Address6('b'), 80, 7);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = good[..random.Next(good.Length)].ToArray();
            if (random.Next(2) == 0)
                random.NextBytes(bytes);
            else if (bytes.Length > 0)
                bytes[random.Next(bytes.Length)] ^= (byte)random.Next(256);
            hearing.Hear(new LoggedPacket
            {
                Payload = bytes,
                Prefix = prefixes[random.Next(prefixes.Length)],
                InputIndex = random.Next(100_000),
            });
        }

        Assert.True(records > 100, "some of them were packets");
    }

    [Fact]
    public async Task The_ring_keeps_the_last_and_counts_what_a_slow_reader_missed()
    {
        var ring = new FlowRing();
        var now = DateTimeOffset.UnixEpoch;
        for (var i = 0; i < FlowRing.MostRecords + 10; i++)
            ring.Add(now.AddSeconds(i), [(byte)(i % 251)]);
        var (lines, next, missed) = ring.Read(3);
        Assert.Equal((FlowRing.MostRecords, FlowRing.MostRecords + 10L, 7L), (lines.Count, next, missed));
        Assert.Equal(5, ring.Read(0, now.AddSeconds(FlowRing.MostRecords + 5)).Lines.Count);
        var waiting = ring.WaitAsync(next, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        ring.Add(now, new byte[FlowRing.MostBytes]);
        await waiting;
        Assert.Single(ring.Read(0).Lines);
    }
}

using System.Diagnostics;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Cut;

/// <summary>Streams between pods whose policy changes while they run.</summary>
public sealed class CutTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);
    private static readonly PolicyRule FromA = new([new PodPeer(null, Pod('a'))], []);

    [Theory]
    [InlineData(Protocol.Tcp, 'b', 4, false)]
    [InlineData(Protocol.Tcp, 'b', 6, false)]
    [InlineData(Protocol.Tcp, 'c', 4, false)]
    [InlineData(Protocol.Tcp, 'c', 6, false)]
    [InlineData(Protocol.Udp, 'b', 4, false)]
    [InlineData(Protocol.Udp, 'b', 6, false)]
    [InlineData(Protocol.Udp, 'c', 4, false)]
    [InlineData(Protocol.Udp, 'c', 6, false)]
    [InlineData(Protocol.Sctp, 'b', 4, false)]
    [InlineData(Protocol.Sctp, 'c', 6, false)]
    [InlineData(Protocol.Other, 'b', 4, false)]
    [InlineData(Protocol.Other, 'c', 6, false)]
    [InlineData(Protocol.Tcp, 'b', 4, true)]
    [InlineData(Protocol.Udp, 'b', 6, true)]
    [InlineData(Protocol.Sctp, 'b', 4, true)]
    [InlineData(Protocol.Other, 'b', 6, true)]
    [InlineData(Protocol.Tcp, 'c', 6, true)]
    public void A_stream_stops_both_ways_when_it_is_denied_and_goes_on_when_it_is_allowed_again(
        Protocol protocol, char to, int family, bool bridged)
    {
        using var world = new CutWorld(bridged: bridged);
        using var stream = world.Start(protocol, 'a', to, family);
        foreach (var denial in (NetworkPolicy[])[Isolate(to, Direction.Ingress), Isolate('a', Direction.Egress)])
        {
            Stops(stream, world.Change(denial), $"{protocol} to {to}");
            world.Change();
            Assert.True(stream.Flows(Soon), $"it is allowed again: {stream.Failure}");
        }

        Assert.Null(stream.Failure);
    }

    /// <summary>
    /// After the first packet only the server sends. Nothing closes that direction, so that with its connection
    /// forgotten each packet would open one of its own, backwards, that would be allowed.
    /// </summary>
    [Theory]
    [InlineData(Protocol.Tcp)]
    [InlineData(Protocol.Udp)]
    [InlineData(Protocol.Sctp)]
    public void A_stream_of_answers_alone_stops_and_is_not_taken_up_backwards(Protocol protocol)
    {
        using var world = new CutWorld();
        using var stream = world.Start(protocol, 'a', 'b');
        stream.SendsForth = false;
        Stops(stream, world.Change(Isolate('b', Direction.Ingress)), $"answers of {protocol}", atLeastMs: 1500);
    }

    [Fact]
    public void A_stream_that_stays_allowed_loses_no_byte_over_many_changes()
    {
        using var world = new CutWorld();
        using var kept = world.Start(Protocol.Tcp, 'a', 'b');
        using var across = world.Start(Protocol.Tcp, 'a', 'c', family: 6);
        using var cut = world.Start(Protocol.Udp, 'd', 'b');
        var allow = Isolate('b', Direction.Ingress, FromA);
        for (var i = 0; i < 40; i++)
        {
            world.Change(i % 2 == 0 ? [allow, Isolate('c', Direction.Egress)] : [Isolate('d', Direction.Ingress)]);
            Thread.Sleep(15);
        }

        world.Change(allow);
        Assert.True(kept.Flows(Soon) && across.Flows(Soon), $"{kept.Failure} {across.Failure}");
        Assert.False(cut.Flows(TimeSpan.FromMilliseconds(300)), "d may not");
        Assert.Null(kept.Failure ?? across.Failure);
        Assert.True(kept.Forth.Count > 10_000, $"{kept.Forth.Count} bytes");
    }

    /// <summary>
    /// Translated on its way, as by a Service: judged by where it really goes, and when it is allowed again it goes
    /// there again.
    /// </summary>
    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void A_stream_through_a_translated_address_stops_and_goes_on(int family)
    {
        using var world = new CutWorld();
        var service = Address.Parse(family == 4 ? "10.96.0.10" : "fd00:10:96::a");
        var (b, word) = (CutWorld.Address('b', family), family == 4 ? "ip" : "ip6");
        Nft.Load(world.World.Fabric.Nodes[0].Namespace, $$"""
            table {{word}} services {
              chain pre {
                type nat hook prerouting priority dstnat;
                {{word}} daddr {{service}} tcp dport 80 dnat to {{(family == 4 ? $"{b}" : $"[{b}]")}}:8080
              }
            }
            """);
        using var stream = new TcpTraffic(
            world.Pod('a'), CutWorld.Address('a', family), world.Pod('b'), service, b, 80, at: 8080);
        stream.Begin();
        var port80 = Isolate('b', Direction.Ingress, new PolicyRule([], [PolicyPort.Range(Protocol.Tcp, 80, 80)]));
        Stops(stream, world.Change(port80), "through a Service");
        world.Change(Isolate('b', Direction.Ingress, new PolicyRule([], [PolicyPort.Range(Protocol.Tcp, 8080, 8080)])));
        Assert.True(stream.Flows(Soon), $"allowed again: {stream.Failure}");
        Assert.Null(stream.Failure);
    }

    /// <summary>While the agent was down the policy changed; the table of before is still there.</summary>
    [Fact]
    public void A_start_cuts_what_was_denied_while_the_agent_was_down()
    {
        using var world = new CutWorld();
        world.Change(Isolate('b', Direction.Ingress, FromA));
        using var denied = world.Start(Protocol.Tcp, 'a', 'b');
        using var allowed = world.Start(Protocol.Tcp, 'a', 'c');
        world.StartAgents();
        Stops(denied, world.Change(Isolate('b', Direction.Ingress)), "older than the agent");
        Assert.True(allowed.Flows(Soon), allowed.Failure);

        // A start that changes nothing looks all the same: somebody may have changed the table meanwhile.
        world.StartAgents();
        var passes = world.Passes.Count;
        world.Change(Isolate('b', Direction.Ingress));
        Assert.True(world.Passes.Count == passes + 1 && world.Passes[^1].Cut == 0, "the first look is at everything");
        world.Change(Isolate('b', Direction.Ingress));
        Assert.Equal(passes + 1, world.Passes.Count);   // nothing changed: nothing is looked at
        Assert.False(denied.Flows(TimeSpan.FromMilliseconds(200)));
    }

    /// <summary>Connections are opened all the time, one after the other, while the policy goes to and fro.</summary>
    [Fact]
    public void Nothing_that_is_opened_while_policies_change_outlives_a_denial()
    {
        using var world = new CutWorld();
        using var stop = new CancellationTokenSource();
        var streams = new List<Traffic>();
        var opener = new Thread(() =>
        {
            for (var port = 9000; !stop.IsCancellationRequested && port < 9200; port++)
            {
                var next = new UdpTraffic(
                    world.Pod('a'), CutWorld.Address('a', 4), world.Pod('b'), CutWorld.Address('b', 4), (ushort)port);
                if (next.Forth.Count == 0)
                {
                    next.Dispose();   // denied: were the other end to send now, it would open a connection of its own
                    continue;
                }

                lock (streams)
                    streams.Add(next);
                next.StartOnly();
            }
        });
        opener.Start();
        Thread.Sleep(100);
        for (var round = 0; round < 10; round++)
        {
            world.Change(Isolate('b', Direction.Ingress));
            world.Wait(TimeSpan.FromMilliseconds(150), [Isolate('b', Direction.Ingress)]);
            AssertSilent(streams, round);
            world.Change();
            world.Wait(TimeSpan.FromMilliseconds(80), []);
        }

        stop.Cancel();
        opener.Join();
        lock (streams)
        {
            Assert.True(streams.Count > 5, $"{streams.Count} streams");
            streams.ForEach(stream => stream.Dispose());
        }
    }

    /// <summary>How soon is the benchmark's to measure; here it is said.</summary>
    private void Stops(Traffic stream, long seen, string what, int atLeastMs = 300) =>
        output.WriteLine($"{what}: {stream.StoppedAfter(seen, atLeastMs).TotalMilliseconds:F1} ms");

    /// <summary>Nothing more comes: for a while, and that soon enough.</summary>
    private static void AssertSilent(List<Traffic> streams, int round)
    {
        var began = Stopwatch.GetTimestamp();
        for (var late = int.MaxValue; late > 0;)
        {
            var limit = Stopwatch.GetTimestamp();
            Thread.Sleep(100);
            lock (streams)
                late = streams.Count(stream => stream.Forth.Last > limit || stream.Back.Last > limit);
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60), $"round {round}: {late} go on");
        }
    }
}

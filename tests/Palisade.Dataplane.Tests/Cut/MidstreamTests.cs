using System.Diagnostics;
using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Cut;

/// <summary>TCP that conntrack has not seen begin.</summary>
public sealed class MidstreamTests(ITestOutputHelper output)
{
    private const byte Acknowledge = 0x10;
    private const byte PushAcknowledge = 0x18;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);
    private static readonly PolicyRule Everything = new([], []);
    private static readonly PolicyRule FromA = new([new PodPeer(null, Pod('a'))], []);

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void At_a_gate_it_stops_in_either_direction_and_elsewhere_it_passes(int family)
    {
        using var node = new OneNode(Isolate('b', Direction.Ingress, Everything));
        ushort port = 41_000;
        Address Of(char pod) => family == 4 ? Address4(pod) : Address6(pod);
        byte[] Middle(char from, char to, byte flags = PushAcknowledge) =>
            Packet.TcpFlags(Of(from), ++port, Of(to), 80, flags, node.NextId());
        node.Stops("midstream", Middle('a', 'b'), node.A.Send, (p, s) => node.Arrives(node.B, p, s));
        node.Stops("midstream", Middle('b', 'a', Acknowledge), node.B.Send, (p, s) => node.Arrives(node.A, p, s));
        Assert.True(node.Arrives(node.B, node.Open(Of('a'), Of('b')), node.A.Send), "its gate allows everything");
        Assert.True(node.Arrives(node.C, Middle('a', 'c'), node.A.Send), "neither end has a gate");
        var own = family == 4 ? Node4 : Node6;
        var fromNode = Packet.TcpFlags(own, ++port, Of('b'), 80, PushAcknowledge, node.NextId());
        Assert.True(node.Arrives(node.B, fromNode, p => node.Node.Send(p)), "the pod's own node is exempt");
    }

    /// <summary>
    /// Connections that began when nobody asked for connection tracking. What is allowed goes on over the install and
    /// the end of its grace; what is denied stops, and nothing new begins in the middle afterwards.
    /// </summary>
    [Fact]
    public void A_first_install_stops_what_is_denied_and_resets_nothing_else()
    {
        using var world = new CutWorld(grace: TimeSpan.FromSeconds(1), enforce: false);
        using var allowed = world.Start(Protocol.Tcp, 'a', 'b');
        using var answers = world.Start(Protocol.Tcp, 'a', 'b', family: 6, port: 8081);
        using var denied = world.Start(Protocol.Tcp, 'c', 'b');
        using var deniedAnswers = world.Start(Protocol.Tcp, 'c', 'b', family: 6, port: 8081);
        (answers.SendsForth, deniedAnswers.SendsForth) = (false, false);
        Thread.Sleep(20);
        // The first packet that is tracked may be of the server: it must not be taken for the client.
        NetworkPolicy[] policies = [Isolate('b', Direction.Ingress, FromA), Isolate('a', Direction.Ingress)];
        var seen = world.Change(policies);
        var installed = Stopwatch.GetElapsedTime(seen);
        world.Wait(TimeSpan.FromMilliseconds(600), policies);
        output.WriteLine($"installed {installed.TotalMilliseconds:F0} ms, stopped {denied.StoppedAfter(seen)
            .TotalMilliseconds:F0} and {deniedAnswers.StoppedAfter(seen).TotalMilliseconds:F0} ms");
        Assert.True(allowed.Flows(Soon) && answers.Flows(Soon), $"{allowed.Failure} {answers.Failure}");
        world.Wait(TimeSpan.FromMilliseconds(700), policies);
        Assert.True(allowed.Flows(Soon) && answers.Flows(Soon), $"{allowed.Failure} {answers.Failure}");
        Assert.Null(allowed.Failure ?? answers.Failure);
        var late = Packet.TcpFlags(
            CutWorld.Address('a', 4), 45_000, CutWorld.Address('b', 4), 80, Acknowledge, 77);
        world.Pod('a').Send(late);
        Thread.Sleep(20);
        Assert.False(Received(world.Pod('b'), 77), "the grace is over");
    }

    /// <summary>
    /// A first install that the kernel refuses is tried again: until one succeeds there is nothing to look at.
    /// </summary>
    [Fact]
    public void A_first_install_that_failed_asks_for_no_look()
    {
        using var world = new PacketWorld(nodes: 1, podsPerNode: 1);
        var place = world.Fabric.Nodes[0];
        using var cutting = place.Namespace.Run(() => new Cutting("n1", TimeProvider.System, Cutting.UsualGrace));
        cutting.Installing(world.SocketOf(place));
        Assert.True(cutting.For(new()).AdmitsMidstream, "there was no table");
        Assert.Null(cutting.Due);
        Assert.Null(cutting.Again());
    }

    private static bool Received(PodPlace pod, uint id)
    {
        var buffer = new byte[70_000];
        int length;
        while ((length = pod.Frames.Receive(buffer)) >= 0)
        {
            if (Packet.IdIn(buffer.AsSpan(0, Math.Min(length, buffer.Length))) == id)
                return true;
        }

        return false;
    }
}

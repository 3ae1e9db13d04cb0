using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>
/// A link that no known pod has claimed: nothing passes, by interface, until the cluster says whose it is.
/// </summary>
public abstract class UnclaimedTests(bool bridged)
{
    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Nothing_passes_from_or_to_an_interface_that_no_pod_has_claimed(int family)
    {
        using var node = new OneNode(bridged, []);
        node.Occupy();
        var (stranger, b, self, beyond) = family == 4
            ? (Address4('d'), Address4('b'), Node4, Beyond4)
            : (Address6('d'), Address6('b'), Node6, Beyond6);
        foreach (var protocol in (Protocol[])[Protocol.Tcp, Protocol.Udp, Protocol.Sctp, Protocol.Other])
        {
            byte[] Open(Address from, Address to) => node.Open(from, to, protocol: protocol);
            node.Stops("no_gate", Open(stranger, b), node.Stranger.Send, (p, s) => node.Arrives(node.B, p, s));
            node.Stops("no_gate", Open(stranger, self), node.Stranger.Send, node.ArrivesAtNode);
            node.Stops("no_gate", Open(stranger, beyond), node.Stranger.Send, node.Leaves);
            node.Stops("no_gate", Open(b, stranger), node.B.Send, (p, s) => node.Arrives(node.Stranger, p, s));
            node.Stops(
                "no_gate", Open(beyond, stranger), p => node.World.Fabric.Inject(node.Node, p),
                (p, s) => node.Arrives(node.Stranger, p, s));
        }

        node.Apply([], pods: "abcd");
        Assert.True(node.Arrives(node.B, node.Open(stranger, b), node.Stranger.Send), "claimed: it may speak");
        Assert.True(node.Arrives(node.Stranger, node.Open(b, stranger), node.B.Send), "claimed: it may be spoken to");

        node.Apply([], pods: "abc");
        Assert.False(node.Arrives(node.B, node.Open(stranger, b), node.Stranger.Send), "given up: closed again");
    }

    /// <summary>The kubelet probes a pod before anybody else knows it.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void The_node_may_open_connections_to_it_and_gets_its_answers(int family)
    {
        using var node = new OneNode(bridged, []);
        node.Occupy();
        var (stranger, self) = family == 4 ? (Address4('d'), Node4) : (Address6('d'), Node6);
        const ushort port = 33_333;
        var syn = Packet.TcpFlags(self, port, stranger, 80, 0x02, node.NextId());
        Assert.True(node.Arrives(node.Stranger, syn, p => node.Node.Send(p)));
        var answer = Packet.TcpFlags(stranger, 80, self, port, 0x12, node.NextId());
        Assert.True(node.ArrivesAtNode(answer, node.Stranger.Send), "an answer passes");
        var other = Packet.TcpFlags(stranger, 81, self, port, 0x12, node.NextId());
        Assert.False(node.ArrivesAtNode(other, node.Stranger.Send), "what answers nothing does not");
    }

    /// <summary>Moving a known pod's address behind another interface does not move the pod.</summary>
    [Fact]
    public void A_claimed_address_does_not_speak_from_another_interface()
    {
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress)]);
        node.Occupy();
        Assert.False(node.Arrives(node.C, node.Open(Address4('b'), Address4('c')), node.Stranger.Send));
        Assert.True(node.Arrives(node.C, node.Open(Address4('b'), Address4('c')), node.B.Send));
    }
}

/// <summary>The same of pods that the node routes to.</summary>
public sealed class RoutedUnclaimedTests() : UnclaimedTests(bridged: false);

/// <summary>The same of pods that are ports of a bridge.</summary>
public sealed class BridgedUnclaimedTests() : UnclaimedTests(bridged: true);

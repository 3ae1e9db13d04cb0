using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>Packets that open no connection: answers, errors, strays, and what is exempted from tracking.</summary>
public abstract class ConntrackStateTests(bool bridged)
{
    private const byte Syn = 0x02;
    private const byte Reset = 0x04;
    private const byte SynAcknowledge = 0x12;
    private static readonly PolicyRule Everything = new([], []);

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Answers_pass_closed_gates(int family)
    {
        using var node = new OneNode(bridged, [Isolate('a', Direction.Ingress), Isolate('b', Direction.Egress)]);
        var (a, b) = family == 4 ? (Address4('a'), Address4('b')) : (Address6('a'), Address6('b'));
        Assert.False(node.Arrives(node.A, node.Open(b, a), node.B.Send), "both gates are closed that way");
        var syn = Packet.TcpFlags(a, 40_001, b, 80, Syn, node.NextId());
        Assert.True(node.Arrives(node.B, syn, node.A.Send));
        Assert.True(
            node.Arrives(node.A, Packet.TcpFlags(b, 80, a, 40_001, SynAcknowledge, node.NextId()), node.B.Send));
    }

    /// <summary>
    /// A reset of no connection is INVALID; a gate that allows everything still lets connections through only.
    /// </summary>
    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Invalid_packets_stop_at_gates_under_their_own_counter_and_pass_where_nothing_isolates(int family)
    {
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress, Everything)]);
        Address Of(char pod) => family == 4 ? Address4(pod) : Address6(pod);
        byte[] Stray(char from, char to) => Packet.TcpFlags(Of(from), 40_002, Of(to), 80, Reset, node.NextId());
        Assert.True(node.Arrives(node.B, node.Open(Of('a'), Of('b')), node.A.Send), "the gate allows everything");
        node.Stops("invalid", Stray('a', 'b'), node.A.Send, (p, s) => node.Arrives(node.B, p, s));
        Assert.True(node.Arrives(node.C, Stray('a', 'c'), node.A.Send), "nothing isolates c");

        node.Apply([Isolate('a', Direction.Egress, Everything)]);
        node.Stops("invalid", Stray('a', 'c'), node.A.Send, (p, s) => node.Arrives(node.C, p, s));
        Assert.True(node.Arrives(node.B, Stray('c', 'b'), node.C.Send), "b's gate is gone, and c never had one");
    }

    [Fact]
    public void Untracked_packets_pass_to_and_from_the_node_only()
    {
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress, Everything)]);
        node.Foreign("""
            table inet foreign {
              chain pre { type filter hook prerouting priority -310; udp dport 99 notrack; }
              chain out { type filter hook output priority -310; udp dport 99 notrack; }
            }
            """);
        byte[] Untracked(Address from, char to) => node.Open(from, Address4(to), port: 99, Protocol.Udp);
        node.Stops("untracked", Untracked(Address4('a'), 'b'), node.A.Send, (p, s) => node.Arrives(node.B, p, s));
        Assert.True(node.Arrives(node.C, Untracked(Address4('a'), 'c'), node.A.Send), "nothing isolates c");
        Assert.True(node.Arrives(node.B, Untracked(Node4, 'b'), p => node.Node.Send(p)), "the node may");

        node.Apply([Isolate('a', Direction.Egress, Everything)]);
        node.Stops("untracked", Untracked(Address4('a'), 'c'), node.A.Send, (p, s) => node.Arrives(node.C, p, s));
        Assert.True(node.ArrivesAtNode(node.Open(Address4('a'), Node4, port: 99, Protocol.Udp), node.A.Send),
            "to the node it may");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Errors_about_a_pods_own_connections_pass_its_closed_gate_and_no_others_do(int family)
    {
        using var node = new OneNode(bridged, [Isolate('a', Direction.Ingress)]);
        var (a, beyond) = family == 4 ? (Address4('a'), Beyond4) : (Address6('a'), Beyond6);
        void Inject(byte[] packet) => node.World.Fabric.Inject(node.Node, packet);
        var sent = node.Open(a, beyond, port: 443, Protocol.Udp);
        Assert.True(node.Leaves(sent, node.A.Send));
        Assert.True(
            node.Arrives(node.A, Packet.TooBig(beyond, a, sent, node.NextId()), Inject), "path MTU discovery works");

        var never = node.Open(a, beyond, port: 444, Protocol.Udp);
        node.Stops(
            "invalid", Packet.TooBig(beyond, a, never, node.NextId()), Inject, (p, s) => node.Arrives(node.A, p, s));
    }

    /// <summary>
    /// A TFTP helper expects data from any port of the server: conntrack calls it RELATED. Accepting that would let a
    /// server that an egress rule allows in through a closed ingress gate.
    /// </summary>
    [Fact]
    public void A_connection_that_a_helper_expects_is_judged_as_any_other()
    {
        using var node = new OneNode(bridged, [Isolate('a', Direction.Ingress)]);
        node.Foreign("""
            table ip foreign {
              ct helper tftp { type "tftp" protocol udp; }
              chain pre { type filter hook prerouting priority 0; udp dport 69 ct helper set "tftp"; }
            }
            """);
        void Inject(byte[] packet) => node.World.Fabric.Inject(node.Node, packet);
        var request = Packet.Datagram(Address4('a'), 40_003, Beyond4, 69, [0, 1], node.NextId());
        Assert.True(node.Leaves(request, node.A.Send));
        var expectations = node.Node.Namespace.Run(() => File.ReadAllText("/proc/thread-self/net/nf_conntrack_expect"));
        Assert.Contains("dport=40003", expectations);
        var before = node.Counted("denied_ingress");
        Assert.False(node.Arrives(node.A,
            Packet.Datagram(Beyond4, 50_003, Address4('a'), 40_003, [0, 3], node.NextId()), Inject));
        Assert.Equal(before + 1, node.Counted("denied_ingress"));
    }
}

/// <summary>The same of pods that the node routes to.</summary>
public sealed class RoutedConntrackStateTests() : ConntrackStateTests(bridged: false);

/// <summary>The same of pods that are ports of a bridge.</summary>
public sealed class BridgedConntrackStateTests() : ConntrackStateTests(bridged: true);

using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>What a pod may claim to be, by packets no ordinary socket would send.</summary>
public abstract class AntiSpoofTests(bool bridged)
{
    private const byte RouterSolicitation = 133;
    private const byte RouterAdvertisement = 134;
    private const byte NeighbourSolicitation = 135;
    private const byte NeighbourAdvertisement = 136;
    private const byte Redirect = 137;
    private static readonly Address LinkLocal = Address.Parse("fe80::d00f:d00f");
    private static readonly Address AllNodes = Address.Parse("ff02::1");

    /// <summary>
    /// Another pod's, the node's, an outside, a loopback address: to a pod that nothing isolates, and to the node.
    /// </summary>
    [Theory]
    [InlineData("10.244.1.4")]
    [InlineData("192.168.50.1")]
    [InlineData("203.0.113.9")]
    [InlineData("127.0.0.1")]
    [InlineData("fd00:10:244:1::4")]
    [InlineData("fd00:50::1")]
    [InlineData("2001:db8::9")]
    public void A_source_that_is_not_the_pods_own_goes_nowhere(string source)
    {
        using var node = new OneNode(bridged, []);
        var from = Address.Parse(source);
        var v4 = from.Family == AddressFamily.V4;
        var (own, open, self) = v4 ? (Address4('a'), Address4('b'), Node4) : (Address6('a'), Address6('b'), Node6);
        Assert.True(node.Arrives(node.B, node.Open(own, open), node.A.Send), "its own source passes");
        Assert.True(node.ArrivesAtNode(node.Open(own, self), node.A.Send), "its own source passes");
        foreach (var protocol in (Protocol[])[Protocol.Tcp, Protocol.Udp, Protocol.Sctp, Protocol.Other])
        {
            node.Stops(
                "spoofed", node.Open(from, open, protocol: protocol), node.A.Send,
                (p, s) => node.Arrives(node.B, p, s));
            node.Stops("spoofed", node.Open(from, self, protocol: protocol), node.A.Send, node.ArrivesAtNode);
        }
    }

    /// <summary>The kernel throws this one away before any hook (ip6_rcv).</summary>
    [Fact]
    public void The_IPv6_loopback_address_goes_nowhere()
    {
        using var node = new OneNode(bridged, []);
        var loopback = Address.Parse("::1");
        Assert.False(node.Arrives(node.B, node.Open(loopback, Address6('b')), node.A.Send));
        Assert.False(node.ArrivesAtNode(node.Open(loopback, Node6), node.A.Send));
    }

    /// <summary>
    /// With gates alone, fib saddr type local would let this through a closed gate: the measured hole.
    /// </summary>
    [Fact]
    public void A_closed_gate_does_not_open_for_a_pod_that_claims_to_be_the_node()
    {
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress)]);
        Assert.True(
            node.Arrives(node.B, node.Open(Node4, Address4('b')), p => node.Node.Send(p)), "the node itself passes");
        Assert.True(
            node.Arrives(node.B, node.Open(Node6, Address6('b')), p => node.Node.Send(p)), "the node itself passes");
        node.Stops("spoofed", node.Open(Node4, Address4('b')), node.A.Send, (p, s) => node.Arrives(node.B, p, s));
        node.Stops("spoofed", node.Open(Node6, Address6('b')), node.A.Send, (p, s) => node.Arrives(node.B, p, s));
    }

    /// <summary>The chain runs before conntrack: a forged reset does not close another pod's connection.</summary>
    [Fact]
    public void A_forged_packet_does_not_move_the_state_of_anothers_connection()
    {
        const byte syn = 0x02;
        const byte reset = 0x04;
        using var node = new OneNode(bridged, []);
        node.Node.Namespace.SetSysctl("net.netfilter.nf_conntrack_tcp_timeout_syn_sent", "60");
        var first = node.NextId();
        var opening = Packet.TcpFlags(Address4('a'), 4711, Address4('b'), 80, syn, first);
        Assert.True(node.Arrives(node.B, opening, node.A.Send));
        Assert.Contains("SYN_SENT", Connection(node));
        // In the window: behind the SYN and its 8 bytes.
        var forged = Packet.TcpFlags(Address4('a'), 4711, Address4('b'), 80, reset, first + 9);
        node.Stops("spoofed", forged, node.C.Send, (p, s) => node.Arrives(node.B, p, s));
        Assert.Contains("SYN_SENT", Connection(node));
        Assert.True(node.Arrives(node.B, forged, node.A.Send), "its own reset passes");
        Assert.Equal("gone", Connection(node));

        static string Connection(OneNode node) => node.Node.Namespace
            .Run(() => File.ReadAllLines("/proc/thread-self/net/nf_conntrack"))
            .FirstOrDefault(line => line.Contains("sport=4711", StringComparison.Ordinal)) ?? "gone";
    }

    [Fact]
    public void A_link_local_source_reaches_the_node_and_nothing_beyond()
    {
        using var node = new OneNode(bridged, []);
        Assert.True(node.ArrivesAtNode(node.Open(LinkLocal, Node6, protocol: Protocol.Udp), node.A.Send));
        Assert.False(node.Arrives(node.B, node.Open(LinkLocal, Address6('b'), protocol: Protocol.Udp), node.A.Send));
        Assert.False(node.Leaves(node.Open(LinkLocal, Beyond6, protocol: Protocol.Udp), node.A.Send));
    }

    [Theory]
    [InlineData(RouterAdvertisement)]
    [InlineData(Redirect)]
    public void Router_advertisements_and_redirects_from_pods_are_dropped(byte type)
    {
        using var node = new OneNode(bridged, []);
        foreach (var from in (Address[])[LinkLocal, Address6('a')])
            node.Stops("rogue_ra", Discovery(node, type, from, AllNodes), node.A.Send, node.ArrivesAtNode);
        node.Occupy();
        // Of an unclaimed port of a bridge nothing passes, whatever it is.
        node.Stops(
            bridged ? "no_gate" : "rogue_ra", Discovery(node, type, LinkLocal, AllNodes), node.Stranger.Send,
            node.ArrivesAtNode);
    }

    [Fact]
    public void Neighbour_discovery_passes_on_the_link_only()
    {
        using var node = new OneNode(bridged, []);
        foreach (var type in (byte[])[NeighbourSolicitation, NeighbourAdvertisement])
        {
            Assert.True(
                node.ArrivesAtNode(Discovery(node, type, LinkLocal, AllNodes), node.A.Send), $"type {type} passes");
            Assert.True(
                node.ArrivesAtNode(Discovery(node, type, Address6('a'), Node6), node.A.Send), $"type {type} passes");
            node.Stops(
                "rogue_nd", Discovery(node, type, LinkLocal, AllNodes, hopLimit: 254), node.A.Send, node.ArrivesAtNode);
            node.Stops(
                "rogue_nd", Discovery(node, type, Address6('a'), Node6, hopLimit: 64), node.A.Send, node.ArrivesAtNode);
            node.Stops("spoofed", Discovery(node, type, Address6('b'), Node6), node.A.Send, node.ArrivesAtNode);
        }

        node.Stops(
            "rogue_nd", Discovery(node, RouterSolicitation, LinkLocal, AllNodes, 1), node.A.Send, node.ArrivesAtNode);
    }

    [Fact]
    public void Duplicate_address_detection_passes_without_a_source()
    {
        using var node = new OneNode(bridged, []);
        var nowhere = Address.Parse("::");
        Assert.True(node.ArrivesAtNode(Discovery(node, NeighbourSolicitation, nowhere, AllNodes), node.A.Send));
        node.Stops(
            "spoofed", Discovery(node, NeighbourAdvertisement, nowhere, AllNodes), node.A.Send, node.ArrivesAtNode);
    }

    /// <summary>Its target is its sender.</summary>
    private static byte[] Discovery(OneNode node, byte type, Address from, Address to, byte hopLimit = 255) =>
        Packet.Icmpv6(from, to, type, hopLimit, [0, 0, 0, 0, .. from.ToBytes()], node.NextId());
}

/// <summary>The same of pods that the node routes to.</summary>
public sealed class RoutedAntiSpoofTests() : AntiSpoofTests(bridged: false);

/// <summary>The same of pods that are ports of a bridge.</summary>
public sealed class BridgedAntiSpoofTests() : AntiSpoofTests(bridged: true);

using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>What only a bridge's ports can do: frames that no routed link carries on.</summary>
public sealed class BridgePortTests
{
    private const byte NeighbourSolicitation = 135;
    private const byte NeighbourAdvertisement = 136;
    private static readonly Address LinkLocal = Address.Parse("fe80::d00f:d00f");
    private static readonly byte[] Broadcast = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    /// <summary>A request and an answer; who is believed is who the frame says it is from.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_port_speaks_ARP_for_its_own_address_only(byte operation)
    {
        using var node = new OneNode(bridged: true, []);
        node.Occupy();
        Assert.True(Came(Address4('a'), node.A), "its own");
        Assert.True(Came(Address.Parse("0.0.0.0"), node.A), "a probe");
        foreach (var others in (Address[])[Address4('b'), Node4, Beyond4])
            Assert.False(Came(others, node.A), $"{others} from a");
        Assert.True(Came(Address4('d'), node.Stranger), "an unclaimed port finds its node");
        foreach (var others in (Address[])[Address4('b'), Node4])
            Assert.False(Came(others, node.Stranger), $"{others} from an unclaimed port");

        bool Came(Address sender, PodPlace from)
        {
            var frame = Arp(operation, from.Mac, sender, Address4('c'));
            return Comes(node, node.C, from, frame, came => came[12] == 8 && came[13] == 6
                && came.AsSpan(28, 4).SequenceEqual(sender.ToBytes()));
        }
    }

    [Fact]
    public void A_port_advertises_its_own_addresses_only()
    {
        using var node = new OneNode(bridged: true, []);
        node.Occupy();
        Assert.True(Came(Address6('a'), node.A), "its own");
        Assert.True(Came(LinkLocal, node.A), "one of the link that nobody has");
        var gateway = LinkLocalOf(node, NodePlace.Bridge);
        foreach (var others in (Address[])[Address6('b'), Node6, Beyond6, gateway])
            Assert.False(Came(others, node.A), $"{others} from a");
        foreach (var others in (Address[])[Address6('b'), gateway])
            Assert.False(Came(others, node.Stranger, Address6('d')), $"{others} from an unclaimed port");
        Assert.False(Came(Address6('a'), node.A, Address6('b')), "its own, as somebody else");

        bool Came(Address target, PodPlace from, Address? source = null) => node.Arrives(
            node.C,
            Packet.Icmpv6(
                source ?? Address6('a'), Address6('c'), NeighbourAdvertisement, 255,
                [0x20, 0, 0, 0, .. target.ToBytes()], node.NextId()),
            from.Send);
    }

    /// <summary>The bridge would learn that the other pod is behind this port, and send what is for it here.</summary>
    [Fact]
    public void A_port_does_not_take_anothers_hardware_address()
    {
        using var node = new OneNode(bridged: true, []);
        node.Occupy();
        foreach (var thief in (PodPlace[])[node.A, node.Stranger])
        {
            var own = thief == node.A ? Address4('a') : Address4('d');
            var frame = Packet.Frame(node.C.Mac, node.B.Mac, node.Open(own, Address4('c')));
            var before = node.Counted("spoofed") + node.Counted("no_gate");
            thief.Frames.SendFrame(frame);
            Assert.True(node.Counted("spoofed") + node.Counted("no_gate") > before, "it was stopped");
            Assert.True(
                node.Arrives(node.B, node.Open(Address4('c'), Address4('b')), node.C.Send), "b is where it was");
        }
    }

    /// <summary>A VLAN's frame, and one of a type of its own: no IP hook sees what is inside.</summary>
    [Fact]
    public void Frames_that_are_neither_IP_nor_ARP_are_dropped()
    {
        using var node = new OneNode(bridged: true, [Isolate('b', Direction.Ingress)]);
        foreach (var type in (byte[][])[[0x81, 0x00, 0x00, 0x05, 0x08, 0x00], [0x88, 0xb5]])
        {
            var id = node.NextId();
            var packet = Packet.Opening(Protocol.Udp, Address4('a'), 1, Address4('b'), 80, id);
            byte[] frame = [.. node.B.Mac, .. node.A.Mac, .. type, .. packet];
            var before = node.Counted("frames");
            Assert.False(Comes(node, node.B, node.A, frame, came => Packet.IdIn(came) == id), "it came");
            Assert.Equal(before + 1, node.Counted("frames"));
        }
    }

    /// <summary>
    /// What goes to many reaches pods whose gates it does not meet, for it is not addressed to them; routed, it ends at
    /// the node.
    /// </summary>
    [Theory]
    [InlineData("255.255.255.255")]
    [InlineData("10.244.1.255")]
    [InlineData("224.0.0.251")]
    [InlineData("ff02::1")]
    [InlineData("ff02::fb")]
    public void What_goes_to_many_reaches_no_other_port(string many)
    {
        using var node = new OneNode(bridged: true, []);
        var to = Address.Parse(many);
        foreach (var from in (Address[])(to.Family == AddressFamily.V4 ? [Address4('a')] : [Address6('a'), LinkLocal]))
        {
            var packet = node.Open(from, to, 5353, Protocol.Udp);
            var frame = Packet.Frame(Broadcast, node.A.Mac, packet);
            Assert.False(node.Arrives(node.B, packet, _ => node.A.Frames.SendFrame(frame)));
        }
    }

    /// <summary>Policies know no addresses of the link: between ports only what finds neighbours bears them.</summary>
    [Fact]
    public void Pods_do_not_reach_each_other_by_addresses_of_the_link()
    {
        using var node = new OneNode(bridged: true, []);
        var (a, b) = (LinkLocalOf(node, node.A), LinkLocalOf(node, node.B));
        foreach (var (from, to) in new[] { (a, b), (Address6('a'), b), (a, Address6('b')) })
        {
            foreach (var protocol in (Protocol[])[Protocol.Tcp, Protocol.Udp, Protocol.Sctp, Protocol.Other])
            {
                var packet = node.Open(from, to, protocol: protocol);
                var frame = Packet.Frame(node.B.Mac, node.A.Mac, packet);
                Assert.False(node.Arrives(node.B, packet, _ => node.A.Frames.SendFrame(frame)), $"{from} to {to}");
            }
        }

        var question = Packet.Icmpv6(
            a, b, NeighbourSolicitation, 255, [0, 0, 0, 0, .. b.ToBytes()], node.NextId());
        Assert.True(node.Arrives(
            node.B, question, packet => node.A.Frames.SendFrame(Packet.Frame(node.B.Mac, node.A.Mac, packet))));
    }

    /// <summary>A bridge sends everywhere what it does not know the place of.</summary>
    [Fact]
    public void What_is_flooded_reaches_its_destination_only()
    {
        using var node = new OneNode(bridged: true, []);
        byte[] nobody = [0x02, 0, 0, 0, 0, 0x77];
        var packet = node.Open(Address4('a'), Address4('b'));
        var frame = Packet.Frame(nobody, node.A.Mac, packet);
        Assert.False(node.Arrives(node.C, packet, _ => node.A.Frames.SendFrame(frame)), "it reached another");
        Assert.True(node.Arrives(node.B, packet, _ => node.A.Frames.SendFrame(frame)), "it reached nobody");
    }

    /// <summary>A pod that may administer its network can claim anything: then the address is nobody's.</summary>
    [Fact]
    public void An_address_that_two_ports_claim_belongs_to_neither()
    {
        using var node = new OneNode(bridged: true, []);
        node.C.Namespace.Run(() =>
        {
            using var routing = new RtSocket();
            routing.AddAddress("eth0", Address4('b').ToIp(), 32);
        });
        node.Apply([]);
        foreach (var place in (PodPlace[])[node.B, node.C])
            Assert.False(node.Arrives(node.A, node.Open(Address4('b'), Address4('a')), place.Send));
        Assert.True(node.Arrives(node.A, node.Open(Address4('c'), Address4('a')), node.C.Send), "c is still itself");
        Assert.True(node.Arrives(node.A, node.Open(Address6('b'), Address6('a')), node.B.Send), "b by its other");
    }

    /// <summary>
    /// A port that leads to other machines: what comes by it is judged by its addresses, but is neither the node nor
    /// one of its pods.
    /// </summary>
    [Fact]
    public void A_port_that_leads_out_does_not_speak_for_pods_or_the_node()
    {
        using var node = new OneNode(bridged: true, [Isolate('b', Direction.Ingress)]);
        var settings = new Palisade.Dataplane.Network.NodeSettings { Uplinks = [node.Stranger.Link] };
        var cluster = Cluster([Isolate('b', Direction.Ingress)]);
        node.World.Enforce(Palisade.Policy.Compile.PolicyCompiler.Compile(cluster), "n1", settings);
        foreach (var from in (Address[])[Node4, Address4('a'), Node6, Address6('a')])
        {
            var to = from.Family == AddressFamily.V4 ? Address4('b') : Address6('b');
            node.Stops("spoofed", node.Open(from, to), node.Stranger.Send, (p, s) => node.Arrives(node.B, p, s));
        }

        Assert.False(node.Arrives(node.B, node.Open(Beyond4, Address4('b')), node.Stranger.Send), "b is isolated");
        Assert.True(node.Arrives(node.C, node.Open(Beyond4, Address4('c')), node.Stranger.Send), "c is not");
        Assert.True(
            Comes(node, node.Stranger, node.A, Packet.Frame(Broadcast, node.A.Mac,
                node.Open(Address4('a'), Beyond4)), came => came[12] == 8), "and it hears them");
    }

    private static bool Comes(OneNode node, PodPlace at, PodPlace from, byte[] frame, Predicate<byte[]> isIt)
    {
        var buffer = new byte[4096];
        while (at.Frames.Receive(buffer) >= 0)
        {
            // What came before.
        }

        from.Frames.SendFrame(frame);
        for (var look = 0; look < 2; look++)
        {
            int length;
            while ((length = at.Frames.Receive(buffer)) >= 0)
            {
                if (length >= 42 && isIt(buffer[..length]))
                    return true;
            }

            Thread.Sleep(5);   // a softirq that was put off
        }

        return false;
    }

    /// <summary>Hardware 1, protocol 0x0800, lengths 6 and 4, operation; sender and target.</summary>
    private static byte[] Arp(byte operation, byte[] mac, Address sender, Address target) =>
    [
        .. Broadcast, .. mac, 8, 6, 0, 1, 8, 0, 6, 4, 0, operation, .. mac, .. sender.ToBytes(), 0, 0, 0, 0, 0, 0,
        .. target.ToBytes(), .. new byte[18],
    ];

    private static Address LinkLocalOf(OneNode node, string device) => LinkLocalIn(node.Node.Routing, device);

    private static Address LinkLocalOf(OneNode node, PodPlace pod) => pod.Namespace.Run(() =>
    {
        using var routing = new RtSocket();
        return LinkLocalIn(routing, "eth0");
    });

    private static Address LinkLocalIn(RtSocket routing, string device)
    {
        var index = routing.IndexOf(device);
        var found = routing.Addresses().First(a => a.LinkIndex == index && a.Address.IsIPv6LinkLocal);
        return Address.FromBytes(found.Address.GetAddressBytes());
    }
}

using System.Buffers.Binary;
using System.Diagnostics;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>
/// A pod always reaches its own node, and a node's tunnels unwrap what reaches them: a pod must not speak to them, or
/// the packet inside comes out of the tunnel as from anybody.
/// </summary>
public sealed class TunnelTests
{
    [Fact]
    public void A_packet_in_a_pods_packet_does_not_come_out_of_the_nodes_tunnel()
    {
        using var node = new OneNode();
        Link(node, "add", "vx9", "type", "vxlan", "id", "7", "dstport", "4789", "local", $"{Node4}", "nolearning");
        Link(node, "set", "vx9", "address", "02:00:00:00:00:09", "up");
        var fromC = new PolicyRule([new PodPeer(null, Pod('c'))], []);
        node.Apply([Isolate('b', Direction.Ingress, fromC), Isolate('a', Direction.Egress)]);

        var direct = node.Open(Address4('a'), Address4('b'));
        Assert.False(node.Arrives(node.B, direct, node.A.Send), "a may not speak, and b may hear c only");
        foreach (var source in (Address[])[Address4('c'), Address.Parse("10.244.2.2")])
        {
            var frame = Packet.Frame([2, 0, 0, 0, 0, 9], [2, 0, 0, 0, 0, 8], node.Open(source, Address4('b')));
            var before = node.Counted("tunnelled");
            Assert.False(node.Arrives(node.B, Vxlan(frame, 4789), node.A.Send), $"{source} in VXLAN");
            Assert.Equal(before + 1, node.Counted("tunnelled"));
        }
    }

    /// <summary>IPIP, SIT, GRE; Geneve and the ports of VXLAN. What is no tunnel reaches the node as ever.</summary>
    [Fact]
    public void No_kind_of_tunnel_is_reached_from_a_pod_and_all_else_is()
    {
        using var node = new OneNode();
        foreach (var protocol in (int[])[4, 41, 47])
        {
            var wrapped = Packet.Ip(Address4('a'), Node4, protocol, node.Open(Address4('c'), Address4('b')));
            node.Stops("tunnelled", wrapped, node.A.Send, node.ArrivesAtNode);
        }

        foreach (var port in (ushort[])[4789, 6081, 8472])
        {
            node.Stops(
                "tunnelled", node.Open(Address4('a'), Node4, port, Protocol.Udp), node.A.Send, node.ArrivesAtNode);
            node.Stops(
                "tunnelled", node.Open(Address6('a'), Node6, port, Protocol.Udp), node.A.Send, node.ArrivesAtNode);
            Assert.True(node.ArrivesAtNode(node.Open(Address4('a'), Node4, port), node.A.Send), $"TCP {port}");
            Assert.True(
                node.Arrives(node.B, node.Open(Address4('a'), Address4('b'), port, Protocol.Udp), node.A.Send),
                $"pod to pod UDP {port}");
        }

        Assert.True(node.ArrivesAtNode(node.Open(Address4('a'), Node4, 53, Protocol.Udp), node.A.Send), "UDP 53");
        Assert.True(node.ArrivesAtNode(node.Open(Address4('a'), Node4, 0, Protocol.Other), node.A.Send), "ICMP");
    }

    /// <summary>UDP with VXLAN's header (RFC 7348) of network 7; no checksum, as the RFC would have it.</summary>
    private static byte[] Vxlan(byte[] frame, ushort port)
    {
        var message = new byte[16 + frame.Length];
        BinaryPrimitives.WriteUInt16BigEndian(message, 40000);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), port);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), (ushort)message.Length);
        message[8] = 8;    // the network's number is given
        message[14] = 7;
        frame.CopyTo(message, 16);
        return Packet.Ip(Address4('a'), Node4, Packet.Udp, message);
    }

    private static void Link(OneNode node, params string[] arguments)
    {
        if (!File.Exists("/usr/sbin/ip"))
            Assert.Skip("NO ip HERE: apt-get install iproute2; it makes the tunnels of this test");
        var start = new ProcessStartInfo("/usr/sbin/ip", ["link", .. arguments]) { RedirectStandardError = true };
        using var process = node.Node.Namespace.Start(start);
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (errors.Contains("Unknown device type", StringComparison.Ordinal))
            Assert.Skip($"THIS KERNEL HAS NO SUCH TUNNEL: ip link {string.Join(' ', arguments)}: {errors}");
        Assert.True(process.ExitCode == 0, $"ip link {string.Join(' ', arguments)}: {errors}");
    }
}

using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>
/// Who passes closed gates: a pod to itself, and a pod's own node; and how foreign NAT tables stand beside ours.
/// </summary>
public abstract class ExemptionTests(bool bridged)
{
    private static readonly Address Service4 = Address.Parse("10.96.0.10");
    private static readonly Address Service6 = Address.Parse("fd00:96::10");

    /// <summary>
    /// What a service proxy does: port 8080 of the service is port 80 of pod b; a pod that reaches itself is
    /// masqueraded.
    /// </summary>
    private const string Proxy = """
        table inet proxy {
          chain pre { type nat hook prerouting priority dstnat;
            ip daddr 10.96.0.10 tcp dport 8080 dnat ip to 10.244.1.3:80
            ip6 daddr fd00:96::10 tcp dport 8080 dnat ip6 to [fd00:10:244:1::3]:80; }
          chain out { type nat hook output priority -100;
            ip daddr 10.96.0.10 tcp dport 8080 dnat ip to 10.244.1.3:80
            ip6 daddr fd00:96::10 tcp dport 8080 dnat ip6 to [fd00:10:244:1::3]:80; }
          chain post { type nat hook postrouting priority srcnat;
            ip saddr 10.244.1.3 ip daddr 10.244.1.3 masquerade
            ip6 saddr fd00:10:244:1::3 ip6 daddr fd00:10:244:1::3 masquerade
            ip saddr 10.244.1.2 masquerade
            ip6 saddr fd00:10:244:1::2 masquerade; }
        }
        """;

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void The_pods_own_node_passes_whatever_policies_say_and_another_node_does_not(int family)
    {
        var node4 = new BlockPeer(Cidr.Parse("0.0.0.0/0"), [Cidr.Parse("192.168.0.0/16")]);
        var node6 = new BlockPeer(Cidr.Parse("::/0"), [Cidr.Parse("fd00:50::/64")]);
        var rule = new PolicyRule([node4, node6], []);
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress, rule), Isolate('b', Direction.Egress)]);
        var (b, self, other) = family == 4
            ? (Address4('b'), Node4, Address.Parse("192.168.50.2"))
            : (Address6('b'), Node6, Address.Parse("fd00:50::2"));
        foreach (var protocol in (Protocol[])[Protocol.Tcp, Protocol.Udp, Protocol.Sctp, Protocol.Other])
        {
            Assert.True(node.Arrives(node.B, node.Open(self, b, protocol: protocol), p => node.Node.Send(p)),
                $"{protocol} to b");
            Assert.True(node.ArrivesAtNode(node.Open(b, self, protocol: protocol), node.B.Send), $"{protocol} from b");
            void Inject(byte[] packet) => node.World.Fabric.Inject(node.Node, packet);
            node.Stops(
                "denied_ingress", node.Open(other, b, protocol: protocol), Inject,
                (p, s) => node.Arrives(node.B, p, s));
            node.Stops("denied_egress", node.Open(b, other, protocol: protocol), node.B.Send, node.Leaves);
        }
    }

    /// <summary>From outside nobody is the node: the exemption is for packets that the node's own stack made.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void A_packet_from_the_uplink_that_claims_to_be_the_node_is_judged(int family)
    {
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress)]);
        var packet = family == 4 ? node.Open(Node4, Address4('b')) : node.Open(Node6, Address6('b'));
        Assert.False(node.Arrives(node.B, packet, p => node.World.Fabric.Inject(node.Node, p)));
        var self = family == 4 ? node.Open(Address4('b'), Address4('b')) : node.Open(Address6('b'), Address6('b'));
        Assert.False(
            node.Arrives(node.B, self, p => node.World.Fabric.Inject(node.Node, p)), "nor is it the pod itself");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void A_pod_reaches_itself_through_a_service_with_both_gates_closed(int family)
    {
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress), Isolate('b', Direction.Egress)]);
        node.Foreign(Proxy);
        var (a, b, service) = family == 4
            ? (Address4('a'), Address4('b'), Service4) : (Address6('a'), Address6('b'), Service6);
        Assert.True(node.Arrives(node.B, node.Open(b, service, 8080), node.B.Send));
        Assert.False(node.Arrives(node.B, node.Open(a, service, 8080), node.A.Send), "others do not");
    }

    /// <summary>
    /// Rules see pods and target ports, never the service's; a masquerade after the gates hides nobody from them.
    /// </summary>
    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Gates_judge_after_the_service_and_before_masquerade(int family)
    {
        var fromA = new PodPeer(null, Pod('a'));
        var toB = new PodPeer(null, Pod('b'));
        var (target, front) = (PolicyPort.Range(Protocol.Tcp, 80, 80), PolicyPort.Range(Protocol.Tcp, 8080, 8080));
        using var node = new OneNode(bridged, []);
        node.Foreign(Proxy);
        var (a, c, service) = family == 4
            ? (Address4('a'), Address4('c'), Service4) : (Address6('a'), Address6('c'), Service6);
        bool Reaches(PodPlace from, Address source) =>
            node.Arrives(node.B, node.Open(source, service, 8080), from.Send);
        Assert.True(Reaches(node.A, a));

        node.Apply([Isolate('b', Direction.Ingress, new PolicyRule([fromA], [target]))]);
        Assert.True(Reaches(node.A, a), "a's own address and the target port are allowed");
        Assert.False(Reaches(node.C, c), "c is not a");
        node.Apply([Isolate('b', Direction.Ingress, new PolicyRule([fromA], [front]))]);
        Assert.False(Reaches(node.A, a), "the service's port is nobody's port");

        node.Apply([Isolate('a', Direction.Egress, new PolicyRule([toB], [target]))]);
        Assert.True(Reaches(node.A, a), "egress sees the pod behind the service");
        node.Apply([Isolate('a', Direction.Egress, new PolicyRule([toB], [front]))]);
        Assert.False(Reaches(node.A, a), "egress never sees the service's port");

        node.Apply([Isolate('a', Direction.Egress, new PolicyRule([toB], [target])), Isolate('b', Direction.Ingress)]);
        Assert.False(Reaches(node.A, a), "what egress allows ingress still judges");
    }

    /// <summary>The node's own clients of a service stay the node, DNAT or not.</summary>
    [Fact]
    public void The_node_reaches_a_closed_pod_through_a_service()
    {
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress)]);
        node.Foreign(Proxy);
        Assert.True(node.Arrives(node.B, node.Open(Node4, Service4, 8080), p => node.Node.Send(p)));
    }

    /// <summary>
    /// The kernel hands its own neighbour messages to postrouting with an input interface and untracked: by their looks
    /// they might be forwarded. A pod whose node never answers is cut off.
    /// </summary>
    [Fact]
    public void The_nodes_neighbour_advertisements_pass_a_closed_gate()
    {
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress), Isolate('b', Direction.Egress)]);
        var index = node.Node.Routing.IndexOf(node.B.Device);
        var own = node.Node.Routing.Addresses().Single(a => a.LinkIndex == index && a.Address.IsIPv6LinkLocal);
        var target = Address.FromBytes(own.Address.GetAddressBytes());
        byte[] solicitation = [0, 0, 0, 0, .. target.ToBytes(), 1, 1, .. node.B.Mac];
        var buffer = new byte[4096];
        while (node.B.Frames.Receive(buffer) >= 0) { }
        node.B.Send(Packet.Ip(Address6('b'), target, Packet.Icmp6, [135, 0, 0, 0, .. solicitation], hopLimit: 255));
        Thread.Sleep(20);
        var answered = false;
        int length;
        while ((length = node.B.Frames.Receive(buffer)) >= 0)
            answered |= length > 54 && buffer[20] == Packet.Icmp6 && buffer[54] == 136 && buffer[21] == 255;
        Assert.True(answered, "no advertisement came");
    }

    /// <summary>Nothing comes back to who is denied: no reset, no ICMP error.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void A_denied_connection_is_met_with_silence(int family)
    {
        using var node = new OneNode(bridged, [Isolate('b', Direction.Ingress), Isolate('c', Direction.Egress)]);
        var buffer = new byte[4096];
        foreach (var (from, source, to) in new[] { (node.A, 'a', 'b'), (node.C, 'c', 'a') })
        {
            foreach (var protocol in (Protocol[])[Protocol.Tcp, Protocol.Udp, Protocol.Sctp, Protocol.Other])
            {
                while (from.Frames.Receive(buffer) >= 0) { }
                var (here, there) = family == 4 ? (Address4(source), Address4(to)) : (Address6(source), Address6(to));
                from.Send(node.Open(here, there, protocol: protocol));
                Thread.Sleep(5);
                int length;
                while ((length = from.Frames.Receive(buffer)) >= 0)
                    Assert.False(IsAnswer(buffer.AsSpan(0, length), there),
                        $"{protocol}: {Convert.ToHexString(buffer, 0, length)}");
            }
        }
    }

    /// <summary>An IP packet that is no neighbour discovery: whoever sent it, it answers what was denied.</summary>
    private static bool IsAnswer(ReadOnlySpan<byte> frame, Address there)
    {
        var v6 = there.Family == AddressFamily.V6;
        if (frame.Length < 34 || (frame[12] << 8 | frame[13]) != (v6 ? 0x86dd : 0x0800))
            return false;
        // 0: the hop-by-hop header of multicast listener reports.
        var discovery = v6 && frame[20] is Packet.Icmp6 or 0;
        return !discovery || frame[54] is 1 or 2 or 3 or 4;      // ICMPv6 errors
    }
}

/// <summary>The same of pods that the node routes to.</summary>
public sealed class RoutedExemptionTests() : ExemptionTests(bridged: false);

/// <summary>The same of pods that are ports of a bridge.</summary>
public sealed class BridgedExemptionTests() : ExemptionTests(bridged: true);

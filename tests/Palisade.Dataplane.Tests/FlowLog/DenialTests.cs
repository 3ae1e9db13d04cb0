using Palisade.Dataplane.Cut;
using Palisade.Dataplane.FlowLog;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;
using Tiers = Palisade.Dataplane.Tests.World.Tiers;

namespace Palisade.Dataplane.Tests.FlowLog;

/// <summary>Each reason for which a packet ends, by real packets: one record, with the right pods and rule.</summary>
public sealed class DenialTests
{
    private static readonly PolicyRule FromC = new(
        [new PodPeer(null, Pod('c'))], [PolicyPort.Range(Protocol.Tcp, 80, 80)]);

    public static TheoryData<int, string> Kinds { get; } = new(
        new[] { 4, 6 }.SelectMany(family =>
            new[] { "TCP", "UDP", "SCTP", "ICMP" }.Select(protocol => (family, protocol))));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void No_rule_lets_it_in(int family, string protocol)
    {
        using var node = new HeardNode(Cluster([Isolate('b', Direction.Ingress, FromC)]));
        var record = node.Denied(
            node.Node.Open(Of('a', family), Of('b', family), 443, ProtocolOf(protocol)), node.Node.A.Send);
        AssertPods(record, "x/a", "x/b", family);
        Assert.Equal((Direction.Ingress, "NoRuleMatches", true), (record.Direction, record.Reason, record.Dropped));
        Assert.Equal("ingress-b", Assert.Single(record.Side!.IsolatedBy).Name);
        var miss = Assert.Single(record.Side.NearMisses);
        Assert.Equal(("ingress-b", 0), (miss.Policy.Name, miss.Rule));
        Assert.Equal([FailedPart.PodLabels, FailedPart.Port], miss.Failed);
        Assert.Contains("x/a has pod=a", record.Text, StringComparison.Ordinal);
        if (protocol == "ICMP")
            Assert.Equal((family == 4 ? "ICMP" : "ICMPv6", (ushort?)null, family == 4 ? 8 : 128),
                (record.Protocol, record.To!.Port, record.Icmp!.Value.Type));
        else
            Assert.Equal((protocol, (ushort?)443), (record.Protocol, record.To!.Port));
        Assert.Null(record.Stale);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void No_rule_lets_it_out_to_a_pod_or_beyond(int family)
    {
        using var node = new HeardNode(Cluster([Isolate('a', Direction.Egress)]));
        var record = node.Denied(node.Node.Open(Of('a', family), Of('b', family), 80), node.Node.A.Send);
        AssertPods(record, "x/a", "x/b", family);
        Assert.Equal((Direction.Egress, "x/a"), (record.Direction, record.Subject!.ToString()));
        var beyond = family == 4 ? Beyond4 : Beyond6;
        record = node.Denied(node.Node.Open(Of('a', family), beyond, 80), node.Node.A.Send);
        AssertPods(record, "x/a", $"{beyond}", family);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_cluster_policys_rule_denies_by_its_name_or_because_it_is_not_understood(bool odd)
    {
        var rule = Tiers.Deny(Tiers.Peer('a')) with { Name = "no-a", NotUnderstood = odd };
        var policy = Tiers.Admin(7, 'b', Tiers.Accept(Tiers.Peer('c')), rule).ForIngress();
        using var node = new HeardNode(Cluster([]) with { ClusterNetworkPolicies = [policy] });
        foreach (var family in (int[])[4, 6])
        {
            var record = node.Denied(node.Node.Open(Of('a', family), Of('b', family), 80), node.Node.A.Send);
            AssertPods(record, "x/a", "x/b", family);
            Assert.Equal(("Denied", Direction.Ingress, "Admin"), (record.Reason, record.Direction, record.Side!.Tier));
            var by = record.Side.DeniedBy!;
            Assert.Equal(("admin-b-7-in", 1, odd), (by.Policy.Name, by.Rule, by.FailsClosed));
            Assert.Equal("no-a", record.RuleName);
            Assert.Contains("admin-b-7-in ingress[1] (no-a)", record.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Egress_denied_by_a_baseline_policy_names_its_tier()
    {
        var policy = Tiers.Baseline(3, 'a', Tiers.Deny(Tiers.Peer('b')).On(80));
        using var node = new HeardNode(Cluster([]) with { ClusterNetworkPolicies = [policy] });
        var record = node.Denied(node.Node.Open(Address4('a'), Address4('b'), 80), node.Node.A.Send);
        Assert.Equal(("Denied", Direction.Egress, "Baseline"), (record.Reason, record.Direction, record.Side!.Tier));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void A_spoofed_source_is_told_by_the_interface_it_came_from(int family)
    {
        using var node = new HeardNode(Cluster([]));
        var record = node.Denied(node.Node.Open(Of('c', family), Of('b', family), 80), node.Node.A.Send);
        Assert.Equal(("Spoofed", node.Node.A.Link), (record.Reason, record.Interface));
        Assert.Equal((Of('c', family).ToString(), "x/a"), (record.From!.Address, record.From.ToString()));
        Assert.Equal("x/b", record.To!.ToString());
        Assert.Null(record.Side);
    }

    [Fact]
    public void An_interface_without_a_gate_is_named_in_both_directions()
    {
        using var node = new HeardNode(Cluster([]));
        node.Node.Occupy();
        var from = node.Denied(node.Node.Open(Address4('d'), Address4('b')), node.Node.Stranger.Send);
        Assert.Equal(("NoGate", node.Node.Stranger.Link), (from.Reason, from.Interface));
        var to = node.Denied(node.Node.Open(Address6('b'), Address6('d')), node.Node.B.Send);
        Assert.Equal(("NoGate", node.Node.Stranger.Link, "x/b"), (to.Reason, to.Interface, to.From!.ToString()));
    }

    [Theory]
    [InlineData(Direction.Ingress)]
    [InlineData(Direction.Egress)]
    public void What_conntrack_cannot_place_is_invalid_or_untracked_at_a_side(Direction direction)
    {
        var everything = new PolicyRule([], []);
        var subject = direction == Direction.Ingress ? 'b' : 'a';
        using var node = new HeardNode(Cluster([Isolate(subject, direction, everything)]));
        node.Node.Foreign("""
            table inet foreign {
              chain pre { type filter hook prerouting priority -310; udp dport 99 notrack; }
            }
            """);
        const byte Reset = 4;
        var stray = Packet.TcpFlags(Address4('a'), 40_002, Address4('b'), 80, Reset, node.Node.NextId());
        var invalid = node.Denied(stray, node.Node.A.Send);
        Assert.Equal(("Invalid", direction), (invalid.Reason, invalid.Direction));
        AssertPods(invalid, "x/a", "x/b", 4);
        var untracked = node.Denied(
            node.Node.Open(Address4('a'), Address4('b'), 99, Protocol.Udp), node.Node.A.Send);
        Assert.Equal(("Untracked", direction, "UDP"), (untracked.Reason, untracked.Direction, untracked.Protocol));
    }

    [Fact]
    public void Tunnels_and_TCP_without_a_beginning_are_told_as_such()
    {
        using var node = new HeardNode(Cluster([Isolate('b', Direction.Ingress, FromC)]));
        var tunnel = node.Denied(node.Node.Open(Address4('a'), Node4, 4789, Protocol.Udp), node.Node.A.Send);
        Assert.Equal(("Tunnelled", "x/a", "node:n1"), (tunnel.Reason, $"{tunnel.From}", $"{tunnel.To}"));
        const byte Acknowledge = 0x10;
        var middle = Packet.TcpFlags(Address4('c'), 40_009, Address4('b'), 80, Acknowledge, node.Node.NextId());
        var record = node.Denied(middle, node.Node.C.Send);
        Assert.Equal("Midstream", record.Reason);
        AssertPods(record, "x/c", "x/b", 4);
    }

    [Fact]
    public void What_a_cut_connection_still_sends_is_told_as_cut()
    {
        using var node = new HeardNode(Cluster([]));
        var packet = node.Node.Open(Address4('a'), Address4('b'), 80, Protocol.Udp);
        Assert.True(node.Node.Arrives(node.Node.B, packet, node.Node.A.Send));
        var closed = Cluster([Isolate('b', Direction.Ingress)]);
        node.Enforce(closed);
        using var cutting = node.Node.Node.Namespace.Run(
            () => new Cutting("n1", TimeProvider.System, TimeSpan.Zero));
        cutting.Changed(
            PolicyCompiler.Compile(closed), NodeNetwork.Read(node.Node.Node.Routing), EnforcementMode.Enforce,
            CutScope.Everything);
        var record = node.Denied(packet, node.Node.A.Send);
        Assert.Equal(("Cut", null), (record.Reason, record.Direction));
        AssertPods(record, "x/a", "x/b", 4);
    }

    [Theory]
    [InlineData(Direction.Ingress)]
    [InlineData(Direction.Egress)]
    public void Observing_says_what_it_would_deny_and_lets_it_through(Direction direction)
    {
        var subject = direction == Direction.Ingress ? 'b' : 'a';
        var cluster = Cluster([Isolate(subject, direction)]);
        using var node = new HeardNode(cluster);
        node.Enforce(cluster, new NodeSettings { Mode = EnforcementMode.Observe });
        var packet = node.Node.Open(Address4('a'), Address4('b'), 80);
        var record = Assert.Single(node.Heard(
            () => Assert.True(node.Node.Arrives(node.Node.B, packet, node.Node.A.Send)), 1));
        Assert.Equal((false, "NoRuleMatches", direction), (record.Dropped, record.Reason, record.Direction));

        var rule = Tiers.Deny(Tiers.Peer(subject == 'b' ? 'a' : 'b'));
        var policy = Tiers.Admin(7, subject, rule);
        policy = direction == Direction.Ingress ? policy.ForIngress() : policy;
        node.Enforce(cluster with { ClusterNetworkPolicies = [policy] }, new() { Mode = EnforcementMode.Observe });
        packet = node.Node.Open(Address4('a'), Address4('b'), 80);
        record = Assert.Single(node.Heard(
            () => Assert.True(node.Node.Arrives(node.Node.B, packet, node.Node.A.Send)), 1));
        Assert.Equal((false, "Denied", direction), (record.Dropped, record.Reason, record.Direction));
        // Both tables deny it, for other reasons, and it came just behind the change.
        Assert.Contains("was changed at that moment", record.Stale, StringComparison.Ordinal);
    }

    [Fact]
    public void A_packet_sent_again_is_the_same_attempt()
    {
        using var node = new HeardNode(Cluster([Isolate('b', Direction.Ingress)]));
        var packet = node.Node.Open(Address4('a'), Address4('b'), 80);
        Assert.Single(node.Heard(
            () =>
            {
                for (var i = 0; i < 5; i++)
                    node.Node.A.Send(packet);
            },
            1));
    }

    private static Address Of(char pod, int family) => family == 4 ? Address4(pod) : Address6(pod);

    private static Protocol ProtocolOf(string name) => name switch
    {
        "TCP" => Protocol.Tcp,
        "UDP" => Protocol.Udp,
        "SCTP" => Protocol.Sctp,
        _ => Protocol.Other,
    };

    private static void AssertPods(FlowRecord record, string from, string to, int family)
    {
        Assert.Equal((from, to), ($"{record.From}", $"{record.To}"));
        Assert.Equal(family == 6, record.From!.Address.Contains(':'));
        Assert.Equal(("n1", FlowKind.Denied), (record.Node, record.Kind));
    }
}

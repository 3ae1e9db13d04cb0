using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;
using static Palisade.Dataplane.Tests.World.Tiers;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>
/// What NetworkPolicies never deny, ClusterNetworkPolicies do: a pod and its own node, a pod and itself through a
/// service. And addresses that do not say which pod speaks.
/// </summary>
public sealed class TierExemptionTests : IDisposable
{
    private const string Proxy = """
        table inet proxy {
          chain pre { type nat hook prerouting priority dstnat;
            ip daddr 10.96.0.10 tcp dport 8080 dnat ip to 10.244.1.3:80
            ip6 daddr fd00:96::10 tcp dport 8080 dnat ip6 to [fd00:10:244:1::3]:80; }
          chain post { type nat hook postrouting priority srcnat;
            ip saddr 10.244.1.3 ip daddr 10.244.1.3 masquerade
            ip6 saddr fd00:10:244:1::3 ip6 daddr fd00:10:244:1::3 masquerade; }
        }
        """;

    private readonly OneNode _node = new();

    public static TheoryData<int> Families => [4, 6];

    private static NetworkPolicy[] Closed { get; } =
    [
        Isolate('b', Direction.Egress), Isolate('b', Direction.Ingress),
    ];

    [Theory, MemberData(nameof(Families))]
    public void A_pods_own_node_is_a_destination_as_any_other(int family)
    {
        ClusterPeer[] nodes = [Nodes, Networks("192.168.0.0/16", "fd00:50::/64"), Anything];
        foreach (var peer in nodes)
        {
            foreach (var policies in (NetworkPolicy[][])[[], Closed])
            {
                Given(policies, Admin(1, 'b', Deny(peer).On(80)));
                Assert.Equal((false, true, true),
                    (ToNode(family, 80), ToNode(family, 81), ToNode(family, 0, Protocol.Other)));
                Given(policies, Admin(1, 'b', Deny(peer)));
                Assert.Equal((false, false), (ToNode(family, 81), ToNode(family, 0, Protocol.Other)));
                Assert.True(ToNode(family, 80, from: 'a'), "a is not its subject");
                Given(policies, Admin(1, 'b', Pass(peer).On(80)), Admin(2, 'b', Deny(peer)));
                Assert.Equal((true, false), (ToNode(family, 80), ToNode(family, 81)));
            }

            Given([], Baseline(1, 'b', Deny(peer)));
            Assert.False(ToNode(family, 80), "Baseline, without NetworkPolicies");
            Given(Closed, Baseline(1, 'b', Deny(peer)));
            Assert.True(ToNode(family, 80), "where NetworkPolicies isolate, Baseline is not asked");
        }

        Given(Closed, Admin(1, 'b', Deny(Everybody)));
        Assert.True(ToNode(family, 80), "nodes are no pods");
        Given([], Admin(1, 'b', Accept(Nodes).On(80), Deny(Anything)));
        Assert.Equal((true, false), (ToNode(family, 80), ToNode(family, 81)));
    }

    [Theory, MemberData(nameof(Families))]
    public void Answers_to_the_node_and_neighbour_discovery_pass_a_pod_that_may_nothing(int family)
    {
        Given(Closed, Admin(1, 'b', Deny(Anything)));
        var (b, node) = family == 4 ? (Address4('b'), Node4) : (Address6('b'), Node6);
        Assert.True(_node.Arrives(
            _node.B, Packet.TcpFlags(node, 4001, b, 80, 2, _node.NextId()), p => _node.Node.Send(p)));
        Assert.True(_node.ArrivesAtNode(Packet.TcpFlags(b, 80, node, 4001, 18, _node.NextId()), _node.B.Send));
        if (family == 6)
        {
            var id = _node.NextId();
            var asks = Packet.Icmpv6(b, node, 135, 255, [0, 0, 0, 0, .. node.ToBytes()], id);
            Assert.True(_node.ArrivesAtNode(asks, _node.B.Send), "a neighbour solicitation");
        }
    }

    /// <summary>
    /// A link-local source says nothing about the pod; its link does. Otherwise it would pass by what its pod may not.
    /// </summary>
    [Fact]
    public void A_pods_link_local_address_is_the_pod_to_its_node()
    {
        var (from, to) = (Address.Parse("fe80::b"), Node6);
        bool Reaches(PodPlace pod) => _node.ArrivesAtNode(_node.Open(from, to), pod.Send);
        Given([], Admin(1, 'b', Deny(Anything)));
        Assert.Equal((true, false), (Reaches(_node.A), Reaches(_node.B)));
        Given(Closed, Admin(1, 'b', Deny(Nodes).On(80)));
        Assert.Equal((true, false), (Reaches(_node.A), Reaches(_node.B)));
        Given(Closed);
        Assert.True(Reaches(_node.B));
    }

    /// <summary>
    /// Ingress peers are pods; but a rule that is not understood denies everybody, and no tier exempts the node.
    /// </summary>
    [Theory, MemberData(nameof(Families))]
    public void The_node_reaches_its_pods_unless_a_rule_fails_closed(int family)
    {
        var (b, node) = family == 4 ? (Address4('b'), Node4) : (Address6('b'), Node6);
        bool Reaches() => _node.Arrives(_node.B, _node.Open(node, b), p => _node.Node.Send(p));
        var odd = Deny(Everybody) with { NotUnderstood = true };
        foreach (var policies in (NetworkPolicy[][])[[], Closed])
        {
            Given(policies, Admin(1, 'b', Deny(Everybody)).ForIngress());
            Assert.True(Reaches(), "no peer is a node");
            Given(policies, Admin(1, 'b', odd).ForIngress());
            Assert.False(Reaches(), "denied to everybody");
            Given(policies, Admin(1, 'b', odd with { Action = ClusterAction.Accept }).ForIngress());
            Assert.True(Reaches(), "accepts nothing");
        }

        Given([], Baseline(1, 'b', odd).ForIngress());
        Assert.False(Reaches());
        Given(Closed, Baseline(1, 'b', odd).ForIngress());
        Assert.True(Reaches(), "Baseline is not asked");
    }

    [Theory, MemberData(nameof(Families))]
    public void A_pod_that_comes_back_to_itself_through_a_service_is_judged_by_the_tiers_alone(int family)
    {
        _node.Foreign(Proxy);
        var (b, service) = family == 4
            ? (Address4('b'), Address.Parse("10.96.0.10"))
            : (Address6('b'), Address.Parse("fd00:96::10"));
        bool Reaches() => _node.Arrives(_node.B, _node.Open(b, service, 8080), _node.B.Send);
        foreach (var policies in (NetworkPolicy[][])[[], Closed])
        {
            Given(policies);
            Assert.True(Reaches());
            Given(policies, Admin(1, 'b', Deny(Peer('b'))));
            Assert.False(Reaches(), "egress");
            Given(policies, Admin(1, 'b', Deny(Peer('b'))).ForIngress());
            Assert.False(Reaches(), "ingress");
            Given(policies, Admin(1, 'b', Accept(Peer('b')).On(80), Deny(Anything)));
            Assert.True(Reaches(), "egress accepts the target port");
            Given(policies, Admin(1, 'b', Accept(Peer('b')).On(80)), Admin(1, 'b', Deny(Peer('b'))).ForIngress());
            Assert.False(Reaches(), "what egress accepts ingress still judges");
            Given(policies, Admin(1, 'b', Pass(Peer('b'))), Admin(2, 'b', Deny(Anything)));
            Assert.True(Reaches(), "passed");
        }

        Given([], Baseline(1, 'b', Deny(Peer('b'))));
        Assert.False(Reaches());
        Given(Closed, Baseline(1, 'b', Deny(Peer('b'))));
        Assert.True(Reaches(), "Baseline is not asked");
    }

    /// <summary>Another node is an ordinary peer: every tier judges it.</summary>
    [Theory, MemberData(nameof(Families))]
    public void Another_node_is_judged_by_every_tier(int family)
    {
        var (b, other) = family == 4
            ? (Address4('b'), Address.Parse("192.168.50.2"))
            : (Address6('b'), Address.Parse("fd00:50::2"));
        bool Reaches(ushort port) => _node.Leaves(_node.Open(b, other, port), _node.B.Send);
        var two = Cluster([]) with { Nodes = [.. Cluster([]).Nodes, new("n2", LabelsOf("n2"), [other])] };
        _node.Apply(two with { ClusterNetworkPolicies = [Admin(1, 'b', Deny(Nodes).On(80))] });
        Assert.Equal((false, true), (Reaches(80), Reaches(81)));
        _node.Apply(two with
        {
            ClusterNetworkPolicies = [Admin(1, 'b', Accept(Nodes).On(80))],
            NetworkPolicies = [Isolate('b', Direction.Egress)],
        });
        Assert.Equal((true, false), (Reaches(80), Reaches(81)));
    }

    public void Dispose() => _node.Dispose();

    private static LabelSet LabelsOf(string name) => LabelSet.Of([new("name", name)]);

    private void Given(IEnumerable<NetworkPolicy> policies, params ClusterNetworkPolicy[] tiers) =>
        _node.Apply(Cluster(policies) with { ClusterNetworkPolicies = [.. tiers] });

    private bool ToNode(int family, ushort port, Protocol protocol = Protocol.Tcp, char from = 'b')
    {
        var (source, node) = family == 4 ? (Address4(from), Node4) : (Address6(from), Node6);
        return _node.ArrivesAtNode(_node.Open(source, node, port, protocol), _node.Node.Pods[from - 'a'].Send);
    }
}

using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;
using static Palisade.Dataplane.Tests.World.Tiers;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>
/// Two live pods that claim one address ("t" has the addresses of "a"): nobody knows which of them speaks or is spoken
/// to, so it is allowed what both are.
/// </summary>
public sealed class SharedAddressTests : IDisposable
{
    private const byte Reset = 0x04;

    private readonly OneNode _node = new();

    public static TheoryData<int> Families => [4, 6];

    [Theory, MemberData(nameof(Families))]
    public void Ingress_needs_the_gates_of_both(int family)
    {
        Given([Isolate('a', Direction.Ingress, On(80, 81)), Isolate('t', Direction.Ingress, On(81, 82))]);
        Assert.Equal("81", Allowed('b', 'a', family));
        Given([Isolate('t', Direction.Ingress, On(81, 81))]);
        Assert.Equal("81", Allowed('b', 'a', family));
        Given([Isolate('a', Direction.Ingress, On(81, 82))], Admin(1, 't', Accept(Everybody)).ForIngress());
        Assert.Equal("81 82", Allowed('b', 'a', family));
        Given(
            [Isolate('a', Direction.Ingress, On(81, 82)), Isolate('t', Direction.Ingress)],
            Admin(1, 't', Accept(Everybody).On(80, 81), Deny(Everybody)).ForIngress());
        Assert.Equal("81", Allowed('b', 'a', family));
        Given(
            [Isolate('t', Direction.Ingress, On(80, 81))],
            Admin(1, 't', Pass(Everybody).On(81, 83), Deny(Everybody)).ForIngress());
        Assert.Equal("81", Allowed('b', 'a', family));
        Given(
            [],
            Admin(1, 'a', Deny(Peer('b')).On(80)).ForIngress(), Baseline(1, 't', Deny(Everybody).On(82)).ForIngress());
        Assert.Equal("81 83", Allowed('b', 'a', family));
    }

    [Theory, MemberData(nameof(Families))]
    public void Egress_needs_the_gates_of_both_and_then_ingress(int family)
    {
        Given([Isolate('a', Direction.Egress, On(80, 81)), Isolate('t', Direction.Egress, On(81, 82))]);
        Assert.Equal("81", Allowed('a', 'b', family));
        // What Admin accepts for one must not end the judging of the other.
        var accepts = new[] { Admin(1, 'a', Accept(Everybody)), Admin(2, 't', Accept(Everybody)) };
        foreach (var accept in accepts)
        {
            Given([Isolate('a', Direction.Egress), Isolate('t', Direction.Egress)], accept);
            Assert.Equal("", Allowed('a', 'b', family));
        }

        Given([Isolate('a', Direction.Egress), Isolate('t', Direction.Egress, On(82, 83))], accepts[0]);
        Assert.Equal("82 83", Allowed('a', 'b', family));
        NetworkPolicy[] closed =
        [
            Isolate('a', Direction.Egress), Isolate('t', Direction.Egress),
            Isolate('b', Direction.Ingress, On(80, 80)),
        ];
        Given(closed, accepts);
        Assert.Equal("80", Allowed('a', 'b', family));
    }

    [Theory, MemberData(nameof(Families))]
    public void Nor_do_the_tiers_exempt_what_one_of_them_may_not(int family)
    {
        Given([], Admin(1, 'a', Deny(Nodes).On(80)), Admin(1, 't', Deny(Anything).On(81)));
        Assert.Equal((false, false, true), (ToNode(family, 80), ToNode(family, 81), ToNode(family, 82)));
        Given(
            [Isolate('t', Direction.Egress)],
            Admin(1, 'a', Accept(Nodes).On(80, 81)), Admin(1, 't', Accept(Nodes).On(81, 82), Deny(Nodes).On(80)));
        Assert.Equal((false, true, true), (ToNode(family, 80), ToNode(family, 81), ToNode(family, 82)));
    }

    /// <summary>What one of them alone may is not what the address may; what each may by another rule, is.</summary>
    [Theory, MemberData(nameof(Families))]
    public void As_a_peer_the_address_is_allowed_what_each_of_them_is(int family)
    {
        Given([Isolate('b', Direction.Ingress, From('a', 80, 82), From('t', 81, 83))]);
        Assert.Equal("81 82", Allowed('a', 'b', family));
        Assert.Equal("", Allowed('c', 'b', family));
        Given([Isolate('b', Direction.Ingress, From('a', 80, 83))]);
        Assert.Equal("", Allowed('a', 'b', family));
        Given([Isolate('b', Direction.Egress, From('a', 80, 82), From('t', 81, 83))]);
        Assert.Equal("81 82", Allowed('b', 'a', family));
        // The gates of both ends, and then who they are.
        Given(
        [
            Isolate('t', Direction.Egress, On(80, 82)), Isolate('b', Direction.Ingress, From('a', 81, 83), On(82, 83)),
        ]);
        Assert.Equal("82", Allowed('a', 'b', family));
        Given(
        [
            Isolate('b', Direction.Egress, From('a', 80, 81), On(81, 82)), Isolate('a', Direction.Ingress, On(80, 81)),
        ]);
        Assert.Equal("81", Allowed('b', 'a', family));
    }

    /// <summary>A rule that passes one of them on, and one that denies another, must not add up.</summary>
    [Theory, MemberData(nameof(Families))]
    public void As_a_peer_it_is_denied_by_tiers_where_one_of_them_is(int family)
    {
        Given([], Admin(1, 'b', Deny(Peer('t')).On(80)).ForIngress());
        Assert.Equal("81 82 83", Allowed('a', 'b', family));
        Given([], Admin(1, 'b', Accept(Peer('a')).On(80, 81), Deny(Peer('t')).On(81, 82)).ForIngress());
        Assert.Equal("80 83", Allowed('a', 'b', family));
        // Passed on "a" meets NetworkPolicies, which allow "t" alone; "t" is denied before.
        Given(
            [Isolate('b', Direction.Ingress, From('t', 80, 83))],
            Admin(1, 'b', Pass(Peer('a')), Deny(Peer('t')).On(80, 81)).ForIngress());
        Assert.Equal("", Allowed('a', 'b', family));
        Given(
            [Isolate('b', Direction.Ingress, From('a', 81, 83), From('t', 83, 83))],
            Admin(1, 'b', Pass(Peer('a')), Accept(Peer('t')).On(80, 82)).ForIngress());
        Assert.Equal("81 82 83", Allowed('a', 'b', family));
    }

    /// <summary>The other claimant may be a pod of any node; pods of the host's network claim nothing.</summary>
    [Fact]
    public void Claims_come_and_go_as_elements()
    {
        var alone = Cluster([Isolate('b', Direction.Ingress, From('a', 80, 82), From('t', 81, 83))]);
        var elsewhere = Twin(alone) with { Node = "n2" };
        var host = elsewhere with { HostNetwork = true };
        Assert.Equal("80 81 82", With(alone));
        Assert.Equal("81 82", With(alone, elsewhere));
        Assert.Equal("80 81 82", With(alone, host));
        Assert.Equal("80 81 82", With(alone, elsewhere with { Labels = alone.Endpoints[0].Labels }));
        Assert.Equal("", With(alone, elsewhere with { Labels = LabelSet.Empty }));
        Assert.Equal("80 81 82", With(alone));

        string With(ClusterSnapshot cluster, params Endpoint[] more)
        {
            _node.Apply(cluster with { Endpoints = [.. cluster.Endpoints, .. more] });
            return Allowed('a', 'b', 4);
        }
    }

    /// <summary>Through a service the address meets itself, and is subject to cluster policies as each of the pods.
    /// </summary>
    [Theory, MemberData(nameof(Families))]
    public void With_itself_it_is_allowed_what_each_of_them_is_with_each(int family)
    {
        Given([Isolate('a', Direction.Ingress)], Admin(1, 'a', Deny(Peer('t')).On(80)).ForIngress());
        Assert.Equal("81 82 83", Allowed('a', 'a', family));
        Given([], Admin(1, 't', Accept(Peer('a')).On(80, 81), Deny(Peer('t')).On(81)));
        Assert.Equal("80 82 83", Allowed('a', 'a', family));
    }

    /// <summary>What fits no connection, and what is not tracked, is judged as at any closed gate.</summary>
    [Fact]
    public void Packets_of_no_connection_do_not_pass()
    {
        Given([Isolate('b', Direction.Ingress, From('a', 80, 83), From('t', 80, 83))]);
        Assert.Equal("80 81 82 83", Allowed('a', 'b', 4));
        _node.Stops(
            "invalid", Packet.TcpFlags(Address4('a'), 40_002, Address4('b'), 80, Reset, _node.NextId()), _node.A.Send,
            (p, s) => _node.Arrives(_node.B, p, s));
    }

    /// <summary>Linux forwards a link-local source from a link to the same link, and no gate is its own.</summary>
    [Fact]
    public void A_link_local_source_reaches_no_other_pod_of_its_link()
    {
        _node.A.Take(_node.Node.Routing, [Address6('d')], stack: false);
        _node.Apply(Cluster([], "abcd"));
        var (own, linkLocal) = (Address6('a'), Address.Parse("fe80::a"));
        Assert.True(_node.Arrives(_node.A, _node.Open(own, Address6('d')), _node.A.Send));
        _node.Stops(
            "spoofed", _node.Open(linkLocal, Address6('d')), _node.A.Send, (p, s) => _node.Arrives(_node.A, p, s));
    }

    public void Dispose() => _node.Dispose();

    private static PolicyRule From(char pod, ushort first, ushort last) =>
        new([new PodPeer(null, Pod(pod))], [PolicyPort.Range(Protocol.Tcp, first, last)]);

    private static PolicyRule On(ushort first, ushort last) =>
        new([], [PolicyPort.Range(Protocol.Tcp, first, last)]);

    private void Given(IEnumerable<NetworkPolicy> policies, params ClusterNetworkPolicy[] tiers)
    {
        var cluster = Cluster(policies);
        _node.Apply(cluster with
        {
            Endpoints = [.. cluster.Endpoints, Twin(cluster)],
            ClusterNetworkPolicies = [.. tiers],
        });
    }

    private static Endpoint Twin(ClusterSnapshot cluster) =>
        cluster.Endpoints[0] with { Name = "t", Labels = LabelSet.Of([new("pod", "t")]) };

    /// <summary>Which of the TCP ports 80 to 83 a pod reaches at another.</summary>
    private string Allowed(char from, char to, int family)
    {
        var (source, destination) = family == 4 ? (Address4(from), Address4(to)) : (Address6(from), Address6(to));
        var (sender, receiver) = (_node.Node.Pods[from - 'a'], _node.Node.Pods[to - 'a']);
        return string.Join(' ', Enumerable.Range(80, 4).Where(port =>
            _node.Arrives(receiver, _node.Open(source, destination, (ushort)port), sender.Send)));
    }

    private bool ToNode(int family, ushort port) => _node.ArrivesAtNode(
        family == 4 ? _node.Open(Address4('a'), Node4, port) : _node.Open(Address6('a'), Node6, port), _node.A.Send);
}

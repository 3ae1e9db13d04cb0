using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;
using static Palisade.Dataplane.Tests.World.Tiers;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>
/// ClusterNetworkPolicy by single packets of one node: the order of rules, tiers around NetworkPolicy, and what of its
/// exemptions holds for them.
/// </summary>
public sealed class TierTests : IDisposable
{
    private readonly OneNode _node = new();

    public static TheoryData<int> Families => [4, 6];

    [Theory, MemberData(nameof(Families))]
    public void The_first_rule_that_matches_counts_whatever_its_peers_are(int family)
    {
        var toB = Networks($"{Address4('b')}/32", $"{Address6('b')}/128");
        Given([], Admin(1, 'a', Deny(toB), Accept(Everybody), Deny(Anything)));
        Assert.Equal((false, true), (Opens('a', 'b', family), Opens('a', 'c', family)));
        Assert.False(Leaves(family), "what is no pod comes to the last rule");
        Given([], Admin(1, 'a', Accept(Everybody), Deny(toB), Deny(Anything)));
        Assert.Equal((true, true), (Opens('a', 'b', family), Opens('a', 'c', family)));
        Given([], Admin(5, 'a', Deny(Everybody)), Admin(4, 'a', Accept(Peer('b'))));
        Assert.Equal((true, false), (Opens('a', 'b', family), Opens('a', 'c', family)));
        // A port between two rules of one action that concern others must not join them.
        Given([], Admin(1, 'a', Deny(Peer('b')).On(80), Accept(Peer('b')).On(80, 81), Deny(Peer('b')).On(81, 82)));
        Assert.Equal(
            (false, true, false),
            (Opens('a', 'b', family), Opens('a', 'b', family, 81), Opens('a', 'b', family, 82)));
    }

    [Theory, MemberData(nameof(Families))]
    public void Pass_leaves_the_whole_tier_for_NetworkPolicy_or_Baseline(int family)
    {
        ClusterNetworkPolicy[] admin = [Admin(1, 'a', Pass(Peer('b'))), Admin(2, 'a', Deny(Everybody))];
        Given([], admin);
        Assert.Equal((true, false), (Opens('a', 'b', family), Opens('a', 'c', family)));
        var toB = new PolicyRule([new PodPeer(null, OneNode.Pod('b'))], [PolicyPort.Range(Protocol.Tcp, 80, 80)]);
        Given([Isolate('a', Direction.Egress, toB)], admin);
        Assert.True(Opens('a', 'b', family), "NetworkPolicy allows it");
        Assert.False(Opens('a', 'b', family, 81), "NetworkPolicy denies the rest");
        Assert.False(Opens('a', 'c', family), "Admin denies it");
        var baseline = Baseline(0, 'a', Deny(Peer('b')).On(80), Pass(Peer('b')).On(81), Deny(Peer('b')));
        Given([], [.. admin, baseline]);
        Assert.Equal(
            (false, true, false),
            (Opens('a', 'b', family), Opens('a', 'b', family, 81), Opens('a', 'b', family, 82)));
        Given([Isolate('a', Direction.Egress, toB)], [.. admin, baseline]);
        Assert.True(Opens('a', 'b', family), "where NetworkPolicy isolates, Baseline is not asked");
    }

    [Theory, MemberData(nameof(Families))]
    public void What_Admin_accepts_passes_a_closed_gate_and_only_its_own(int family)
    {
        NetworkPolicy[] closed = [Isolate('a', Direction.Egress), Isolate('b', Direction.Ingress)];
        var egress = Admin(1, 'a', Accept(Everybody));
        Given(closed, egress);
        Assert.False(Opens('a', 'b', family), "b's ingress is closed");
        Assert.True(Opens('a', 'c', family), "c's is not");
        var ingress = Admin(1, 'b', Accept(Peer('a'))).ForIngress();
        Given(closed, egress, ingress);
        Assert.True(Opens('a', 'b', family), "accepted on both sides");
        Assert.False(Opens('c', 'b', family), "c is not a");
        Given(closed, ingress);
        Assert.False(Opens('a', 'b', family), "a's egress is closed");
        Given([], egress, Admin(1, 'b', Deny(Peer('a'))).ForIngress());
        Stops("refused_ingress", 'a', 'b', family);
        Given(closed, Admin(1, 'a', Deny(Peer('c'))));
        Stops("refused_egress", 'a', 'c', family);
        Stops("denied_egress", 'a', 'b', family);
    }

    /// <summary>Protocols absent: ICMP too. Present: never ICMP.</summary>
    [Theory, MemberData(nameof(Families))]
    public void Rules_with_ports_never_concern_ICMP_and_rules_without_do(int family)
    {
        Given([], Admin(1, 'a', Deny(Peer('b')), Deny(Peer('c')).On(1, 65535)));
        Assert.Equal((false, true), (Pings('a', 'b', family), Pings('a', 'c', family)));
        Assert.False(Opens('a', 'c', family));
    }

    [Theory, MemberData(nameof(Families))]
    public void Answers_pass_whatever_the_tiers_deny(int family)
    {
        Given([], Admin(1, 'b', Deny(Anything)), Admin(1, 'a', Deny(Everybody)).ForIngress());
        var (a, b) = (At('a', family), At('b', family));
        Assert.True(_node.Arrives(_node.B, Packet.TcpFlags(a, 4000, b, 80, 2, _node.NextId()), _node.A.Send));
        Assert.True(_node.Arrives(_node.A, Packet.TcpFlags(b, 80, a, 4000, 18, _node.NextId()), _node.B.Send));
        Assert.False(Opens('b', 'a', family), "b opens nothing itself");
    }

    [Fact]
    public void Names_accept_the_addresses_that_are_known_for_them()
    {
        var rules = new[] { Accept(new DomainNamesPeer(["*.example.org"])), Deny(Anything) };
        var cluster = Cluster([]) with { ClusterNetworkPolicies = [Admin(1, 'a', rules)] };
        _node.Apply(cluster);
        Assert.False(Leaves(4));
        _node.Apply(cluster with { DomainNames = [new("www.example.org", [Beyond4])] });
        Assert.Equal((true, false), (Leaves(4), Leaves(6)));
    }

    /// <summary>What the API calls a patch is a difference in the kernel.</summary>
    [Fact]
    public void A_priority_and_an_action_change_in_place()
    {
        var (first, second) = (Admin(1, 'a', Accept(Peer('b'))), Admin(2, 'a', Deny(Peer('b'))));
        Given([Isolate('c', Direction.Egress)], first, second);
        Assert.True(Opens('a', 'b', 4));
        Assert.False(Given([Isolate('c', Direction.Egress)], first with { Priority = 3 }, second).Replaced);
        Assert.False(Opens('a', 'b', 4));
        Assert.False(Given([Isolate('a', Direction.Egress)], first, second).Replaced);
        Assert.True(Opens('a', 'b', 4));
        Assert.False(Given([Isolate('a', Direction.Egress)], first with { Priority = 3 }, second).Replaced);
        Assert.False(Opens('a', 'b', 4));
        var passes = second with { Egress = [Pass(Peer('b'))] };
        Assert.False(Given([Isolate('c', Direction.Egress)], first with { Priority = 3 }, passes).Replaced);
        Assert.True(Opens('a', 'b', 4));
        Assert.False(Given([]).Replaced);
    }

    public void Dispose() => _node.Dispose();

    private Applied Given(IEnumerable<NetworkPolicy> policies, params ClusterNetworkPolicy[] tiers) =>
        _node.Apply(Cluster(policies) with { ClusterNetworkPolicies = [.. tiers] });

    private static Address At(char pod, int family) => family == 4 ? Address4(pod) : Address6(pod);

    private PodPlace PlaceOf(char pod) => _node.Node.Pods[pod - 'a'];

    private byte[] Opening(char from, char to, int family, ushort port, Protocol protocol = Protocol.Tcp) =>
        _node.Open(At(from, family), At(to, family), port, protocol);

    private bool Opens(char from, char to, int family, ushort port = 80) =>
        _node.Arrives(PlaceOf(to), Opening(from, to, family, port), PlaceOf(from).Send);

    private bool Pings(char from, char to, int family) =>
        _node.Arrives(PlaceOf(to), Opening(from, to, family, 0, Protocol.Other), PlaceOf(from).Send);

    private bool Leaves(int family) => _node.Leaves(
        _node.Open(At('a', family), family == 4 ? Beyond4 : Beyond6), _node.A.Send);

    private void Stops(string counter, char from, char to, int family) => _node.Stops(
        counter, Opening(from, to, family, 80), PlaceOf(from).Send, (p, s) => _node.Arrives(PlaceOf(to), p, s));
}

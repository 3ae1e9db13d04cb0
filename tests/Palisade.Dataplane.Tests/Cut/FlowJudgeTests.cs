using Palisade.Dataplane.Cut;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Cut;

/// <summary>What a connection that is under way is judged by.</summary>
public sealed class FlowJudgeTests
{
    private static readonly PolicyRule FromA80 =
        new([new PodPeer(null, Pod('a'))], [PolicyPort.Range(Protocol.Tcp, 80, 80)]);
    private static readonly PolicyRule Everything = new([], []);
    private static readonly Address Bridge = Address.Parse("10.244.1.1");

    [Fact]
    public void Source_before_and_destination_and_port_after_translation()
    {
        var judge = Judge(Isolate('b', Direction.Ingress, FromA80));
        Assert.True(Allows(judge, Tcp(Address4('a'), 40_000, Address4('b'), 80)));
        Assert.False(Allows(judge, Tcp(Address4('a'), 40_000, Address4('b'), 8080)));
        Assert.False(Allows(judge, Tcp(Address4('c'), 40_000, Address4('b'), 80)));
        Assert.False(Allows(judge, Tcp(Beyond4, 40_000, Address4('b'), 80)));
        // To a Service's address and port, which lead to b's 80, or to its 8080; and with the source hidden behind.
        var service = Tcp(Address4('a'), 40_000, Address.Parse("10.96.0.1"), 443);
        var answer = Tcp(Address4('b'), 80, Address4('a'), 40_000);
        Assert.True(judge.Allows(service, answer, false));
        Assert.False(judge.Allows(service, answer with { SourcePort = 8080 }, false));
        Assert.True(judge.Allows(service, answer with { Destination = Of(Node4) }, false));
        Assert.True(judge.Concerns(service, answer));
        Assert.False(judge.Concerns(service, answer with { Source = Of(Beyond4) }) && !judge.Concerns(answer, service));
    }

    [Fact]
    public void Each_local_end_has_its_say_and_a_pods_own_node_is_exempt()
    {
        var judge = Judge(Isolate('a', Direction.Egress), Isolate('b', Direction.Ingress, Everything));
        Assert.False(Allows(judge, Tcp(Address4('a'), 40_000, Address4('b'), 80)));
        Assert.False(Allows(judge, Tcp(Address6('a'), 40_000, Beyond6, 80)));
        Assert.True(Allows(judge, Tcp(Address4('b'), 40_000, Address4('a'), 80)));
        Assert.True(Allows(judge, Tcp(Address4('a'), 40_000, Node4, 80)));
        Assert.True(Allows(judge, Tcp(Address4('a'), 40_000, Bridge, 53)), "an address that the cluster does not know");
        Assert.True(Allows(judge, Tcp(Address4('a'), 40_000, Address4('a'), 80)), "itself, through a service");
        Assert.True(Allows(Judge(Isolate('b', Direction.Ingress)), Tcp(Bridge, 40_000, Address4('b'), 80)));
    }

    [Fact]
    public void Protocols_are_told_apart_and_messages_have_no_ports()
    {
        var judge = Judge(Isolate('b', Direction.Ingress, FromA80));
        var echo = new FlowTuple(Of(Address4('a')), Of(Address4('b')), 1, 80, 8 << 8);
        var answer = new FlowTuple(Of(Address4('b')), Of(Address4('a')), 1, 80, 0);
        Assert.False(judge.Allows(echo, answer, false));
        Assert.True(Judge(Isolate('b', Direction.Ingress, Everything)).Allows(echo, answer, false));
        Assert.False(Allows(judge, Tcp(Address4('a'), 40_000, Address4('b'), 80) with { Protocol = 17 }));
        Assert.False(Allows(judge, Tcp(Address4('a'), 40_000, Address4('b'), 80) with { Protocol = 132 }));
    }

    /// <summary>Which end opened it, the ports tell; when they do not, either direction will do.</summary>
    [Fact]
    public void What_nobody_saw_begin_is_judged_by_its_ports()
    {
        var judge = Judge(Isolate('b', Direction.Ingress, FromA80));
        bool TakenUp(FlowTuple first) => judge.Allows(first, first.Reversed, true);
        Assert.False(TakenUp(Tcp(Address4('b'), 80, Address4('c'), 40_000)), "c opened it, to b's 80");
        Assert.True(TakenUp(Tcp(Address4('b'), 80, Address4('a'), 40_000)), "a did");
        Assert.False(TakenUp(Tcp(Address4('c'), 40_000, Address4('b'), 80)));
        Assert.True(TakenUp(Tcp(Address4('b'), 40_000, Address4('c'), 80)));
        Assert.True(TakenUp(Tcp(Address4('c'), 40_000, Address4('b'), 50_051)), "it may have been b that opened it");
        Assert.True(TakenUp(Tcp(Address4('c'), 700, Address4('b'), 80)));
        Assert.False(Allows(judge, Tcp(Address4('c'), 40_000, Address4('b'), 50_051)));
    }

    [Fact]
    public void What_becomes_of_a_connection()
    {
        var judge = Judge(Isolate('b', Direction.Ingress, FromA80));
        FlowFate Fate(char from, FlowStatus status, FlowJudge? by) => FlowCutter.FateOf(
            by, Tcp(Address4(from), 40_000, Address4('b'), 80), Tcp(Address4(from), 40_000, Address4('b'), 80).Reversed,
            status, false);
        Assert.Equal(FlowFate.Cut, Fate('c', FlowStatus.Confirmed, judge));
        Assert.Equal(FlowFate.Stay, Fate('c', FlowStatus.FixedTimeout, judge));
        Assert.Equal(FlowFate.Release, Fate('a', FlowStatus.FixedTimeout, judge));
        Assert.Equal(FlowFate.Stay, Fate('a', FlowStatus.Confirmed, judge));
        Assert.Equal(FlowFate.OutOfReach, Fate('c', FlowStatus.Offload, judge));
        Assert.Equal(FlowFate.OutOfReach, Fate('c', FlowStatus.HardwareOffload | FlowStatus.FixedTimeout, judge));
        Assert.Equal(FlowFate.Stay, Fate('a', FlowStatus.Offload, judge));
        Assert.Equal(FlowFate.Release, Fate('c', FlowStatus.FixedTimeout, null));
        Assert.Equal(FlowFate.Stay, Fate('c', FlowStatus.Confirmed, null));
    }

    private static FlowJudge Judge(params NetworkPolicy[] policies) =>
        new(PolicyCompiler.Compile(Cluster(policies)), "n1", [Node4, Bridge]);

    private static bool Allows(FlowJudge judge, FlowTuple original) => judge.Allows(original, original.Reversed, false);

    private static FlowTuple Tcp(Address from, ushort fromPort, Address to, ushort toPort) =>
        new(Of(from), Of(to), 6, fromPort, toPort);

    private static PacketAddress Of(Address address) => new((byte)(address.Width == 32 ? 4 : 6), address.Bits);
}

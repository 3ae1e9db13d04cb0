using System.Collections.Immutable;
using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Cut;

/// <summary>Which connections a look at some addresses finds in the kernel's table, among many of others.</summary>
public sealed class FlowCutterTests
{
    /// <summary>So many that readings of single addresses cost less than one of everything.</summary>
    private const int Others = 30_000;

    [Fact]
    public void A_look_at_an_address_reads_its_connections_and_what_was_cut_is_found_again()
    {
        using var world = new OneNode(stack: false);
        var space = world.Node.Namespace;
        using var table = space.Run(() => new ConntrackSocket());
        using var cutter = space.Run(() => new FlowCutter());
        table.Insert(Enumerable.Range(0, Others).Select(i => Made(Beyond4, (ushort)(20_000 + i), Address4('c'))));
        table.Insert(OfA);
        var all = Others + OfA.Length;

        var denied = JudgeOf(Isolate('a', Direction.Ingress), Isolate('a', Direction.Egress));
        Assert.True(cutter.Holds, "an earlier agent may have cut something");
        Assert.Equal((all, 0, 0), Look(JudgeOf(), CutScope.Everything));
        Assert.False(cutter.Holds);
        Assert.Equal((OfA.Length, OfA.Length, 0), Look(denied, new([Address4('a'), Address6('a')])));
        Assert.True(cutter.Holds);
        Assert.Equal(OfA.Length, table.Dump().Count(flow => (flow.Status & FlowStatus.FixedTimeout) != 0));

        // Whose connections are allowed again need not be known.
        Assert.Equal((OfA.Length, 0, OfA.Length), Look(JudgeOf(), CutScope.Nothing with { Opens = true }));
        Assert.False(cutter.Holds);
        // Many addresses cost more than everything.
        var many = Enumerable.Range(10, 200).Select(i => Address.Parse($"10.244.1.{i}"));
        Assert.Equal((all, 0, 0), Look(JudgeOf(), new([.. many])));

        (int Seen, int Cut, int Lifted) Look(FlowJudge judge, CutScope scope)
        {
            var pass = cutter.Run(judge, scope, null, TimeProvider.System);
            return (pass.Seen, pass.Cut, pass.Lifted);
        }
    }

    /// <summary>What a change may have missed is looked for again, however many changes follow.</summary>
    [Fact]
    public void Changes_that_go_on_coming_do_not_put_a_second_look_off()
    {
        using var world = new OneNode(stack: false);
        var time = new MovedTime();
        using var cutting = world.Node.Namespace.Run(() => new Cutting("n1", time, TimeSpan.Zero));
        var policy = PolicyCompiler.Compile(Cluster([]));
        var network = NodeNetwork.Read(world.Node.Routing);
        var looks = 0;
        for (var change = 0; change < 50; change++)
        {
            cutting.Changed(policy, network, EnforcementMode.Enforce, new([Address4('a')]));
            time.Move(TimeSpan.FromMilliseconds(10));
            looks += cutting.Again() is null ? 0 : 1;
        }

        Assert.InRange(looks, 8, 11);
        time.Move(TimeSpan.FromMilliseconds(50));
        Assert.NotNull(cutting.Again());
        time.Move(TimeSpan.FromMilliseconds(50));
        _ = cutting.Again();
        Assert.Null(cutting.Due);
    }

    /// <summary>Begun by a, and answered by it: also where it was called by another address.</summary>
    private static ImmutableArray<Flow> OfA { get; } =
    [
        Made(Address4('a'), 40_001, Beyond4),
        Made(Beyond4, 40_002, Address4('a')),
        Made(Beyond4, 40_003, Address.Parse("10.96.0.1")) with
        {
            Reply = new(Of(Address4('a')), Of(Beyond4), 6, 80, 40_003),
        },
        Made(Address6('a'), 40_004, Beyond6),
        Made(Beyond6, 40_005, Address6('a')),
    ];

    private static FlowJudge JudgeOf(params NetworkPolicy[] policies) =>
        new(PolicyCompiler.Compile(Cluster(policies)), "n1", [Node4, Node6]);

    private static Flow Made(Address from, ushort port, Address to)
    {
        var tuple = new FlowTuple(Of(from), Of(to), 6, port, 80);
        return new(tuple, tuple.Reversed)
        {
            Status = FlowStatus.SeenReply | FlowStatus.Assured,
            Timeout = 3600,
            TcpState = TcpState.Established,
        };
    }

    private static PacketAddress Of(Address address) => new((byte)(address.Width == 32 ? 4 : 6), address.Bits);
}

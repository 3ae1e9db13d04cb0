using System.Collections.Immutable;
using System.Diagnostics;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.Cut;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Reconcile;

/// <summary>Changes that are too large for one transaction, on packets: those of the first node of two.</summary>
public sealed class HoldTests(ITestOutputHelper output)
{
    private const ushort Open = 8080;

    /// <summary>
    /// Each step of each change is a transaction of its own, and any of them may be what a packet meets.
    /// </summary>
    [Fact]
    public void Nothing_that_both_tables_deny_passes_and_nothing_that_both_allow_breaks()
    {
        using var world = new CutWorld();
        var node = world.World.Fabric.Nodes[0];
        var reconciler = new Reconciler { Largest = 1 };
        reconciler.Apply(world.World.SocketOf(node), Table(node, 0));
        using var stream = world.Start(Protocol.Tcp, 'a', 'b', port: Open);
        using var flood = new Flood(
            world.Pod('a').Namespace, world.Pod('b').Namespace, CutWorld.Address('b', 4), 5353);
        var began = Stopwatch.GetTimestamp();
        var transactions = 0;
        for (var change = 1; change <= 40; change++)
        {
            var applied = reconciler.Apply(world.World.SocketOf(node), Table(node, change));
            Assert.True(applied is { Transactions: > 3, Replaced: false }, $"{applied} is no change in steps");
            transactions += applied.Transactions;
            stream.Flows(TimeSpan.FromMilliseconds(50));
        }

        Assert.True(stream.Flows(TimeSpan.FromSeconds(30)), $"the kept connection stands still {stream.Failure}");
        Assert.Null(stream.Failure);
        Assert.Equal(0, flood.ArrivedSince(began));
        using var another = world.Start(Protocol.Tcp, 'a', 'b', port: Open + 1);
        output.WriteLine($"40 changes in {transactions} transactions, {flood.Sent} denied datagrams, 0 arrived");
        Assert.True(flood.Sent > 100, $"only {flood.Sent} were sent");
    }

    /// <summary>
    /// The kernel refuses a step in the middle: established connections go on, none begins, and the next change that
    /// succeeds makes all as it should be.
    /// </summary>
    [Fact]
    public void A_change_that_is_refused_halfway_holds_new_connections_until_the_next()
    {
        using var world = new CutWorld();
        var node = world.World.Fabric.Nodes[0];
        var socket = world.World.SocketOf(node);
        var reconciler = new Reconciler { Largest = 1 };
        reconciler.Apply(socket, Table(node, 0));
        using var stream = world.Start(Protocol.Tcp, 'a', 'b', port: Open);
        Assert.True(Begins(world), "before");
        var next = Table(node, 1);
        var last = next.Chains.Last(chain => chain.Name.StartsWith("ingress-", StringComparison.Ordinal));
        var broken = next with
        {
            Chains = next.Chains.Replace(last, last with { Rules = [Rule.Of(Statement.Jump("nowhere"))] }),
        };
        Assert.Throws<NftablesException>(() => reconciler.Apply(socket, broken));
        Assert.False(reconciler.IsKnown);
        Assert.False(Begins(world), "while it is held");
        Assert.True(stream.Flows(TimeSpan.FromSeconds(30)), $"the kept connection stands still {stream.Failure}");
        Assert.Null(stream.Failure);

        reconciler.Apply(socket, next);
        Assert.True(Begins(world), "the next change ends it");
    }

    /// <summary>Whether a connection that all these tables allow begins.</summary>
    private static bool Begins(CutWorld world) => world.World.Try(
        [new(new(world.Pod('a'), null), CutWorld.Address('a', 4), new(world.Pod('b'), null),
            CutWorld.Address('b', 4), Protocol.Tcp, Open)],
        [true])[0];

    /// <summary>b is closed but for TCP 8080 and 8081 of a, and other rules that differ from table to table.</summary>
    private static Ruleset Table(NodePlace node, int number)
    {
        var rules = ImmutableArray.Create(new PolicyRule(
            [new PodPeer(null, Pod('a'))], [PolicyPort.Range(Protocol.Tcp, Open, Open + 1)]));
        for (var i = 0; i < 4; i++)
        {
            var port = (ushort)(1000 + 10 * number + i);
            rules = rules.Add(new([new PodPeer(null, Pod('c'))], [PolicyPort.Range(Protocol.Tcp, port, port)]));
        }

        NetworkPolicy[] policies =
        [
            Isolate('b', Direction.Ingress, [.. rules]),
            Isolate('a', Direction.Ingress, new PolicyRule([], [.. rules.Last().Ports])),
        ];
        return Lowering.Lower(
            PolicyCompiler.Compile(CutWorld.Cluster(policies)), "n1", NodeNetwork.Read(node.Routing), new());
    }
}

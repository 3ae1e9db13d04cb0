using System.Collections.Immutable;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Gates;

/// <summary>
/// Nodes with no uplink, one, which rules compare by its name, and several, which are looked up: the same holds at all
/// of them, and from one to the other it is one transaction.
/// </summary>
public abstract class UplinkTests(bool bridged)
{
    private static readonly string[][] Outward = [["up0"], [], ["up0", "up1"], ["up"], ["up0"], ["up1"], ["up*"]];

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void What_leads_out_may_come_and_go(int family)
    {
        using var node = new OneNode(bridged, [Isolate('a', Direction.Ingress)]);
        node.Occupy();
        var reconciler = node.World.ReconcilerOf(node.Node);
        var socket = node.World.SocketOf(node.Node);
        foreach (var uplinks in Outward.Append(["up0"]))
        {
            var before = reconciler.Current!;
            var applied = reconciler.Apply(socket, Table(node, uplinks));
            var isSame = Uplinks(before).SetEquals(Uplinks(reconciler.Current!));
            Assert.True(isSame ? applied == default : applied is { Transactions: 1, Replaced: false }, $"{applied}");
            AssertHolds(node, family, uplinks.Contains("up0"));
        }
    }

    /// <summary>Rules name the one uplink, and no other; what nft would read as the beginning of names, none.</summary>
    [Fact]
    public void Only_the_one_uplink_is_compared()
    {
        using var node = new OneNode(bridged, []);
        foreach (var uplinks in Outward)
        {
            var names = Table(node, uplinks).Chains.Where(chain => chain.Base is not null)
                .SelectMany(chain => chain.Rules).SelectMany(rule => rule.Expressions).OfType<Compare>()
                .Select(compare => compare.Value).Where(value => value != NftKey.Interface("lo"))
                .Intersect(new[] { "up0", "up1", "up", "up*" }.Select(NftKey.Interface));
            Assert.Equal(uplinks is [var one] && one != "up*" ? [NftKey.Interface(one)] : [], names);
        }
    }

    private static void AssertHolds(OneNode node, int family, bool leadsOut)
    {
        var (a, b, stranger, beyond) = family == 4
            ? (Address4('a'), Address4('b'), Address4('d'), Beyond4)
            : (Address6('a'), Address6('b'), Address6('d'), Beyond6);
        bool Enters(PodPlace at, Address to) =>
            node.Arrives(at, node.Open(beyond, to), packet => node.World.Fabric.Inject(node.Node, packet));
        Assert.Equal(leadsOut, Enters(node.B, b));
        Assert.False(Enters(node.A, a), "its gate is closed");
        Assert.False(Enters(node.Stranger, stranger), "nobody has claimed that interface");
        Assert.Equal(leadsOut, node.Leaves(node.Open(b, beyond), node.B.Send));
        Assert.False(node.Leaves(node.Open(beyond, beyond), node.B.Send), "not its own address");
        Assert.False(node.Leaves(node.Open(stranger, beyond), node.Stranger.Send), "nobody has claimed that interface");
        Assert.True(node.Arrives(node.B, node.Open(a, b), node.A.Send));
        Assert.False(node.Arrives(node.B, node.Open(stranger, b), node.A.Send), "another's address");
    }

    /// <summary>As lowered on a node of which only these interfaces lead out.</summary>
    private static Ruleset Table(OneNode node, string[] outward)
    {
        var real = NodeNetwork.Read(node.Node.Routing);
        var network = NodeNetwork.Of(real.HostRoutes, [], outward, real.Ports);
        var policy = PolicyCompiler.Compile(Cluster([Isolate('a', Direction.Ingress)]));
        return Lowering.Lower(policy, "n1", network, new());
    }

    private static ImmutableHashSet<Element> Uplinks(Ruleset table) =>
        [.. table.Sets.Single(set => set.Name == Names.Uplinks).Elements];
}

/// <summary>The same with pods that the node routes to.</summary>
public sealed class RoutedUplinkTests() : UplinkTests(bridged: false);

/// <summary>The same with pods that are ports of a bridge.</summary>
public sealed class BridgedUplinkTests() : UplinkTests(bridged: true);

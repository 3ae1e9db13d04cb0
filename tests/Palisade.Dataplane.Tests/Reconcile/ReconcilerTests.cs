using System.Text.RegularExpressions;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Reconcile;

/// <summary>What a change costs, and what is left when one fails.</summary>
public sealed class ReconcilerTests
{
    private static readonly PolicyRule FromA = new(
        [new PodPeer(null, Pod('a'))], [PolicyPort.Range(Protocol.Tcp, 80, 80)]);
    private static readonly PolicyRule FromEvery = new(
        [new PodPeer(null, Policy.Selectors.LabelSelector.Everything)], []);

    [Fact]
    public void An_unchanged_policy_sends_no_message()
    {
        using var node = new OneNode(Isolate('b', Direction.Ingress, FromA, FromEvery), Isolate('a', Direction.Egress));
        var socket = node.World.SocketOf(node.Node);
        var (messages, bytes) = (socket.MessagesSent, socket.BytesSent);
        node.Apply([Isolate('b', Direction.Ingress, FromA, FromEvery), Isolate('a', Direction.Egress)]);
        Assert.Equal((messages, bytes), (socket.MessagesSent, socket.BytesSent));
    }

    [Fact]
    public void A_pod_that_comes_or_goes_changes_elements_only()
    {
        NetworkPolicy[] policies = [Isolate('b', Direction.Ingress, FromEvery), Isolate('a', Direction.Egress)];
        using var node = new OneNode(policies);
        node.Occupy();
        var before = Rules(node);
        Assert.False(node.Arrives(node.B, node.Open(Address4('d'), Address4('b')), node.Stranger.Send));

        node.Apply(policies, pods: "abcd");
        Assert.Equal(before, Rules(node));
        Assert.True(
            node.Arrives(node.B, node.Open(Address4('d'), Address4('b')), node.Stranger.Send), "d is one of every pod");

        node.Apply(policies, pods: "abc");
        Assert.Equal(before, Rules(node));
        Assert.False(node.Arrives(node.B, node.Open(Address4('d'), Address4('b')), node.Stranger.Send));
    }

    [Fact]
    public void A_policys_change_touches_the_gates_it_concerns_in_one_transaction()
    {
        using var node = new OneNode(Isolate('b', Direction.Ingress, FromA), Isolate('c', Direction.Ingress, FromA));
        var before = Rules(node);
        var generation = node.World.SocketOf(node.Node).Generation();
        node.Apply([Isolate('b', Direction.Ingress, FromA, FromEvery), Isolate('c', Direction.Ingress, FromA)]);
        Assert.Equal(generation + 1, node.World.SocketOf(node.Node).Generation());
        var after = Rules(node);
        var changed = before.Keys.Where(chain => !before[chain].SequenceEqual(after[chain])).ToList();
        Assert.Equal("ingress-x", string.Join('-', Assert.Single(changed).Split('-')[..2]));
    }

    /// <summary>
    /// Policies come and go, and so do their chains and sets: the kernel's table is always the lowered one.
    /// </summary>
    [Fact]
    public void Nothing_is_left_of_policies_that_are_gone()
    {
        using var node = new OneNode();
        var empty = Text(node);
        node.Apply([Isolate('b', Direction.Ingress, FromA), Isolate('a', Direction.Egress, FromEvery)]);
        Assert.NotEqual(empty, Text(node));
        node.Apply([]);
        Assert.Equal(empty, Text(node));
    }

    [Fact]
    public void The_table_of_an_earlier_agent_is_changed_in_one_transaction()
    {
        using var node = new OneNode(Isolate('b', Direction.Ingress));
        var socket = node.World.SocketOf(node.Node);
        var desired = Lowered(node, [Isolate('c', Direction.Ingress, FromA)]);
        var generation = socket.Generation();
        var applied = new Reconciler().Apply(socket, desired);
        Assert.Equal((1, false), (applied.Transactions, applied.Replaced));
        Assert.Equal(generation + 1, socket.Generation());
        AssertKernelHas(node, desired);
        Assert.Equal(default, new Reconciler().Apply(socket, desired));
    }

    /// <summary>Rule numbers rise in the order of creation: those of base chains are the last.</summary>
    [Fact]
    public void A_large_cold_start_comes_in_chunks_with_base_chains_last()
    {
        using var node = new OneNode();
        var socket = node.World.SocketOf(node.Node);
        node.Nft("", "delete", "table", "inet", "palisade");
        var generation = socket.Generation();
        var policies = Enumerable.Range(0, 1200)
            .Select(i => Isolate('b', Direction.Ingress, RuleOf(i)) with { Name = $"p{i}" });
        var desired = Lowered(node, policies);
        var applied = new Reconciler().Apply(socket, desired);
        Assert.True(
            applied.Messages > 2 * Reconciler.ChunkMessages, $"{applied.Messages} messages are too few for this test");
        Assert.True(
            applied.Transactions > applied.Messages / Reconciler.ChunkMessages,
            $"{applied.Messages} messages in {applied.Transactions} transactions");
        Assert.Equal(generation + applied.Transactions, socket.Generation());
        AssertKernelHas(node, desired);
        var chains = socket.Dump(NftFamily.Inet, "palisade")!.Chains;
        var lastOfRegular = chains.Where(c => c.Base is null).SelectMany(c => c.Rules).Max(r => r.Handle);
        var firstOfBase = chains.Where(c => c.Base is not null).SelectMany(c => c.Rules).Min(r => r.Handle);
        Assert.True(firstOfBase > lastOfRegular, $"base {firstOfBase}, regular {lastOfRegular}");

        static PolicyRule RuleOf(int i) => new(
            [new BlockPeer(Cidr.Parse($"10.{i / 200}.{i % 200}.0/24"), [])],
            [PolicyPort.Range(Protocol.Tcp, (ushort)(1000 + i), (ushort)(1000 + i))]);
    }

    /// <summary>
    /// A hash set grows while the kernel waits for more; one of intervals it would copy for each transaction.
    /// </summary>
    [Theory]
    [InlineData(false, 4, 8)]
    [InlineData(true, 1, 2)]
    public void A_large_set_of_addresses_comes_in_chunks_and_one_of_intervals_in_one(
        bool intervals, int least, int most)
    {
        using var node = new OneNode();
        var socket = node.World.SocketOf(node.Node);
        var elements = Enumerable.Range(0, 20_000).Select(i => new NftKey([10, (byte)(i >> 8), (byte)(i & 255), 0]))
            .Select(key => new Element(key));
        var desired = new Ruleset(new(NftFamily.Inet, "large"))
        {
            Sets = [new(new("peers", KeyType.Ipv4Address) { IsInterval = intervals }) { Elements = [.. elements] }],
        };
        var applied = new Reconciler().Apply(socket, desired);
        Assert.InRange(applied.Transactions, least, most);
        Assert.Equal(20_000, socket.Dump(NftFamily.Inet, "large")!.Sets.Single().Elements.Length);
        Assert.Equal(default, new Reconciler().Apply(socket, desired));
    }

    /// <summary>A change too large for one transaction asks the kernel for the chain in which it holds others up.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_change_in_steps_of_a_table_that_others_emptied_is_refused_and_the_next_heals(bool isThere)
    {
        using var node = new OneNode();
        var socket = node.World.SocketOf(node.Node);
        var reconciler = new Reconciler { Largest = 1 };
        var before = Lowered(node, [Isolate('b', Direction.Ingress)]);
        var desired = before with
        {
            Chains =
            [
                .. before.Chains.Select(chain => chain.Name == Names.Input ? chain with { Rules = [] } : chain),
            ],
        };
        reconciler.Apply(socket, before);
        var harm = new Transaction(before.Table);
        harm.DestroyTable();
        if (isThere)
            harm.AddTable();
        socket.Commit(harm);
        Assert.Equal(Errno.ENOENT, Assert.Throws<KernelException>(() => reconciler.Apply(socket, desired)).Errno);
        Assert.False(reconciler.IsKnown);
        reconciler.Apply(socket, desired);
        AssertKernelHas(node, desired);
    }

    [Fact]
    public void A_refused_change_keeps_the_last_table_and_the_next_heals()
    {
        using var node = new OneNode(Isolate('b', Direction.Ingress));
        var socket = node.World.SocketOf(node.Node);
        var reconciler = node.World.ReconcilerOf(node.Node);
        var good = reconciler.Current!;
        var bad = good with
        {
            Chains = [.. good.Chains, new Chain("bad") { Rules = [Rule.Of(Statement.Jump("nowhere"))] }],
        };
        Assert.Throws<NftablesException>(() => reconciler.Apply(socket, bad));
        AssertKernelHas(node, good);
        Assert.False(
            node.Arrives(node.B, node.Open(Address4('a'), Address4('b')), node.A.Send), "b is closed throughout");
        Assert.Equal(default, reconciler.Apply(socket, good));
        AssertKernelHas(node, good);
    }

    /// <summary>Somebody flushes the whole ruleset; the next change notices and brings all back.</summary>
    [Fact]
    public void A_table_that_others_deleted_comes_back()
    {
        using var node = new OneNode(Isolate('b', Direction.Ingress));
        node.Nft("", "flush", "ruleset");
        Assert.Throws<NftablesException>(
            () => node.Apply([Isolate('b', Direction.Ingress), Isolate('c', Direction.Ingress)]));
        node.Apply([Isolate('b', Direction.Ingress), Isolate('c', Direction.Ingress)]);
        Assert.False(node.Arrives(node.B, node.Open(Address4('a'), Address4('b')), node.A.Send));
        Assert.False(node.Arrives(node.C, node.Open(Address4('a'), Address4('c')), node.A.Send));
    }

    [Fact]
    public void Foreign_tables_are_left_alone()
    {
        using var node = new OneNode(Isolate('b', Direction.Ingress));
        node.Foreign(
            "table inet foreign { set s { type ipv4_addr; elements = { 192.0.2.1 }; }; chain c { counter accept; }; }");
        var before = node.Nft("", "list", "table", "inet", "foreign");
        node.Apply([]);
        new Reconciler().Apply(node.World.SocketOf(node.Node), Lowered(node, []));
        Assert.Equal(before, node.Nft("", "list", "table", "inet", "foreign"));
    }

    [Fact]
    public void Nft_lists_what_render_prints()
    {
        using var node = new OneNode(
            Isolate('b', Direction.Ingress, FromA, FromEvery, new PolicyRule(
                [new BlockPeer(Cidr.Parse("10.0.0.0/8"), [Cidr.Parse("10.1.0.0/16")])],
                [
                    PolicyPort.All(Protocol.Udp), PolicyPort.Range(Protocol.Sctp, 7, 9),
                    PolicyPort.Range(Protocol.Sctp, 99, 99),
                ])),
            Isolate('a', Direction.Egress, new PolicyRule([new BlockPeer(Cidr.Parse("::/0"), [])], [])),
            Isolate('c', Direction.Egress), Isolate('c', Direction.Ingress, new PolicyRule([], [])));
        var ruleset = node.World.ReconcilerOf(node.Node).Current!;
        // Anew, so that the order and the counters are the first ones.
        node.Nft("", "delete", "table", "inet", "palisade");
        new Reconciler().Apply(node.World.SocketOf(node.Node), ruleset);
        var listed = node.Nft("", "list", "table", "inet", "palisade");
        // Pods' kernels speak by themselves; what was counted since is no part of the text.
        listed = Regex.Replace(listed, "packets [0-9]+ bytes [0-9]+", "packets 0 bytes 0");
        Assert.Equal(NftText.Print(ruleset).TrimEnd(), listed.TrimEnd());
    }

    private static Ruleset Lowered(OneNode node, IEnumerable<NetworkPolicy> policies) => Lowering.Lower(
        PolicyCompiler.Compile(Cluster(policies)), "n1", NodeNetwork.Read(node.Node.Routing), new NodeSettings());

    private static void AssertKernelHas(OneNode node, Ruleset desired)
    {
        var kernel = node.World.SocketOf(node.Node).Dump(NftFamily.Inet, "palisade");
        Assert.NotNull(kernel);
        Assert.Equal(Sorted(desired), Sorted(kernel));
    }

    private static Ruleset Sorted(Ruleset ruleset) => ruleset with
    {
        Sets = [.. ruleset.Sets.OrderBy(set => set.Name, StringComparer.Ordinal)],
        Chains = [.. ruleset.Chains.OrderBy(chain => chain.Name, StringComparer.Ordinal)],
    };

    /// <summary>The table as the kernel has it, without counts.</summary>
    private static string Text(OneNode node)
    {
        var dump = node.World.SocketOf(node.Node).Dump(NftFamily.Inet, "palisade")!;
        return NftText.Print(Sorted(dump with { Counters = [] }));
    }

    /// <summary>The kernel's numbers of the rules of each chain: a rule that was written anew has a new one.</summary>
    private static Dictionary<string, ulong[]> Rules(OneNode node) =>
        node.World.SocketOf(node.Node).Dump(NftFamily.Inet, "palisade")!.Chains
            .ToDictionary(chain => chain.Name, chain => chain.Rules.Select(rule => rule.Handle).ToArray());
}

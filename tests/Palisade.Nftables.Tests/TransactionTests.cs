using System.Collections.Immutable;
using System.Net;
using CsCheck;
using Palisade.Nftables.Kernel;

namespace Palisade.Nftables.Tests;

public sealed class TransactionTests
{
    private static readonly Table Table = new(NftFamily.Inet, "palisade");
    private static readonly SetDefinition Pods = new("pods", KeyType.Ipv4Address);
    private static readonly SetDefinition Blocks = new("blocks", KeyType.Ipv4Address) { IsInterval = true };

    [Fact]
    public void An_empty_transaction_sends_nothing()
    {
        using var space = Namespaces.Create("empty");
        using var socket = space.Run(() => new NftSocket());
        socket.Commit(new Transaction(Table));
        Assert.Equal((0, 0), (socket.MessagesSent, socket.BytesSent));
        var one = new Transaction(Table);
        one.AddTable();
        socket.Commit(one);
        Assert.Equal(3, socket.MessagesSent);
    }

    [Fact]
    public void A_refused_transaction_names_the_operation_and_changes_nothing()
    {
        using var space = Namespaces.Create("refused");
        using var socket = space.Run(() => new NftSocket());
        Commit(socket, t => t.AddTable());
        var generation = socket.Generation();
        var refused = Assert.Throws<NftablesException>(() => Commit(socket, t =>
        {
            t.AddSet(Pods);
            t.AddChain(new("base"));
            t.AddRule("base", Rule.Of(Match.Source(4, "nothere"), Statement.Accept));
            t.AddChain(new("other"));
        }));
        Assert.Equal("ENOENT", refused.ErrnoName);
        Assert.Equal("add rule to base: ip saddr @nothere accept", refused.Operation);
        Assert.NotNull(refused.Offset);
        Assert.Equal(generation, socket.Generation());
        Assert.Equal(new Ruleset(Table), socket.Dump(NftFamily.Inet, "palisade"));
        Commit(socket, t => t.AddSet(Pods));
        Assert.Equal(generation + 1, socket.Generation());
    }

    [Fact]
    public void All_refusals_of_a_batch_are_counted_and_the_socket_is_usable_afterwards()
    {
        using var space = Namespaces.Create("many");
        using var socket = space.Run(() => new NftSocket());
        Commit(socket, t => t.AddTable());
        var refused = Assert.Throws<NftablesException>(() => Commit(socket, t =>
        {
            for (var i = 0; i < 3000; i++)
                t.DeleteSet($"no{i}");
        }));
        Assert.Contains("delete set no0 (and 2999 more refused)", refused.Message);
        Commit(socket, t => t.AddSet(Pods));
        Assert.Single(socket.Dump(NftFamily.Inet, "palisade")!.Sets);
    }

    [Fact]
    public void A_table_that_is_not_there_dumps_as_nothing_and_is_destroyed_without_error()
    {
        using var space = Namespaces.Create("nothing");
        using var socket = space.Run(() => new NftSocket());
        Assert.Null(socket.Dump(NftFamily.Inet, "palisade"));
        Assert.Empty(socket.Tables());
        Commit(socket, t => t.DestroyTable());
        Commit(socket, t =>
        {
            t.AddTable();
            t.AddSet(Pods);
        });
        Commit(socket, t => t.DestroyTable());
        Assert.Null(socket.Dump(NftFamily.Inet, "palisade"));
        Assert.Equal("ENOENT", Refusal(socket, t => t.DeleteTable()));
    }

    [Fact]
    public void Elements_come_and_go_singly_as_ranges_and_as_verdicts()
    {
        using var space = Namespaces.Create("elements");
        using var socket = space.Run(() => new NftSocket());
        var gates = new SetDefinition("gates", KeyType.Ipv4Address) { IsVerdictMap = true };
        var one = Element.Of(IPAddress.Parse("10.0.0.1"));
        var two = Element.Of(IPAddress.Parse("10.0.0.2")) with { Comment = "web" };
        var block = Element.Of(IPNetwork.Parse("10.0.0.0/8"));
        var adjacent = Element.Of(IPNetwork.Parse("11.0.0.0/8"));
        var last = Element.Of(IPNetwork.Parse("255.255.0.0/16"));
        var gated = one with { Verdict = NftVerdict.Jump("gate") };
        Commit(socket, t =>
        {
            t.AddTable();
            t.AddChain(new("gate"));
            foreach (var set in new[] { Pods, Blocks, gates })
                t.AddSet(set);
            t.AddElements(Pods, [one, two]);
            t.AddElements(Blocks, [block, adjacent, last]);
            t.AddElements(gates, [gated, two with { Verdict = NftVerdict.Accept }]);
        });
        AssertElements(socket, Pods, one, two);
        AssertElements(socket, Blocks, block, adjacent, last);
        Commit(socket, t =>
        {
            t.DeleteElements(Pods, [one]);
            t.DeleteElements(Blocks, [adjacent, last]);
            t.DeleteElements(gates, [two]);
        });
        AssertElements(socket, Pods, two);
        AssertElements(socket, Blocks, block);
        AssertElements(socket, gates, gated);
        Assert.Equal("ENOENT", Refusal(socket, t => t.DeleteElements(Pods, [one])));
        Assert.Equal("EBUSY", Refusal(socket, t => t.DeleteChain("gate")));
        Commit(socket, t => t.FlushSet("pods"));
        AssertElements(socket, Pods);
    }

    [Fact]
    public void Rules_are_inserted_replaced_deleted_and_flushed_by_handle_and_chain()
    {
        using var space = Namespaces.Create("rules");
        using var socket = space.Run(() => new NftSocket());
        Rule Commented(string comment) => Rule.Of(Match.Protocol(6), Statement.Accept) with { Comment = comment };
        Commit(socket, t =>
        {
            t.AddTable();
            t.AddChain(new("gate") { Comment = "dev-team: allow-web" });
            t.AddRule("gate", Commented("b"));
            t.AddRule("gate", Commented("c"));
            t.InsertRule("gate", Commented("a"));
        });
        ImmutableArray<Rule> Rules() => socket.Dump(NftFamily.Inet, "palisade")!.Chains.Single().Rules;
        Assert.Equal(["a", "b", "c"], Rules().Select(rule => rule.Comment));
        Commit(socket, t =>
        {
            t.ReplaceRule("gate", Rules()[1].Handle, Commented("B"));
            t.DeleteRule("gate", Rules()[2].Handle);
        });
        Assert.Equal(["a", "B"], Rules().Select(rule => rule.Comment));
        Commit(socket, t => t.FlushChain("gate"));
        Assert.Empty(Rules());
        Commit(socket, t => t.DeleteChain("gate"));
        Assert.Empty(socket.Dump(NftFamily.Inet, "palisade")!.Chains);
    }

    [Fact]
    public void A_hundred_thousand_elements_go_in_one_transaction_and_come_back()
    {
        using var space = Namespaces.Create("large");
        using var socket = space.Run(() => new NftSocket());
        var elements = Enumerable.Range(0, 100_000)
            .Select(i => Element.Of(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8 & 255), (byte)(i & 255)])))
            .ToImmutableArray();
        Commit(socket, t =>
        {
            t.AddTable();
            t.AddSet(Pods);
            t.AddElements(Pods, elements);
        });
        Assert.True(socket.BytesSent > 1_000_000);
        Assert.Equal(elements.Length, socket.Dump(NftFamily.Inet, "palisade")!.Sets.Single().Elements.Length);
        Assert.Equal(new NftSet(Pods) { Elements = elements }, socket.Dump(NftFamily.Inet, "palisade")!.Sets.Single());
    }

    [Fact]
    public void Counters_count_and_are_deleted_when_unused()
    {
        using var space = Namespaces.Create("counters");
        using var socket = space.Run(() => new NftSocket());
        Commit(socket, t =>
        {
            t.AddTable();
            t.AddCounter(new("unused"));
            t.AddCounter(new("seen") { Comment = "packets seen" });
            t.AddChain(new("out") { Base = new("filter", NftHook.Output, 0) });
            var local = Match.Destination(IPNetwork.Parse("127.0.0.0/8"));
            t.AddRule("out", Rule.Of(local, Match.Protocol(17), Statement.CountOn("seen")));
            t.DeleteCounter("unused");
        });
        using var client = space.Run(() => new System.Net.Sockets.UdpClient());
        client.Send([1, 2, 3], 3, new IPEndPoint(IPAddress.Loopback, 9));
        var counter = Assert.Single(socket.Counters(Table));
        Assert.Equal(new NamedCounter("seen") { Comment = "packets seen" }, counter);
        Assert.Equal((1ul, 31ul), (counter.Packets, counter.Bytes));   // 20 IP, 8 UDP, 3 of ours
        Assert.Equal("EBUSY", Refusal(socket, t => t.DeleteCounter("seen")));
    }

    [Fact]
    public void Tables_of_others_are_left_alone_and_not_dumped()
    {
        var nft = Nft.Find();
        using var space = Namespaces.Create("foreign");
        const string Other = "table inet other { set s { type ipv4_addr; }\n chain c { ip saddr @s accept; }\n }";
        space.RunProgram(nft, Other, "-f", "-");
        using var socket = space.Run(() => new NftSocket());
        var before = space.RunProgram(nft, "", "list", "table", "inet", "other");
        Commit(socket, t =>
        {
            t.DestroyTable();
            t.AddTable();
            t.AddSet(Pods);
            t.AddChain(new("c"));
        });
        var dumped = socket.Dump(NftFamily.Inet, "palisade")!;
        Assert.Equal("pods", Assert.Single(dumped.Sets).Name);
        Assert.Equal("c", Assert.Single(dumped.Chains).Name);
        Assert.Empty(dumped.Chains[0].Rules);
        Assert.Equal(before, space.RunProgram(nft, "", "list", "table", "inet", "other"));
        Assert.Equal(["other", "palisade"], socket.Tables().Select(table => table.Name).Order());
    }

    [Fact]
    public void Random_sets_come_back_equal_and_are_listed_as_printed()
    {
        var nft = Nft.Find();
        using var space = Namespaces.Create("random");
        using var socket = space.Run(() => new NftSocket());
        RandomSets.Table.Sample(ruleset =>
        {
            Commit(socket, t =>
            {
                t.DestroyTable();
                t.AddRuleset(ruleset);
            });
            var dumped = socket.Dump(NftFamily.Inet, "palisade");
            Assert.Equal(ruleset, dumped);
            Assert.Equal(NftText.Print(dumped!), space.RunProgram(nft, "", "list", "table", "inet", "palisade"));
        }, iter: 60, threads: 1);
    }

    private static void AssertElements(NftSocket socket, SetDefinition set, params Element[] elements) =>
        Assert.Equal(new NftSet(set) { Elements = [.. elements] }, Dumped(socket).Sets.Single(s => s.Name == set.Name));

    private static Ruleset Dumped(NftSocket socket) => socket.Dump(NftFamily.Inet, "palisade")!;

    private static string Refusal(NftSocket socket, Action<Transaction> fill) =>
        Assert.Throws<NftablesException>(() => Commit(socket, fill)).ErrnoName;

    private static void Commit(NftSocket socket, Action<Transaction> fill)
    {
        var transaction = new Transaction(Table);
        fill(transaction);
        socket.Commit(transaction);
    }
}

using System.Diagnostics;
using System.Net;
using CsCheck;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Tests;

public sealed class NftMonitorTests(ITestOutputHelper output)
{
    private static readonly Table Table = new(NftFamily.Inet, "palisade");
    private static readonly SetDefinition Pods = new("pods", KeyType.Ipv4Address);

    [Fact]
    public void Each_transaction_is_told_with_what_it_touched_and_whose_it_was()
    {
        var nft = Nft.Find();
        using var space = Namespaces.Create("monitor");
        using var monitor = space.Run(() => new NftMonitor());
        using var socket = space.Run(() => new NftSocket());
        Assert.Null(monitor.Read(TimeSpan.Zero));
        Commit(socket, t =>
        {
            t.AddTable();
            t.AddCounter(new("seen"));
            t.AddChain(new("c"));
            t.AddSet(Pods);
            t.AddElements(Pods, Addresses(3));
            t.AddRule("c", Rule.Of(Match.Source(4, "pods"), Statement.Accept));
        });
        var ours = monitor.Read(TimeSpan.FromSeconds(5))!;
        Assert.Equal((socket.Port, socket.Generation(), true), (ours.Port, ours.Generation, ours.IsWhole));
        Assert.Equal(
            [Added(NftObject.Table, null), Added(NftObject.Object, "seen"), Added(NftObject.Chain, "c"),
                Added(NftObject.Set, "pods"), Added(NftObject.Element, "pods"), Added(NftObject.Rule, "c")],
            ours.Touched);
        Assert.True(ours.Touches(Table));

        space.RunProgram(nft, "", "add", "table", "bridge", "palisade");
        var foreign = monitor.Read(TimeSpan.FromSeconds(5))!;
        Assert.Equal(("nft", false), (foreign.ProcessName, foreign.Port == socket.Port));
        Assert.False(foreign.Touches(Table));
        Assert.True(foreign.Touches(new(NftFamily.Bridge, "palisade")));

        space.RunProgram(nft, "", "delete", "rule", "inet", "palisade", "c", "handle", Handle(socket));
        Assert.Equal([new(NftFamily.Inet, "palisade", NftObject.Rule, "c", IsDeleted: true)],
            monitor.Read(TimeSpan.FromSeconds(5))!.Touched);
        space.RunProgram(nft, "", "flush", "ruleset");
        var flush = monitor.Read(TimeSpan.FromSeconds(5))!;
        Assert.Contains(new(NftFamily.Inet, "palisade", NftObject.Table, null, IsDeleted: true), flush.Touched);
        Assert.Equal(socket.Generation(), flush.Generation);
        Assert.Null(monitor.Read(TimeSpan.Zero));
    }

    [Fact]
    public void A_transaction_of_many_things_is_cut_and_may_have_touched_anything()
    {
        using var space = Namespaces.Create("monitor-many");
        using var monitor = space.Run(() => new NftMonitor());
        using var socket = space.Run(() => new NftSocket());
        Commit(socket, t =>
        {
            t.AddTable();
            for (var i = 0; i < NftMonitor.MaxTouched + 5; i++)
                t.AddChain(new($"c{i}"));
        });
        var commit = monitor.Read(TimeSpan.FromSeconds(5))!;
        Assert.Equal((NftMonitor.MaxTouched, false), (commit.Touched.Length, commit.IsWhole));
        Assert.True(commit.Touches(new(NftFamily.Ip, "another")));
        Commit(socket, t => t.AddChain(new("last")));
        Assert.True(monitor.Read(TimeSpan.FromSeconds(5))!.IsWhole);
    }

    [Fact]
    public void Lost_notifications_say_look_and_the_rest_of_their_transaction_is_not_taken_for_whole()
    {
        using var space = Namespaces.Create("monitor-lost");
        using var monitor = space.Run(() => new NftMonitor(receiveBuffer: 8192));
        using var socket = space.Run(() => new NftSocket());
        Commit(socket, t =>
        {
            t.AddTable();
            t.AddSet(Pods);
        });
        Assert.False(monitor.Read(TimeSpan.FromSeconds(5))!.IsLost);
        for (var i = 1; i <= 200; i++)
            Commit(socket, t => t.AddElements(Pods, Addresses(i * 5)));   // those there already are not notified
        var first = monitor.Read(TimeSpan.FromSeconds(5))!;
        Assert.True(first.IsLost && first.Touches(Table));
        NftCommit? last = null;
        while (monitor.Read(TimeSpan.FromMilliseconds(50)) is { } commit)
            last = commit;
        Assert.True(last is null || last.Generation < socket.Generation());
        Commit(socket, t => t.AddChain(new("small")));
        while (monitor.Read(TimeSpan.FromMilliseconds(50)) is { } commit)
            last = commit;
        Assert.Equal(socket.Generation(), last!.Generation);
    }

    [Fact]
    public void Junk_is_told_as_something_or_nothing_but_never_throws() =>
        Gen.Select(Gen.UShort[0xa00, 0xa1f], Gen.Byte.Array[0, 80]).Sample((type, bytes) =>
            Assert.True(NftMonitor.Decode(new(type, 0, 0, 0, bytes)) is null || bytes.Length >= 4), iter: 20_000);

    internal static IEnumerable<Element> Addresses(int count) => Enumerable.Range(0, count)
        .Select(i => Element.Of(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8 & 255), (byte)(i & 255)])));

    private static NftTouch Added(NftObject kind, string? name) => new(NftFamily.Inet, "palisade", kind, name, false);

    private static string Handle(NftSocket socket) =>
        $"{socket.Dump(NftFamily.Inet, "palisade")!.Chains.Single().Rules.Single().Handle}";

    private static void Commit(NftSocket socket, Action<Transaction> fill)
    {
        var transaction = new Transaction(Table);
        fill(transaction);
        socket.Commit(transaction);
    }

    [Fact]
    public async Task A_foreign_change_is_known_within_milliseconds()
    {
        using var space = Namespaces.Create("monitor-latency");
        using var monitor = space.Run(() => new NftMonitor());
        using var socket = space.Run(() => new NftSocket());
        Commit(socket, t =>
        {
            t.AddTable();
            t.AddSet(Pods);
        });
        Assert.NotNull(monitor.Read(TimeSpan.FromSeconds(5)));
        var told = new List<double>();
        var reader = Task.Run(() =>
        {
            for (var k = 0; k < 500; k++)
            {
                Assert.NotNull(monitor.Read(TimeSpan.FromSeconds(5)));
                told.Add(Stopwatch.GetTimestamp());
            }
        }, TestContext.Current.CancellationToken);
        var sent = new List<double>();
        for (var i = 0; i < 500; i++)
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
            sent.Add(Stopwatch.GetTimestamp());
            Commit(socket, t => t.AddElements(Pods, Addresses(i + 1).TakeLast(1)));
        }

        await reader;
        var latencies = told.Zip(sent, (to, from) => (to - from) * 1000 / Stopwatch.Frequency).Order().ToArray();
        output.WriteLine($"from before the commit until it is told: median {latencies[250]:F3} ms, "
            + $"p99 {latencies[495]:F3} ms, at most {latencies[^1]:F3} ms");
        Assert.InRange(latencies[250], 0, 20);
    }
}

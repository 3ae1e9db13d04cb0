using System.Diagnostics;
using Palisade.Nftables.Flows;

namespace Palisade.Nftables.Tests.Flows;

/// <summary>Runs alone: it measures the heap, which all tests share.</summary>
[Collection(Alone.Name)]
public sealed class ManyFlowsTests(ITestOutputHelper output)
{
    [Fact]
    public void A_hundred_thousand_connections_are_read_and_deleted_in_bounded_memory()
    {
        const int Count = 100_000;
        using var space = Namespaces.Create("many");
        using var socket = space.Run(() => new ConntrackSocket());
        using var watcher = space.Run(() => new ConntrackSocket());
        Assert.Equal(Count, socket.Insert(Enumerable.Range(0, Count).Select(ConntrackSocketTests.Tcp)).Done);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        GC.Collect();
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        var peak = 0L;
        var clock = Stopwatch.StartNew();
        var read = 0;
        foreach (var flow in socket.Dump())
        {
            Assert.Equal(80, flow.Original.DestinationPort);
            if (++read % 20_000 == 0)
                peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true) - heap);
        }

        var dump = clock.Elapsed;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.Equal(Count, read);
        Assert.InRange(peak, long.MinValue, 1_000_000);   // about 32 kB of messages and what they decode to
        clock.Restart();
        Assert.Empty(socket.Dump(new() { Mark = (1, 1) }));
        var filtered = clock.Elapsed;
        clock.Restart();
        var all = socket.Dump().ToList();
        var plain = clock.Elapsed;
        Assert.Equal(Count / 2, socket.Dump().Take(Count / 2).Count());   // left early
        clock.Restart();
        var deleted = socket.Delete(all);
        output.WriteLine(
            $"dump {dump.TotalMilliseconds:F0} ms with collections, {plain.TotalMilliseconds:F0} ms without, "
            + $"{allocated / Count} bytes allocated each, live growth at most {peak} bytes; by a mark none has "
            + $"{filtered.TotalMilliseconds:F1} ms; delete {Count / clock.Elapsed.TotalSeconds:F0} a second");
        Assert.Equal((Count, 0, 0), (deleted.Done, deleted.Gone, deleted.Refused.Length));
        Assert.Equal(0, watcher.Count());
    }
}

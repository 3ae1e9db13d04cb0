using Palisade.Nftables;

namespace Palisade.Dataplane.FlowLog;

/// <summary>
/// How many packets were counted in the kernel but not logged: by each counter, what it has counted less what came
/// here. Nothing is counted twice, and what is still under way is not counted at all: a difference is told only when
/// it is larger than every one before.
/// </summary>
internal sealed class SuppressedCount
{
    private sealed class Tally
    {
        public ulong? Last { get; set; }

        public long Counted { get; set; }

        public long Received { get; set; }

        public long Told { get; set; }

        /// <summary>What had been counted at the look before: by now all of that has arrived.</summary>
        public long Settled { get; set; }
    }

    private readonly SortedDictionary<string, Tally> _tallies = new(StringComparer.Ordinal);

    /// <summary>A packet of this counter came.</summary>
    public void Received(string counter)
    {
        // Of a table that is not ours to know: not counted until the counter was seen.
        if (_tallies.TryGetValue(counter, out var tally))
            tally.Received++;
    }

    /// <summary>
    /// What the counters say now. The answer is what was not logged of what they said the last time, and not told yet.
    /// </summary>
    public IReadOnlyList<(string Counter, long Count)> Look(IEnumerable<NamedCounter> counters)
    {
        var news = new List<(string, long)>();
        foreach (var counter in counters)
        {
            if (!_tallies.TryGetValue(counter.Name, out var tally))
                _tallies[counter.Name] = tally = new();
            var missing = tally.Settled - tally.Received - tally.Told;
            if (missing > 0)
            {
                news.Add((counter.Name, missing));
                tally.Told += missing;
            }

            // A table that was written anew counts from 0; the first look only says where it stands.
            var grown = tally.Last is not { } last ? 0
                : counter.Packets >= last ? counter.Packets - last : counter.Packets;
            tally.Settled = tally.Counted += (long)grown;
            tally.Last = counter.Packets;
        }

        return news;
    }
}

using System.Collections.Immutable;
using System.Text;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// Puts a log statement before every counted end of a packet, so that the agent can tell whose it was and why. The
/// kernel limits how many are logged; the counters count all, so their difference says how many were not.
/// </summary>
/// <remarks>
/// An end without a condition (a gate's last rule) gets a rule of its own before it, with a limit of its own: who
/// floods one pod silences only that pod's log. Of those with conditions the counted rules lead to one chain an end,
/// that logs and ends; only in the chains for what conntrack could not place, where no ordinary packet comes, is the
/// condition asked twice, since a shared chain would not know the direction. The proof knows that a limit before a log
/// decides nothing.
/// </remarks>
internal static class DropLog
{
    /// <summary>Packets a second that the log of one gate takes, and how many at once (bursts).</summary>
    private const int GateRate = 50;
    private const int GateBurst = 100;

    /// <summary>The same for ends that many share.</summary>
    private const int SharedRate = 100;
    private const int SharedBurst = 200;

    /// <summary>Bytes of a packet: IPv6 with some extension headers, and ports.</summary>
    private const uint SnapLength = 128;

    /// <summary>Packets the kernel gathers before it wakes the agent, unless the agent's own 20 ms end first.</summary>
    private const ushort QueueThreshold = 32;

    /// <summary>The kernel refuses longer prefixes (NF_LOG_PREFIXLEN - 1).</summary>
    private const int PrefixBytes = 127;

    /// <summary>The same ruleset with logs; group 0: unchanged.</summary>
    public static Ruleset AddTo(Ruleset ruleset, ushort group)
    {
        if (group == 0)
            return ruleset;
        var counters = ruleset.Counters.Select(counter => counter.Name).ToHashSet(StringComparer.Ordinal);
        var ends = new SortedDictionary<string, Chain>(StringComparer.Ordinal);
        var chains = ruleset.Chains.Select(chain => Logged(chain, group, counters, ends)).ToImmutableArray();
        return ruleset with { Chains = [.. ends.Values, .. chains] };
    }

    private static Chain Logged(
        Chain chain, ushort group, HashSet<string> counters, SortedDictionary<string, Chain> ends)
    {
        if (!chain.Rules.Any(rule => CounterAt(rule, counters) >= 0))
            return chain;
        var rules = ImmutableArray.CreateBuilder<Rule>(chain.Rules.Length + 1);
        foreach (var rule in chain.Rules)
        {
            var at = CounterAt(rule, counters);
            if (at < 0)
            {
                rules.Add(rule);
                continue;
            }

            var (condition, end) = (rule.Expressions[..at], rule.Expressions[at..]);
            var isOdd = chain.Name is Names.OddIngress or Names.OddEgress;
            if (condition.IsEmpty || isOdd)
            {
                rules.Add(Rule.Of(condition, Log(group, end, chain.Name, GateRate, GateBurst)));
                rules.Add(rule);
                continue;
            }

            var there = EndChain(group, end);
            ends[there.Name] = there;
            rules.Add(Rule.Of(condition, Statement.Goto(there.Name)) with { Comment = rule.Comment });
        }

        return chain with { Rules = rules.DrainToImmutable() };
    }

    private static int CounterAt(Rule rule, HashSet<string> counters)
    {
        for (var i = 0; i < rule.Expressions.Length; i++)
        {
            if (rule.Expressions[i] is CounterReference counter && counters.Contains(counter.Name))
                return i;
        }

        return -1;
    }

    private static Chain EndChain(ushort group, ImmutableArray<Expression> end)
    {
        var name = Word(end) + "-" + CounterOf(end);
        if (end[^1] is Immediate { Verdict: { } verdict } && verdict != NftVerdict.Drop && verdict != NftVerdict.Accept)
            name += verdict == NftVerdict.Return ? "-return" : "-goto";
        return new(name)
        {
            Comment = "logged, counted, and the end of it",
            Rules = [Rule.Of(Log(group, end, CounterOf(end), SharedRate, SharedBurst)), Rule.Of(end)],
        };
    }

    private static ImmutableArray<Expression> Log(
        ushort group, ImmutableArray<Expression> end, string where, int rate, int burst)
    {
        var prefix = $"{Word(end)} {CounterOf(end)} {where}";
        while (Encoding.UTF8.GetByteCount(prefix) > PrefixBytes)
            prefix = prefix[..^1];
        return
        [
            .. Statement.Limit((ulong)rate, burst: (uint)burst),
            .. Statement.Log(group, prefix, SnapLength, QueueThreshold),
        ];
    }

    private static string CounterOf(ImmutableArray<Expression> end) => ((CounterReference)end[0]).Name;

    /// <summary>drop; observe where nothing is dropped.</summary>
    private static string Word(ImmutableArray<Expression> end) =>
        end[^1] is Immediate { Verdict: var verdict } && verdict == NftVerdict.Drop ? "drop" : "observe";
}

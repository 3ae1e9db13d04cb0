using System.Collections.Immutable;
using Palisade.Nftables;

namespace Palisade.Dataplane.Reconcile;

/// <summary>
/// What turns one ruleset of a table into another: first what is new, then rules, then the verdict maps that switch
/// packets over, and last what nothing refers to any more. Only chains whose rules differ are flushed; of sets that
/// stay, only elements are told.
/// </summary>
internal static class RulesetDiff
{
    /// <summary>
    /// Appends the changes to a transaction; nothing when there are none. False: the difference lies in what the kernel
    /// cannot change in place (a set's type, a base chain's hook, a comment), and the table must be replaced as a
    /// whole.
    /// </summary>
    public static bool TryAppend(Transaction transaction, Ruleset from, Ruleset to)
    {
        var sets = Pair(from.Sets, to.Sets, set => set.Name);
        var chains = Pair(from.Chains, to.Chains, chain => chain.Name);
        var counters = Pair(from.Counters, to.Counters, counter => counter.Name);
        var inPlace = from.Table == to.Table
            && counters.Kept.All(pair => pair.Old == pair.New)
            && sets.Kept.All(pair => pair.Old.Definition == pair.New.Definition)
            && chains.Kept.All(pair => pair.Old.Base == pair.New.Base && pair.Old.Comment == pair.New.Comment);
        if (!inPlace)
            return false;

        foreach (var counter in counters.Added)
            transaction.AddCounter(counter);
        foreach (var set in sets.Added)
            transaction.AddSet(set.Definition);
        AppendElements(transaction, sets, verdictMaps: false);
        foreach (var chain in chains.Added)
            transaction.AddChain(chain);
        AppendRules(transaction, chains);
        AppendElements(transaction, sets, verdictMaps: true);
        AppendRemovals(transaction, chains, sets, counters);
        return true;
    }

    private static void AppendElements(Transaction transaction, Pairs<NftSet> sets, bool verdictMaps)
    {
        foreach (var (old, now) in sets.Kept.Where(pair => pair.New.Definition.IsVerdictMap == verdictMaps))
        {
            if (old.Elements == now.Elements)
                continue;
            var before = old.Elements.ToHashSet();
            var after = now.Elements.ToHashSet();
            Append(transaction.DeleteElements, now.Definition, [.. old.Elements.Where(e => !after.Contains(e))]);
            Append(transaction.AddElements, now.Definition, [.. now.Elements.Where(e => !before.Contains(e))]);
        }

        foreach (var set in sets.Added.Where(set => set.Definition.IsVerdictMap == verdictMaps))
            Append(transaction.AddElements, set.Definition, set.Elements);
    }

    private static void Append(
        Action<SetDefinition, IEnumerable<Element>> how, SetDefinition set, ImmutableArray<Element> elements)
    {
        if (!elements.IsEmpty)
            how(set, elements);
    }

    private static void AppendRules(Transaction transaction, Pairs<Chain> chains)
    {
        foreach (var (old, now) in chains.Kept)
        {
            if (old.Rules.AsSpan().SequenceEqual(now.Rules.AsSpan()))
                continue;
            transaction.FlushChain(now.Name);
            foreach (var rule in now.Rules)
                transaction.AddRule(now.Name, rule);
        }

        foreach (var chain in chains.Added)
        {
            foreach (var rule in chain.Rules)
                transaction.AddRule(chain.Name, rule);
        }
    }

    private static void AppendRemovals(
        Transaction transaction, Pairs<Chain> chains, Pairs<NftSet> sets, Pairs<NamedCounter> counters)
    {
        // All are flushed before the first is deleted: chains may jump to each other. Sets before chains: the elements
        // of a verdict map refer to some.
        foreach (var chain in chains.Removed)
            transaction.FlushChain(chain.Name);
        foreach (var set in sets.Removed)
            transaction.DeleteSet(set.Name);
        foreach (var chain in chains.Removed)
            transaction.DeleteChain(chain.Name);
        foreach (var counter in counters.Removed)
            transaction.DeleteCounter(counter.Name);
    }

    private static Pairs<T> Pair<T>(ImmutableArray<T> old, ImmutableArray<T> now, Func<T, string> name)
    {
        var before = old.ToDictionary(name, StringComparer.Ordinal);
        var kept = now.Where(item => before.ContainsKey(name(item))).Select(item => (before[name(item)], item))
            .ToImmutableArray();
        var after = now.Select(name).ToHashSet(StringComparer.Ordinal);
        return new(
            kept,
            [.. now.Where(item => !before.ContainsKey(name(item)))],
            [.. old.Where(item => !after.Contains(name(item)))]);
    }

    private sealed record Pairs<T>(
        ImmutableArray<(T Old, T New)> Kept, ImmutableArray<T> Added, ImmutableArray<T> Removed);
}

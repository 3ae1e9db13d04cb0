using System.Collections.Immutable;
using Palisade.Nftables;

namespace Palisade.Dataplane.Reconcile;

/// <summary>
/// What turns one ruleset of a table into another. Only chains whose rules differ are flushed; of sets that stay, only
/// elements are told.
/// </summary>
internal static class RulesetDiff
{
    /// <summary>
    /// The difference, or null: it lies in what the kernel cannot change in place (a set's type, a base chain's hook, a
    /// comment), and the table must be replaced as a whole. Table flags are not looked at.
    /// </summary>
    /// <param name="from">The old ruleset.</param>
    /// <param name="to">The new ruleset.</param>
    /// <param name="withComments">Whether other comments of tables, chains, sets and counters are a difference.</param>
    public static TableChange? Find(Ruleset from, Ruleset to, bool withComments = true)
    {
        var sets = Pair(from.Sets, to.Sets, set => set.Name);
        var chains = Pair(from.Chains, to.Chains, chain => chain.Name);
        var counters = Pair(from.Counters, to.Counters, counter => counter.Name);
        var inPlace = Comment(from.Table.Comment) == Comment(to.Table.Comment)
            && counters.Kept.All(pair => Comment(pair.Old.Comment) == Comment(pair.New.Comment))
            && sets.Kept.All(pair => Definition(pair.Old) == Definition(pair.New))
            && chains.Kept.All(pair =>
                pair.Old.Base == pair.New.Base && Comment(pair.Old.Comment) == Comment(pair.New.Comment));
        if (!inPlace)
            return null;
        return new(to.Table)
        {
            AddedCounters = counters.Added,
            AddedSets = sets.Added,
            AddedChains = chains.Added,
            Elements = [.. sets.Kept.Select(pair => Elements(pair.Old, pair.New)).OfType<ElementChange>()],
            ChangedChains =
            [
                .. chains.Kept.Where(pair => pair.Old.Rules != pair.New.Rules
                    && !pair.Old.Rules.AsSpan().SequenceEqual(pair.New.Rules.AsSpan())).Select(pair => pair.New),
            ],
            RemovedSets = [.. sets.Removed.Select(set => set.Name)],
            RemovedChains = [.. chains.Removed.Select(chain => chain.Name)],
            RemovedCounters = [.. counters.Removed.Select(counter => counter.Name)],
        };

        string? Comment(string? comment) => withComments ? comment : null;

        SetDefinition Definition(NftSet set) =>
            withComments ? set.Definition : set.Definition with { Comment = null };
    }

    private static ElementChange? Elements(NftSet old, NftSet now)
    {
        if (old.Elements == now.Elements || old.Elements.AsSpan().SequenceEqual(now.Elements.AsSpan()))
            return null;
        var before = old.Elements.ToHashSet();
        var after = now.Elements.ToHashSet();
        ImmutableArray<Element> removed = [.. old.Elements.Where(e => !after.Contains(e))];
        ImmutableArray<Element> added = [.. now.Elements.Where(e => !before.Contains(e))];
        return removed.IsEmpty && added.IsEmpty ? null : new(now.Definition, removed, added);
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

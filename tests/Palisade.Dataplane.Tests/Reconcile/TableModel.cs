using System.Collections.Immutable;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;

namespace Palisade.Dataplane.Tests.Reconcile;

/// <summary>
/// Carries changes of tables out as the kernel does, and refuses what it refuses: adding what is there, deleting what
/// is not.
/// </summary>
internal static class TableModel
{
    public static Ruleset Apply(Ruleset table, TableChange change)
    {
        var sets = table.Sets.ToDictionary(set => set.Name);
        var chains = table.Chains.ToDictionary(chain => chain.Name);
        var counters = table.Counters.ToDictionary(counter => counter.Name);
        foreach (var counter in change.AddedCounters)
            counters.Add(counter.Name, counter);
        foreach (var set in change.AddedSets)
            sets.Add(set.Name, set);
        foreach (var chain in change.AddedChains)
            chains.Add(chain.Name, chain);
        foreach (var set in change.Elements)
            sets[set.Set.Name] = Apply(sets[set.Set.Name], set);
        foreach (var chain in change.ChangedChains)
            chains[chain.Name] = chains[chain.Name] with { Rules = chain.Rules };
        Assert.All(change.RemovedSets, name => Assert.True(sets.Remove(name), $"set {name} is not there"));
        Assert.All(change.RemovedChains, name => Assert.True(chains.Remove(name), $"chain {name} is not there"));
        Assert.All(change.RemovedCounters, name => Assert.True(counters.Remove(name), $"counter {name} is not there"));
        return Sorted(table with
        {
            Sets = [.. sets.Values],
            Chains = [.. chains.Values],
            Counters = [.. counters.Values],
        });
    }

    public static Ruleset Sorted(Ruleset ruleset) => ruleset with
    {
        Counters = [.. ruleset.Counters.OrderBy(counter => counter.Name, StringComparer.Ordinal)],
        Sets = [.. ruleset.Sets.OrderBy(set => set.Name, StringComparer.Ordinal)],
        Chains = [.. ruleset.Chains.OrderBy(chain => chain.Name, StringComparer.Ordinal)],
    };

    private static NftSet Apply(NftSet set, ElementChange change)
    {
        Assert.Equal(set.Definition, change.Set);
        var elements = set.Elements.ToHashSet();
        Assert.All(change.Removed, e => Assert.True(elements.Remove(e), $"{e} is not in {set.Name}"));
        Assert.All(change.Added, e => Assert.True(elements.Add(e), $"{e} is in {set.Name} already"));
        return set with { Elements = [.. elements] };
    }
}

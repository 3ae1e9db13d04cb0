using System.Collections.Immutable;
using Palisade.Dataplane.Lower;
using Palisade.Nftables;

namespace Palisade.Dataplane.Reconcile;

/// <summary>
/// A change as steps of a transaction, in three parts. Prepare is what nothing refers to yet, and Clear what nothing
/// refers to any more: wherever they are cut, packets meet the same rules. Only Switch changes what happens to packets.
/// </summary>
internal sealed class ChangeSteps(TableChange change)
{
    /// <summary>Elements in one step; some 30 bytes each.</summary>
    private const int ElementsInStep = 1000;

    public IEnumerable<Action<Transaction>> Prepare()
    {
        foreach (var counter in change.AddedCounters)
            yield return transaction => transaction.AddCounter(counter);
        foreach (var set in change.AddedSets)
            yield return transaction => transaction.AddSet(set.Definition);
        foreach (var step in change.AddedSets.Where(set => !set.Definition.IsVerdictMap).SelectMany(Elements))
            yield return step;
        foreach (var chain in AddedChains(based: false))
            yield return transaction => transaction.AddChain(chain);
        foreach (var chain in AddedChains(based: false))
        {
            foreach (var rule in chain.Rules)
                yield return transaction => transaction.AddRule(chain.Name, rule);
        }

        foreach (var step in change.AddedSets.Where(set => set.Definition.IsVerdictMap).SelectMany(Elements))
            yield return step;
    }

    public IEnumerable<Action<Transaction>> Switch()
    {
        foreach (var step in Changed(verdictMaps: false))
            yield return step;
        foreach (var chain in change.ChangedChains)
        {
            yield return transaction =>
            {
                transaction.FlushChain(chain.Name);
                foreach (var rule in chain.Base is null ? [] : chain.Rules)
                    transaction.AddRule(chain.Name, rule);
            };
            foreach (var rule in chain.Base is null ? chain.Rules : [])
                yield return transaction => transaction.AddRule(chain.Name, rule);
        }

        foreach (var step in Changed(verdictMaps: true))
            yield return step;
        // The base chains and all their rules are one step, so that they are never apart.
        if (AddedChains(based: true).Any())
            yield return AddBaseChains;
    }

    public IEnumerable<Action<Transaction>> Clear()
    {
        // All are flushed before the first is deleted: chains may jump to each other. Sets before chains: the elements
        // of a verdict map refer to some.
        foreach (var chain in change.RemovedChains)
            yield return transaction => transaction.FlushChain(chain);
        foreach (var set in change.RemovedSets)
            yield return transaction => transaction.DeleteSet(set);
        foreach (var chain in change.RemovedChains)
            yield return transaction => transaction.DeleteChain(chain);
        foreach (var counter in change.RemovedCounters)
            yield return transaction => transaction.DeleteCounter(counter);
    }

    private IEnumerable<Chain> AddedChains(bool based) => change.AddedChains.Where(c => c.Base is not null == based);

    private void AddBaseChains(Transaction transaction)
    {
        foreach (var chain in AddedChains(based: true))
        {
            transaction.AddChain(chain);
            foreach (var rule in chain.Rules)
                transaction.AddRule(chain.Name, rule);
        }
    }

    private IEnumerable<Action<Transaction>> Changed(bool verdictMaps)
    {
        foreach (var set in change.Elements.Where(set => set.Set.IsVerdictMap == verdictMaps))
        {
            foreach (var some in Parts(set.Set, set.Removed))
                yield return transaction => transaction.DeleteElements(set.Set, some);
            foreach (var some in Parts(set.Set, set.Added))
                yield return transaction => transaction.AddElements(set.Set, some);
        }
    }

    private static IEnumerable<Action<Transaction>> Elements(NftSet set) => Parts(set.Definition, set.Elements)
        .Select(some => (Action<Transaction>)(transaction => transaction.AddElements(set.Definition, some)));

    /// <summary>
    /// A set of concatenated intervals (pipapo) comes in one piece: the kernel copies all of it for each transaction.
    /// </summary>
    private static IEnumerable<Element[]> Parts(SetDefinition set, ImmutableArray<Element> elements) =>
        elements.IsEmpty ? [] : set.IsInterval ? [[.. elements]] : elements.Chunk(ElementsInStep);
}

using System.Collections.Immutable;
using System.Net;
using Palisade.Lab.Network;
using Palisade.Nftables;

namespace Palisade.Lab.Services;

/// <summary>From one state of the Services' table to the next, in one transaction.</summary>
internal static class ServiceTableChange
{
    /// <summary>The whole table, in place of whatever there was.</summary>
    public static Transaction Whole(ServiceTable table, AddressPair node, IReadOnlyList<IPNetwork> ranges)
    {
        var transaction = new Transaction(ServiceTable.Table);
        transaction.DestroyTable();
        transaction.AddRuleset(new(ServiceTable.Table)
        {
            Sets =
            [
                .. ServiceTable.Definitions.Values.Select(
                    set => new NftSet(set) { Elements = [.. Sorted(table.Elements[set.Name])] }),
            ],
            // Base chains come last, when what they jump to is there.
            Chains = [.. table.Chains.Values, .. ServiceTable.Fixed(node, ranges)],
        });
        return transaction;
    }

    /// <summary>The difference; empty when there is none.</summary>
    public static Transaction Between(ServiceTable before, ServiceTable after)
    {
        var transaction = new Transaction(ServiceTable.Table);
        foreach (var (name, chain) in after.Chains)
        {
            if (!before.Chains.TryGetValue(name, out var old))
                transaction.AddChain(chain with { Rules = [] });
            else if (old.Equals(chain))
                continue;
            else
                transaction.FlushChain(name);
            foreach (var rule in chain.Rules)
                transaction.AddRule(name, rule);
        }

        foreach (var (name, set) in ServiceTable.Definitions)
        {
            var (gone, come) = (
                before.Elements[name].Except(after.Elements[name]), after.Elements[name].Except(before.Elements[name]));
            if (gone.Count > 0)
                transaction.DeleteElements(set, Sorted(gone));
            if (come.Count > 0)
                transaction.AddElements(set, Sorted(come));
        }

        // After the map's elements, which refer to them.
        foreach (var name in before.Chains.Keys.Where(name => !after.Chains.ContainsKey(name)))
            transaction.DeleteChain(name);
        return transaction;
    }

    private static IEnumerable<Element> Sorted(ImmutableHashSet<Element> elements) =>
        elements.OrderBy(element => element.Key.ToString(), StringComparer.Ordinal);
}

using System.Collections.Immutable;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Cut;

/// <summary>
/// Which connections the change of a table concerns. A first packet is judged by the chains that its ends' addresses
/// lead to, and by the sets that these look its other end up in: where neither changed, the judgement is the old one.
/// So it is the table that is asked, not the policy: a class that was split because a policy mentions a label concerns
/// nobody.
/// </summary>
/// <param name="frame">The table as it is after the change.</param>
/// <param name="node">Its node.</param>
/// <param name="denies">
/// Whether rules deny or pass (those of cluster policies): then a peer more, or a gate less, may close something.
/// </param>
internal sealed class Concerned(TableFrame frame, string node, bool denies)
{
    private readonly SortedSet<Address> _found = [];
    private bool _opens;
    private bool _isAll;

    /// <param name="delta">What changed of the policy.</param>
    /// <param name="change">What that made of the table; null: another table.</param>
    /// <param name="shared">
    /// Addresses that moved and that several pods claim or did: what they may changes without their sets.
    /// </param>
    public CutScope By(PolicyDelta delta, TableChange? change, IEnumerable<Address> shared)
    {
        if (change is null)
            return CutScope.Everything;
        _found.UnionWith(shared);
        AddPods(delta.Endpoints);
        foreach (var set in change.Elements)
            Add(set);
        AddGates(change.ChangedChains);
        return _isAll ? CutScope.Everything : new([.. _found]) { Opens = _opens };
    }

    /// <summary>Pods that come, go or move here: who has an address now is not who had it.</summary>
    private void AddPods(ImmutableArray<EndpointChange> changes)
    {
        foreach (var (_, before, after, _, _) in changes)
        {
            if (IsWhereItWas(before, after))
                continue;
            foreach (var pod in new[] { before, after }.Where(pod => pod?.Node == node))
                _found.UnionWith(pod!.Addresses);
        }
    }

    private static bool IsWhereItWas(Endpoint? before, Endpoint? after) => before is not null && after is not null
        && before.Node == after.Node && before.HostNetwork == after.HostNetwork
        && before.Addresses.AsSpan().SequenceEqual(after.Addresses.AsSpan());

    private void Add(ElementChange change)
    {
        if (frame.Peers.ContainsKey(change.Set.Name))
        {
            Close(change.Removed);
            Open(change.Added);
        }
        else if (IsOfPairs(change.Set))
        {
            // Before and after it is other gates that judge them.
            _opens = true;
            foreach (var element in change.Added.Concat(change.Removed))
                _found.UnionWith(AddressesOf(change.Set, element));
        }
        else if (IsGateMap(change.Set))
        {
            Close(change.Added);
            Open(change.Removed);
        }
        else if (!IsOfInterfaces(change.Set.Name))
        {
            _isAll = true;
        }
    }

    private void Close(ImmutableArray<Element> elements) =>
        _found.UnionWith(elements.Select(element => Address.FromBytes(element.Key.Bytes)));

    private void Open(ImmutableArray<Element> elements)
    {
        if (elements.IsEmpty)
            return;
        _opens = true;
        if (denies)
            Close(elements);
    }

    /// <summary>The addresses whose gates lead to a chain that has other rules now.</summary>
    private void AddGates(ImmutableArray<Chain> changed)
    {
        if (changed.IsEmpty)
            return;
        _opens = true;
        var names = changed.Select(chain => chain.Name).ToHashSet(StringComparer.Ordinal);
        var others = names.ToHashSet(StringComparer.Ordinal);   // those that no gate leads to
        var chains = frame.Fixed.Chains.ToDictionary(chain => chain.Name, StringComparer.Ordinal);
        var ways = new Dictionary<string, ImmutableHashSet<string>>(StringComparer.Ordinal);
        var elements = frame.Maps.Where(map => IsGateMap(map.Definition))
            .SelectMany(map => map.Elements, (map, element) => (map.Definition, element));
        foreach (var (map, element) in elements)
        {
            var way = WayFrom(element.Verdict!.Chain!);
            others.ExceptWith(way);
            if (way.Overlaps(names))
                _found.UnionWith(AddressesOf(map, element));
        }

        _isAll |= others.Count > 0;   // every packet meets them

        ImmutableHashSet<string> WayFrom(string name)
        {
            if (ways.TryGetValue(name, out var known))
                return known;
            var next = chains[name].Rules.SelectMany(rule => rule.Expressions).OfType<Immediate>()
                .Select(immediate => immediate.Verdict.Chain).OfType<string>();
            return ways[name] = next.Aggregate(ImmutableHashSet.Create(name), (way, to) => way.Union(WayFrom(to)));
        }
    }

    /// <summary>From a pair of addresses, of which several pods claim one, to what they may.</summary>
    private static bool IsOfPairs(SetDefinition set) => set.Name.TrimEnd('4', '6') == Names.Claims;

    /// <summary>One, or the two of a pair; the families' numbers end the names of such maps.</summary>
    private static IEnumerable<Address> AddressesOf(SetDefinition map, Element element) =>
        element.Key.Bytes.ToArray().Chunk(map.Name[^1] == '4' ? 4 : 16).Select(bytes => Address.FromBytes(bytes));

    /// <summary>From a pod's address to its gate.</summary>
    private static bool IsGateMap(SetDefinition set) => set.IsVerdictMap && set.Name != Names.ExemptLinks;

    /// <summary>
    /// Which interface is whose, and whether a pod has a gate: a connection of the pod is judged by other sets.
    /// </summary>
    private static bool IsOfInterfaces(string name) =>
        name is Names.Pods or Names.Bridges or Names.ExemptLinks
        || name.TrimEnd('4', '6') is Names.Gated or "source" or "self";
}

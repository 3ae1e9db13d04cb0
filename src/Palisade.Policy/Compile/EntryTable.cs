using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>Gathers what rules allow by port set: peers that are allowed the same ports are one entry.</summary>
internal sealed class EntryTable(PortSetPool pool)
{
    private readonly Dictionary<PortSet, Row> _rows = [];

    /// <summary>All peers of a rule, on these ports. Without ports nothing is allowed and nothing is added.</summary>
    public void Add(PortSet ports, CompiledRule rule)
    {
        if (ports.IsEmpty)
            return;
        var row = RowOf(ports, rule);
        row.Anyone |= rule.Peers.IsEmpty;
        foreach (var peer in rule.Peers)
        {
            if (peer.Pods is { } pods)
                row.Pods.Add((pods.Text, pods.Set));
            else if (peer.Block is { } block)
                row.Blocks.Add((block.Text, block.Block));
            else
                row.Addresses.Add((peer.Addresses!.Set.ToString(), peer.Addresses.Set));
        }
    }

    /// <summary>These pods, on these ports.</summary>
    public void Add(PortSet ports, CompiledRule rule, PodSet pods) =>
        RowOf(ports, rule).Pods.Add((pods.ToString(), pods));

    public ImmutableArray<GateEntry> ToEntries() =>
    [
        .. _rows.OrderBy(row => row.Key.ToString(), StringComparer.Ordinal)
            .Select(row => new GateEntry(row.Key, row.Value.ToUnion(), [.. row.Value.Rules])),
    ];

    private Row RowOf(PortSet ports, CompiledRule rule)
    {
        var interned = pool.Intern(ports);
        if (!_rows.TryGetValue(interned, out var row))
            _rows[interned] = row = new();
        if (row.Rules.Count == 0 || row.Rules[^1] != rule.Ref)
            row.Rules.Add(rule.Ref);
        return row;
    }

    private sealed class Row
    {
        public bool Anyone { get; set; }

        public List<(string Text, PodSet Set)> Pods { get; } = [];

        public List<(string Text, BlockPeer Block)> Blocks { get; } = [];

        public List<(string Text, AddressSet Set)> Addresses { get; } = [];

        public List<RuleRef> Rules { get; } = [];

        public PeerUnion ToUnion() => Anyone
            ? PeerUnion.Everyone
            : new(false, Distinct(Pods), Distinct(Blocks)) { Addresses = Distinct(Addresses) };

        /// <summary>Each once, in the order of the texts.</summary>
        private static ImmutableArray<T> Distinct<T>(List<(string Text, T Item)> items)
        {
            if (items.Count == 0)
                return [];
            items.Sort((one, other) => string.CompareOrdinal(one.Text, other.Text));
            var distinct = ImmutableArray.CreateBuilder<T>(items.Count);
            for (var i = 0; i < items.Count; i++)
            {
                if (i == 0 || items[i].Text != items[i - 1].Text)
                    distinct.Add(items[i].Item);
            }

            return distinct.DrainToImmutable();
        }
    }
}

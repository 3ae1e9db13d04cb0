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
                row.Pods[pods.Set.ToString()] = pods.Set;
            else if (peer.Block is { } block)
                row.Blocks[block.Block.ToString()] = block.Block;
            else
                row.Addresses[peer.Addresses!.Set.ToString()] = peer.Addresses.Set;
        }
    }

    /// <summary>These pods, on these ports.</summary>
    public void Add(PortSet ports, CompiledRule rule, PodSet pods) => RowOf(ports, rule).Pods[pods.ToString()] = pods;

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

        public SortedDictionary<string, PodSet> Pods { get; } = new(StringComparer.Ordinal);

        public SortedDictionary<string, BlockPeer> Blocks { get; } = new(StringComparer.Ordinal);

        public SortedDictionary<string, AddressSet> Addresses { get; } = new(StringComparer.Ordinal);

        public List<RuleRef> Rules { get; } = [];

        public PeerUnion ToUnion() => Anyone
            ? PeerUnion.Everyone
            : new(false, [.. Pods.Values], [.. Blocks.Values]) { Addresses = [.. Addresses.Values] };
    }
}

using System.Collections.Immutable;
using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>Gathers peers of rules into a union: each once, in the order of their texts.</summary>
internal sealed class UnionBuilder
{
    private readonly List<(string Text, PodSet Set)> _pods = [];
    private readonly List<(string Text, BlockPeer Block)> _blocks = [];
    private readonly List<(string Text, AddressSet Set)> _addresses = [];
    private bool _anyone;

    /// <summary>The peers of one rule.</summary>
    public static PeerUnion Of(CompiledRule rule)
    {
        var union = new UnionBuilder();
        union.Add(rule);
        return union.ToUnion();
    }

    /// <summary>All peers of a rule.</summary>
    public void Add(CompiledRule rule)
    {
        _anyone |= rule.Peers.IsEmpty;
        foreach (var peer in rule.Peers)
        {
            if (peer.Pods is { } pods)
                _pods.Add((pods.Text, pods.Set));
            else if (peer.Block is { } block)
                _blocks.Add((block.Text, block.Block));
            else
                _addresses.Add((peer.Addresses!.Set.ToString(), peer.Addresses.Set));
        }
    }

    /// <summary>These pods.</summary>
    public void Add(PodSet pods) => _pods.Add((pods.ToString(), pods));

    public PeerUnion ToUnion() => _anyone
        ? PeerUnion.Everyone
        : new(false, Distinct(_pods), Distinct(_blocks)) { Addresses = Distinct(_addresses) };

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

using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// The edges of port sets that are several ranges, each set once, one after the other in one array: thousands of cells
/// say the same tens of sets, which so stay in the processor's nearest cache. Reading takes no lock.
/// </summary>
internal sealed class PortEdges
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PortSet, ulong> _known = [];
    private int[] _edges = new int[64];
    private int _count;

    /// <summary>A set as one word; if it is not whole, its edges are here from now on.</summary>
    public ulong Pack(PortSet set)
    {
        var packed = PackedPorts.Of(set);
        if (PackedPorts.IsWhole(packed))
            return packed;
        lock (_lock)
        {
            if (!_known.TryGetValue(set, out var word))
                _known[set] = word = Add(packed, PackedPorts.EdgesOf(set));
            return word;
        }
    }

    /// <summary>Whether the set of a word that is not whole contains a port.</summary>
    public bool Contains(ulong packed, Protocol protocol, ushort port) =>
        PackedPorts.Contains(Volatile.Read(ref _edges).AsSpan()[PackedPorts.EdgesIn(packed)], protocol, port);

    private ulong Add(ulong packed, int[] edges)
    {
        var all = _edges;
        if (_count + edges.Length > all.Length)
            Array.Resize(ref all, Math.Max(2 * all.Length, _count + edges.Length));
        edges.CopyTo(all.AsSpan(_count));
        // Before any word that points there.
        Volatile.Write(ref _edges, all);
        _count += edges.Length;
        return PackedPorts.WithEdges(packed, _count - edges.Length, edges.Length);
    }
}

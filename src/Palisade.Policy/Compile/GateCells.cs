using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// A gate as a table: kind of atom × kind of class → ports, once for peers that NetworkPolicies exempt and once for the
/// others. A cell is asked of the <see cref="TierWalk"/> for the first peer of its kinds, and kept. Safe for many
/// threads: a cell is one word, written after what it stands for; threads that ask at once find the same.
/// </summary>
internal sealed class GateCells
{
    private readonly PortSet?[] _sets;
    private readonly PortEdges _edges;
    private readonly Func<int, int, bool, PortSet> _ask;

    /// <summary>The table of a gate. <paramref name="ask"/> tells class, atom number and exempt to ports.</summary>
    public GateCells(GateKinds kinds, PortEdges edges, Func<int, int, bool, PortSet> ask)
    {
        (Kinds, _edges, _ask) = (kinds, edges, ask);
        Words = CellWords.Of(kinds);
        _sets = new PortSet?[CellWords.Count(Words)];
    }

    /// <summary>The table where there is no gate: everything passes.</summary>
    public static GateCells NoGate { get; } = new(GateKinds.None, new(), (_, _, _) => PortSet.Everything);

    /// <summary>What the gate cannot tell apart.</summary>
    public GateKinds Kinds { get; }

    /// <summary>All that a verdict reads, if the cell is known and one range.</summary>
    public ulong[] Words { get; }

    /// <summary>
    /// How many bytes it keeps; sets of ports and of classes, which gates share, are not counted.
    /// </summary>
    public long Bytes => 256 + 8L * (Words.Length + _sets.Length);

    /// <summary>
    /// The ports that the gate lets a peer of a class (-1: no pod), in an atom by its number (-1: no address), through.
    /// </summary>
    public PortSet PortsFor(int peerClass, int atom, bool exempt)
    {
        var cell = CellWords.IndexOf(Words, peerClass, atom, exempt);
        if (cell >= _sets.Length)
            return _ask(peerClass, atom, exempt);
        ref var word = ref Words[CellWords.Cells + cell];
        if (Volatile.Read(ref word) == 0)
        {
            var ports = _ask(peerClass, atom, exempt);
            Volatile.Write(ref _sets[cell], ports);
            Volatile.Write(ref word, _edges.Pack(ports));
        }

        return Volatile.Read(ref _sets[cell])!;
    }
}

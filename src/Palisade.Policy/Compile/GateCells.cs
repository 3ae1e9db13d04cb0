using System.Numerics;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// A gate as a table: kind of atom × kind of class → ports, once for peers that NetworkPolicies exempt and once for the
/// others. A cell is asked of the <see cref="TierWalk"/> for the first peer of its kinds, and kept. Safe for many
/// threads: a cell is one word, written after what it stands for; threads that ask at once find the same.
/// </summary>
internal sealed class GateCells
{
    /// <summary>
    /// More cells than this are not kept but asked each time: 2 MiB a gate. No cluster of the benchmarks comes near.
    /// </summary>
    private const long MostCells = 1 << 17;

    // Kinds of classes as numbers of 1, 2, 4, 8, 16 or 32 bits for the classes of one window; outside of it is kind 0.
    private readonly ulong[] _window;
    private readonly int _windowStart;
    private readonly int _log2Bits;
    private readonly uint _kindMask;
    private readonly GateKinds _kinds;
    private readonly ulong[] _cells;
    private readonly PortSet?[] _sets;
    private readonly TierWalk? _walk;
    private readonly Gate? _gate;
    private readonly CidrAtoms? _atoms;
    private readonly PortSetPool? _pool;

    private GateCells(GateKinds kinds)
    {
        _kinds = kinds;
        _log2Bits = Log2BitsFor(kinds.Classes.Count + 1);
        _kindMask = (uint)((1ul << (1 << _log2Bits)) - 1);
        (_windowStart, _window) = Pack(kinds.Classes, _log2Bits);
        var cells = 2L * kinds.AtomKinds * Width;
        _cells = new ulong[cells <= MostCells ? cells : 0];
        _sets = new PortSet?[_cells.Length];
    }

    public GateCells(Gate gate, GateKinds kinds, TierWalk walk, CidrAtoms atoms, PortSetPool pool)
        : this(kinds) => (_gate, _walk, _atoms, _pool) = (gate, walk, atoms, pool);

    /// <summary>The table where there is no gate: everything passes.</summary>
    public static GateCells NoGate { get; } = new(GateKinds.None);

    /// <summary>What the gate cannot tell apart.</summary>
    public GateKinds Kinds => _kinds;

    /// <summary>How many bytes it keeps; sets of classes, which terms share, are not counted.</summary>
    public long Bytes => 256 + 8L * (_window.Length + 2 * _cells.Length + _kinds.RunStarts.Length);

    // One kind more than the classes have: what is no pod.
    private int Width => _kinds.Classes.Count + 2;

    /// <summary>
    /// Whether the gate lets a peer of a class (-1: no pod), in an atom by its number (-1: no address), through.
    /// </summary>
    public bool Allows(int peerClass, int atom, bool exempt, Protocol protocol, ushort port)
    {
        var (cell, cells) = (CellOf(peerClass, atom, exempt), _cells);
        if ((uint)cell < (uint)cells.Length)
        {
            var packed = Volatile.Read(ref cells[cell]);
            if (PackedPorts.IsWhole(packed))
                return PackedPorts.Contains(packed, protocol, port);
        }

        return PortsFor(peerClass, atom, exempt).Contains(protocol, port);
    }

    /// <summary>The ports that the gate lets such a peer through on.</summary>
    public PortSet PortsFor(int peerClass, int atom, bool exempt)
    {
        var cell = CellOf(peerClass, atom, exempt);
        if (cell >= _cells.Length)
            return Ask(peerClass, atom, exempt);
        if (Volatile.Read(ref _cells[cell]) == 0)
        {
            var ports = Ask(peerClass, atom, exempt);
            Volatile.Write(ref _sets[cell], ports);
            Volatile.Write(ref _cells[cell], PackedPorts.Of(ports));
        }

        return Volatile.Read(ref _sets[cell])!;
    }

    /// <summary>The kind of an atom by its number; 0 for -1, which is no address.</summary>
    public int AtomKindOf(int atom)
    {
        var starts = _kinds.RunStarts;
        if (starts.Length == 0 || atom < 0)
            return 0;
        var found = Array.BinarySearch(starts, atom);
        return _kinds.RunKinds[found >= 0 ? found : ~found - 1];
    }

    private int CellOf(int peerClass, int atom, bool exempt)
    {
        unchecked
        {
            var row = _kinds.RunStarts.Length == 0 ? 0 : AtomKindOf(atom);
            if (exempt)
                row += _kinds.AtomKinds;
            return row * Width + ClassKindOf(peerClass);
        }
    }

    private int ClassKindOf(int peerClass)
    {
        unchecked
        {
            var (at, window) = ((uint)(peerClass - _windowStart), _window);
            var word = at >> (6 - _log2Bits);
            if (word < (uint)window.Length)
                return (int)((uint)(window[word] >> (int)(at << _log2Bits)) & _kindMask);
            return peerClass < 0 ? Width - 1 : 0;
        }
    }

    private PortSet Ask(int peerClass, int atom, bool exempt) => _gate is null
        ? PortSet.Everything
        : _pool!.Intern(_walk!.PortsFor(_gate, peerClass, _atoms!.AtomAt(atom), exempt));

    private static int Log2BitsFor(int kinds)
    {
        var log2 = 0;
        while (1L << (1 << log2) < kinds)
            log2++;
        return log2;
    }

    private static (int Start, ulong[] Window) Pack(IReadOnlyList<IdSet> kinds, int log2Bits)
    {
        var filled = kinds.Where(kind => !kind.IsEmpty).ToList();
        if (filled.Count == 0)
            return (0, []);
        var first = filled.Min(kind => kind.FirstWord);
        var end = filled.Max(kind => kind.FirstWord + kind.Words.Length);
        var start = first * 64;
        var window = new ulong[(end - first) << log2Bits];
        for (var kind = 0; kind < kinds.Count; kind++)
        {
            // With one bit a class, the set of kind 1 is the window.
            if (log2Bits == 0)
                kinds[kind].Words.CopyTo(window.AsSpan(kinds[kind].FirstWord - first));
            else
                Pack(window, kinds[kind], start, log2Bits, (uint)kind + 1);
        }

        return (start, window);
    }

    private static void Pack(ulong[] window, IdSet classes, int start, int log2Bits, uint kind)
    {
        foreach (var id in classes)
            window[(id - start) >> (6 - log2Bits)] |= (ulong)kind << (((id - start) << log2Bits) & 63);
    }
}

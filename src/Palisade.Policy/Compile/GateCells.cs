using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// A gate as a table: kind of atom × kind of class → ports, once for peers that NetworkPolicies exempt and once for the
/// others. A cell is asked of the <see cref="TierWalk"/> for the first peer of its kinds, and kept. Safe for many
/// threads: a cell is one word, written after what it stands for; threads that ask at once find the same.
/// </summary>
/// <remarks>
/// All that a verdict reads lies in one array of words, because it costs what it touches, not what it computes:
/// cells    (rows of exempt peers after the others) × kinds of atoms × (kinds of classes, and one for what is no pod)
/// runs     atoms of one kind, ascending: first atom &lt;&lt; 32 | kind
/// window   kinds of classes as numbers of 1, 2, 4, 8, 16 or 32 bits, from the first class of another kind than 0 on
/// </remarks>
internal sealed class GateCells
{
    /// <summary>
    /// More cells than this are not kept but asked each time: 3 MiB a gate. No cluster of the benchmarks comes near.
    /// </summary>
    private const long MostCells = 1 << 17;

    private readonly ulong[] _words;
    private readonly int _cellCount;
    private readonly int _width;
    private readonly int _exemptRows;
    private readonly int _runCount;
    private readonly int _windowAt;
    private readonly int _windowStart;
    private readonly int _log2Bits;
    private readonly int[]?[] _edges;
    private readonly PortSet?[] _sets;
    private readonly Func<int, int, bool, PortSet> _ask;

    /// <summary>The table of a gate. <paramref name="ask"/> tells class, atom number and exempt to ports.</summary>
    public GateCells(GateKinds kinds, Func<int, int, bool, PortSet> ask)
    {
        (Kinds, _ask) = (kinds, ask);
        (_width, _exemptRows, _runCount) = (kinds.Classes.Count + 2, kinds.AtomKinds, kinds.RunStarts.Length);
        var cells = 2L * _exemptRows * _width;
        _cellCount = cells <= MostCells ? (int)cells : 0;
        (_edges, _sets) = (new int[]?[_cellCount], new PortSet?[_cellCount]);
        _windowAt = _cellCount + _runCount;
        _log2Bits = Log2BitsFor(kinds.Classes.Count + 1);
        var firstWord = kinds.Classes.Count == 0 ? 0 : kinds.Classes.Min(kind => kind.FirstWord);
        var endWord = kinds.Classes.Count == 0 ? 0 : kinds.Classes.Max(kind => kind.FirstWord + kind.Words.Length);
        _windowStart = firstWord * 64;
        _words = new ulong[_windowAt + ((endWord - firstWord) << _log2Bits)];
        for (var run = 0; run < _runCount; run++)
            _words[_cellCount + run] = ((ulong)kinds.RunStarts[run] << 32) | (uint)kinds.RunKinds[run];
        for (var kind = 0; kind < kinds.Classes.Count; kind++)
            Pack(kinds.Classes[kind], (uint)kind + 1);
    }

    /// <summary>The table where there is no gate: everything passes.</summary>
    public static GateCells NoGate { get; } = new(GateKinds.None, (_, _, _) => PortSet.Everything);

    /// <summary>What the gate cannot tell apart.</summary>
    public GateKinds Kinds { get; }

    /// <summary>
    /// How many bytes it keeps; sets of ports and of classes, which gates share, are not counted.
    /// </summary>
    public long Bytes => 256 + 8L * (_words.Length + 2 * _cellCount + _runCount);

    /// <summary>
    /// Whether the gate lets a peer of a class (-1: no pod), in an atom by its number (-1: no address), through.
    /// </summary>
    public bool Allows(int peerClass, int atom, bool exempt, Protocol protocol, ushort port)
    {
        var cell = CellOf(peerClass, atom, exempt);
        var packed = cell < _cellCount ? Volatile.Read(ref _words[cell]) : 0;
        if (PackedPorts.IsWhole(packed))
            return PackedPorts.Contains(packed, protocol, port);
        return packed != 0
            ? PackedPorts.Contains(_edges[cell]!, protocol, port)
            : PortsFor(peerClass, atom, exempt).Contains(protocol, port);
    }

    /// <summary>The ports that the gate lets such a peer through on.</summary>
    public PortSet PortsFor(int peerClass, int atom, bool exempt)
    {
        var cell = CellOf(peerClass, atom, exempt);
        if (cell >= _cellCount)
            return _ask(peerClass, atom, exempt);
        if (Volatile.Read(ref _words[cell]) == 0)
        {
            var ports = _ask(peerClass, atom, exempt);
            var packed = PackedPorts.Of(ports);
            Volatile.Write(ref _sets[cell], ports);
            if (!PackedPorts.IsWhole(packed))
                Volatile.Write(ref _edges[cell], PackedPorts.EdgesOf(ports));
            Volatile.Write(ref _words[cell], packed);
        }

        return Volatile.Read(ref _sets[cell])!;
    }

    private int CellOf(int peerClass, int atom, bool exempt)
    {
        unchecked
        {
            var row = _runCount == 0 ? 0 : AtomKindOf(atom);
            if (exempt)
                row += _exemptRows;
            return row * _width + ClassKindOf(peerClass);
        }
    }

    /// <summary>The kind of an atom by its number; 0 for -1, which is no address.</summary>
    private int AtomKindOf(int atom)
    {
        if (atom < 0)
            return 0;
        unchecked
        {
            // The last run that does not begin after the atom. The first begins at 0.
            var (low, high) = (_cellCount, _cellCount + _runCount);
            while (high - low > 1)
            {
                var middle = (low + high) >> 1;
                if ((int)(_words[middle] >> 32) <= atom)
                    low = middle;
                else
                    high = middle;
            }

            return (int)_words[low];
        }
    }

    private int ClassKindOf(int peerClass)
    {
        unchecked
        {
            var at = (uint)(peerClass - _windowStart);
            var word = (uint)_windowAt + (at >> (6 - _log2Bits));
            if (peerClass >= _windowStart && word < (uint)_words.Length)
                return (int)((_words[word] >> (int)(at << _log2Bits)) & ((1ul << (1 << _log2Bits)) - 1));
            return peerClass < 0 ? _width - 1 : 0;
        }
    }

    private void Pack(IdSet classes, uint kind)
    {
        // With one bit a class, the words of the set are the window.
        if (_log2Bits == 0)
        {
            classes.Words.CopyTo(_words.AsSpan(_windowAt));
            return;
        }

        foreach (var id in classes)
        {
            var at = id - _windowStart;
            _words[_windowAt + (at >> (6 - _log2Bits))] |= (ulong)kind << ((at << _log2Bits) & 63);
        }
    }

    private static int Log2BitsFor(int kinds)
    {
        var log2 = 0;
        while (1L << (1 << log2) < kinds)
            log2++;
        return log2;
    }
}

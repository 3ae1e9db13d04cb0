using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// The gates of a compiled policy as tables (<see cref="GateCells"/>), made when first asked for and kept. Reading
/// takes no lock. Bounded: when the tables keep more than <see cref="MostBytes"/>, all are dropped and made again as
/// they are asked for.
/// </summary>
/// <remarks>
/// Whoever changes classes, terms, atoms or gates in place calls <see cref="Forget"/> after it; verdicts given at that
/// moment are of before or of after, each side by itself.
/// </remarks>
internal sealed class CellTable(CompiledPolicy policy)
{
    /// <summary>
    /// 256 MiB. The largest shape of the benchmarks needs a tenth of it; the worst would be gates × classes bits.
    /// </summary>
    public const long MostBytes = 256L << 20;

    private readonly Lock _lock = new();
    private volatile State _state = new(policy);

    /// <summary>The table of a class in a direction; <see cref="GateCells.NoGate"/> where it has no gate.</summary>
    public GateCells Of(int classId, Direction direction)
    {
        var state = _state;
        return Volatile.Read(ref state.ByClass[unchecked(2 * classId + (int)direction)]) ?? Make(classId, direction);
    }

    /// <summary>
    /// Whether a class's gate lets a peer of a class (-1: no pod), in an atom by its number (-1: no address), through.
    /// </summary>
    public bool Allows(
        int classId, Direction direction, int peerClass, int atom, bool exempt, Protocol protocol, ushort port)
    {
        var state = _state;
        if (Volatile.Read(ref state.WordsByClass[unchecked(2 * classId + (int)direction)]) is { } words)
        {
            var packed = CellWords.Read(words, peerClass, atom, exempt);
            if (PackedPorts.IsWhole(packed))
                return PackedPorts.Contains(packed, protocol, port);
            if (packed != 0)
                return state.Edges.Contains(packed, protocol, port);
        }

        return Of(classId, direction).PortsFor(peerClass, atom, exempt).Contains(protocol, port);
    }

    /// <summary>Drops everything kept.</summary>
    public void Forget()
    {
        lock (_lock)
            _state = new(policy);
    }

    private GateCells Make(int classId, Direction direction)
    {
        var gate = policy.GateOf(classId, direction);
        lock (_lock)
        {
            var (state, at) = (_state, 2 * classId + (int)direction);
            var cells = gate is null ? GateCells.NoGate : Make(state, gate);
            if (state.Bytes > MostBytes)
            {
                // What was made for the old tables' sake has its edges there.
                _state = new(policy);
                return cells;
            }

            Volatile.Write(ref state.ByClass[at], cells);
            Volatile.Write(ref state.WordsByClass[at], cells.Words);
            return cells;
        }
    }

    private GateCells Make(State state, Gate gate)
    {
        if (state.ByGate.TryGetValue(gate, out var known))
            return known;
        var kinds = GateKinds.Of(gate, state.Rows, policy.Atoms);
        var cells = new GateCells(kinds, state.Edges, (peerClass, atom, exempt) => state.Pool.Intern(
            state.Walk.PortsFor(gate, peerClass, policy.Atoms.AtomAt(atom), exempt)));
        state.ByGate[gate] = cells;
        state.Bytes += cells.Bytes;
        return cells;
    }

    private sealed class State(CompiledPolicy policy)
    {
        public GateCells?[] ByClass { get; } = new GateCells?[2 * policy.ClassLimit];

        /// <summary>Of the same tables, so that a verdict does not go through their objects.</summary>
        public ulong[]?[] WordsByClass { get; } = new ulong[2 * policy.ClassLimit][];

        public PortEdges Edges { get; } = new();

        public Dictionary<Gate, GateCells> ByGate { get; } = new(ReferenceEqualityComparer.Instance);

        public TermRows Rows { get; } = new(policy);

        public TierWalk Walk { get; } = new(policy);

        public PortSetPool Pool { get; } = new();

        public long Bytes { get; set; }
    }
}

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

    /// <summary>Drops everything kept.</summary>
    public void Forget()
    {
        lock (_lock)
            _state = new(policy);
    }

    private GateCells Make(int classId, Direction direction)
    {
        if (policy.GateOf(classId, direction) is not { } gate)
            return _state.ByClass[2 * classId + (int)direction] = GateCells.NoGate;
        lock (_lock)
        {
            var state = _state;
            if (!state.ByGate.TryGetValue(gate, out var cells))
            {
                var kinds = GateKinds.Of(gate, state.Rows, policy.Atoms);
                state.ByGate[gate] = cells = new(kinds, (peerClass, atom, exempt) => state.Pool.Intern(
                    state.Walk.PortsFor(gate, peerClass, policy.Atoms.AtomAt(atom), exempt)));
                state.Bytes += cells.Bytes;
                if (state.Bytes > MostBytes)
                    _state = state = new(policy);
            }

            Volatile.Write(ref state.ByClass[2 * classId + (int)direction], cells);
            return cells;
        }
    }

    private sealed class State(CompiledPolicy policy)
    {
        public GateCells?[] ByClass { get; } = new GateCells?[2 * policy.ClassLimit];

        public Dictionary<Gate, GateCells> ByGate { get; } = new(ReferenceEqualityComparer.Instance);

        public TermRows Rows { get; } = new(policy);

        public TierWalk Walk { get; } = new(policy);

        public PortSetPool Pool { get; } = new();

        public long Bytes { get; set; }
    }
}

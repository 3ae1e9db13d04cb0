using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Analyze;

/// <summary>Groups of peers that are let through on the same ports, of which there is at least one.</summary>
public sealed record PortRow(PortSet Ports, IdSet Peers)
{
    /// <summary>The number of the port set in its connectivity.</summary>
    internal int Number { get; init; }
}

/// <summary>
/// What one gate lets through between groups of pods: its subjects, and disjoint rows of peers. The peers of no row are
/// not let through at all.
/// </summary>
/// <param name="Gate">The gate; null for the pods that have none in this direction, whose one row is everyone.</param>
/// <param name="Direction">The direction it judges.</param>
/// <param name="Subjects">The groups it is the gate of.</param>
/// <param name="Rows">Its rows, in the order of their port sets' texts.</param>
public sealed record GateRows(Gate? Gate, Direction Direction, IdSet Subjects, ImmutableArray<PortRow> Rows)
{
    /// <summary>Everyone in some row.</summary>
    public IdSet Peers { get; } = Rows.Length == 1
        ? Rows[0].Peers
        : Rows.Aggregate(IdSet.Empty, (all, row) => all.Or(row.Peers));
}

/// <summary>Makes the rows of gates.</summary>
internal sealed class RowBuilder(CompiledPolicy policy, PeerGroups groups, PortMeets meets, AddressFamily family)
{
    // Tables number the atoms of both families in one row, groups those of one.
    private readonly int _firstAtom = policy.Atoms.FirstOf(family);

    /// <summary>The rows of every gate of a direction, in the order of the gates' first groups.</summary>
    public ImmutableArray<GateRows> Build(Direction direction)
    {
        var subjects = new Dictionary<GateCells, List<int>>(ReferenceEqualityComparer.Instance);
        var order = new List<(GateCells Cells, int Class)>();
        foreach (var group in groups.All)
        {
            var cells = policy.Cells.Of(group.Class, direction);
            if (!subjects.TryGetValue(cells, out var list))
            {
                subjects[cells] = list = [];
                order.Add((cells, group.Class));
            }

            list.Add(group.Id);
        }

        return
        [
            .. order.Select(gate => new GateRows(
                policy.GateOf(gate.Class, direction), direction, IdSet.Of(subjects[gate.Cells]), Rows(gate.Cells))),
        ];
    }

    private ImmutableArray<PortRow> Rows(GateCells cells)
    {
        var rows = new Dictionary<PortSet, IdSet>();
        var (classes, rest) = (cells.Kinds.Classes, groups.Everyone);
        foreach (var kind in classes)
        {
            var pods = groups.OfClasses(kind);
            rest = rest.Except(pods);
            Add(rows, cells, pods);
        }

        Add(rows, cells, rest);
        return [.. rows.OrderBy(row => row.Key.ToString(), StringComparer.Ordinal)
            .Select(row => new PortRow(row.Key, row.Value) { Number = meets.Number(row.Key) })];
    }

    /// <summary>Peers of one kind of class, divided by the kinds of their atoms.</summary>
    private void Add(Dictionary<PortSet, IdSet> rows, GateCells cells, IdSet pods)
    {
        if (pods.IsEmpty)
            return;
        if (cells.Kinds.RunStarts.Length == 0)
        {
            AddRow(rows, cells, pods);
            return;
        }

        foreach (var atoms in AtomKinds(cells))
            AddRow(rows, cells, pods.And(atoms));
    }

    private void AddRow(Dictionary<PortSet, IdSet> rows, GateCells cells, IdSet alike)
    {
        if (alike.IsEmpty)
            return;
        var ports = groups.PortsFor(cells, groups.All[alike.Lowest]);
        if (!ports.IsEmpty)
            rows[ports] = rows.TryGetValue(ports, out var known) ? known.Or(alike) : alike;
    }

    /// <summary>
    /// The groups of each kind of atoms. The kind that most of the pods' atoms are of is what the others leave: a block
    /// then costs what it covers, not what it does not.
    /// </summary>
    private IEnumerable<IdSet> AtomKinds(GateCells cells)
    {
        var (starts, kinds) = (cells.Kinds.RunStarts, cells.Kinds.RunKinds);
        var used = new int[cells.Kinds.AtomKinds];
        for (var run = 0; run < starts.Length; run++)
            used[kinds[run]] += groups.CountAtoms(Start(run), End(run));
        var most = Array.IndexOf(used, used.Max());
        var sets = new IdSet[used.Length];
        Array.Fill(sets, IdSet.Empty);
        sets[0] = groups.OfAtoms(-1, 0);
        for (var run = 0; run < starts.Length; run++)
        {
            if (kinds[run] != most)
                sets[kinds[run]] = sets[kinds[run]].Or(groups.OfAtoms(Start(run), End(run)));
        }

        if (most != 0)
            sets[most] = sets.Aggregate(groups.Everyone, (rest, set) => rest.Except(set));
        return sets;

        // Runs reach over both families.
        int Start(int run) => Math.Max(0, starts[run] - _firstAtom);
        int End(int run) => run + 1 == starts.Length ? int.MaxValue : Math.Max(0, starts[run + 1] - _firstAtom);
    }
}

using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>The atom an address lies in, with its family.</summary>
internal readonly record struct AddressAtom(AddressFamily Family, int Index);

/// <summary>
/// A distinct set of pods that some rule mentions: its answer is one about the namespace group and one about the
/// restricted labels of a class.
/// </summary>
internal sealed class PodTerm(
    ClassTable table, PodSet set, NamespaceName? name, SelectorTerm? namespaces, SelectorTerm pods)
{
    private string? _text;

    public PodSet Set { get; } = set;

    /// <summary>The one namespace; null when <see cref="Namespaces"/> says.</summary>
    public NamespaceName? Name { get; } = name;

    public SelectorTerm? Namespaces { get; } = namespaces;

    public SelectorTerm Pods { get; } = pods;

    /// <summary>How many rules and policies have it.</summary>
    public int Uses { get; set; }

    /// <summary>
    /// All classes of the one namespace; null when <see cref="Namespaces"/> says. Policies tell a namespace that they
    /// name apart by its name, so these are the classes of its group.
    /// </summary>
    public IEnumerable<EndpointClass>? ClassesInName => Name is null ? null : Name.Entry?.Group?.Classes ?? [];

    /// <summary>The text of the set.</summary>
    public string Text => _text ??= Set.ToString();

    public bool Contains(int classId) => Contains(table.ClassAt(classId)!);

    public bool Contains(EndpointClass pods)
    {
        var group = pods.Group;
        var namespaces = Namespaces is { } selector
            ? selector.Contains(group.Labels)
            : ReferenceEquals(group.Name, Name);
        return namespaces && Pods.Contains(pods.RestrictedLabels);
    }
}

/// <summary>A distinct block with its exceptions, resolved on atoms: runs of atom numbers.</summary>
internal sealed class BlockTerm(AtomTable table, BlockPeer block)
{
    private sealed record Runs(CidrAtoms Atoms, int First, int Last, ImmutableArray<(int First, int Last)> Except);

    private Runs? _runs;
    private string? _text;

    /// <summary>The block in canonical form: exceptions sorted and distinct, no origin.</summary>
    public BlockPeer Block { get; } = block;

    /// <summary>How many rules have it.</summary>
    public int Uses { get; set; }

    /// <summary>The text of the block.</summary>
    public string Text => _text ??= Block.ToString();

    public bool Contains(AddressAtom atom)
    {
        // Atoms are numbered anew when a block comes that no rule had before. Two threads may find the same runs.
        var runs = _runs;
        if (!ReferenceEquals(runs?.Atoms, table.Atoms))
            _runs = runs = Find(table.Atoms);
        if (atom.Family != Block.Block.Family || atom.Index < runs.First || atom.Index > runs.Last)
            return false;
        foreach (var (first, last) in runs.Except)
        {
            if (atom.Index >= first && atom.Index <= last)
                return false;
        }

        return true;
    }

    private Runs Find(CidrAtoms atoms)
    {
        var (first, last) = Run(atoms, Block.Block);
        return new(
            atoms, first, last,
            [.. Block.Except.Where(e => e.Family == Block.Block.Family).Select(e => Run(atoms, e))]);
    }

    private static (int First, int Last) Run(CidrAtoms atoms, Cidr cidr) =>
        (atoms.AtomOf(cidr.First), atoms.AtomOf(cidr.Last));
}

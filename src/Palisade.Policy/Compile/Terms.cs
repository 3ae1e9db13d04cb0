using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>The atom an address lies in, with its family.</summary>
internal readonly record struct AddressAtom(AddressFamily Family, int Index);

/// <summary>
/// A distinct set of pods that some rule mentions, resolved on classes: one answer per namespace group and per label
/// set.
/// </summary>
internal sealed class PodTerm(PodSet set)
{
    private ClassTable? _table;
    private Bits? _namespaces;
    private Bits? _labels;

    public PodSet Set { get; } = set;

    /// <summary>
    /// Ties the term to the classes of its compile; before that it only says what the policies mention.
    /// </summary>
    public void Bind(ClassTable table) => _table = table;

    public bool Contains(int classId)
    {
        var table = _table!;
        // Two threads may both compute the answers; they compute the same, so the race does no harm.
        var namespaces = _namespaces ??= table.NamespacesIn(Set.Namespaces);
        var labels = _labels ??= table.LabelSetsMatching(Set.Pods);
        return namespaces[table.NamespaceGroupOf(classId)] && labels[table.LabelSetOf(classId)];
    }
}

/// <summary>A distinct block with its exceptions, resolved on atoms: runs of atom numbers.</summary>
internal sealed class BlockTerm(BlockPeer block)
{
    private (int First, int Last) _run;
    private ImmutableArray<(int First, int Last)> _except = [];

    /// <summary>The block in canonical form: exceptions sorted and distinct, no origin.</summary>
    public BlockPeer Block { get; } = block;

    /// <summary>Ties the term to the atoms of its compile.</summary>
    public void Bind(CidrAtoms atoms)
    {
        _run = Run(atoms, Block.Block);
        _except = [.. Block.Except.Where(e => e.Family == Block.Block.Family).Select(e => Run(atoms, e))];
    }

    public bool Contains(AddressAtom atom)
    {
        if (atom.Family != Block.Block.Family || atom.Index < _run.First || atom.Index > _run.Last)
            return false;
        foreach (var (first, last) in _except)
        {
            if (atom.Index >= first && atom.Index <= last)
                return false;
        }

        return true;
    }

    private static (int First, int Last) Run(CidrAtoms atoms, Cidr cidr) =>
        (atoms.AtomOf(cidr.First), atoms.AtomOf(cidr.Last));
}

/// <summary>A fixed row of yes and no.</summary>
internal sealed class Bits(int count)
{
    private readonly ulong[] _words = new ulong[(count + 63) / 64];

    public bool this[int index]
    {
        get => ((_words[index / 64] >> (index % 64)) & 1) != 0;
        set
        {
            var bit = 1ul << (index % 64);
            _words[index / 64] = value ? _words[index / 64] | bit : _words[index / 64] & ~bit;
        }
    }
}

using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// The atoms of all blocks that rules have. They are numbered anew only when an address begins or stops to be the first
/// of an atom.
/// </summary>
internal sealed class AtomTable
{
    private readonly Dictionary<Address, int> _starts = [];
    private readonly Lock _lock = new();
    private CidrAtoms? _atoms;

    /// <summary>The atoms now; O(n log n) once after they changed, else at once.</summary>
    public CidrAtoms Atoms
    {
        get
        {
            if (Volatile.Read(ref _atoms) is { } known)
                return known;
            lock (_lock)
                return _atoms ??= CidrAtoms.OfStarts(_starts.Keys);
        }
    }

    public void Add(Cidr block) => Count(block, 1);

    public void Remove(Cidr block) => Count(block, -1);

    private void Count(Cidr block, int by)
    {
        Count(block.First, by);
        if (CidrAtoms.AfterLast(block) is { } next)
            Count(next, by);
    }

    private void Count(Address start, int by)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_starts, start, out _);
        var before = count;
        count += by;
        if (count == 0)
            _starts.Remove(start);
        if (before == 0 || count == 0)
            _atoms = null;
    }
}

using System.Collections.Immutable;

namespace Palisade.Policy.Sets;

/// <summary>
/// The disjoint address intervals of each family that none of some blocks tells apart: every address is in exactly one
/// atom,
/// and every block is a run of atoms. With n blocks a family has at most 2n + 1 atoms.
/// </summary>
public sealed class CidrAtoms
{
    private readonly ImmutableArray<UInt128> _v4;
    private readonly ImmutableArray<UInt128> _v6;

    private CidrAtoms(ImmutableArray<UInt128> v4, ImmutableArray<UInt128> v6) => (_v4, _v6) = (v4, v6);

    /// <summary>The atoms of these blocks.</summary>
    public static CidrAtoms Of(IEnumerable<Cidr> blocks)
    {
        var starts = new HashSet<Address>();
        foreach (var block in blocks)
        {
            starts.Add(block.First);
            if (AfterLast(block) is { } next)
                starts.Add(next);
        }

        return OfStarts(starts);
    }

    /// <summary>The atoms that begin at these distinct addresses, and at the lowest of each family.</summary>
    internal static CidrAtoms OfStarts(IReadOnlyCollection<Address> starts) =>
        new(Sorted(starts, AddressFamily.V4), Sorted(starts, AddressFamily.V6));

    /// <summary>
    /// The address after a block, where another atom starts; null when the block ends where the family does.
    /// </summary>
    internal static Address? AfterLast(Cidr block) =>
        block.Last.Bits == Highest(block.Family) ? null : new(block.Family, block.Last.Bits + 1);

    private static ImmutableArray<UInt128> Sorted(IReadOnlyCollection<Address> starts, AddressFamily family)
    {
        var sorted = new List<UInt128>(starts.Count + 1) { UInt128.Zero };
        foreach (var start in starts)
        {
            if (start.Family == family && start.Bits != UInt128.Zero)
                sorted.Add(start.Bits);
        }

        sorted.Sort();
        return [.. sorted];
    }

    /// <summary>How many atoms a family has; at least 1.</summary>
    public int Count(AddressFamily family) => Starts(family).Length;

    /// <summary>The atom an address lies in, 0 to Count - 1 in address order. O(log n).</summary>
    public int AtomOf(Address address)
    {
        var found = Starts(address.Family).BinarySearch(address.Bits);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>The lowest and the highest address of an atom.</summary>
    public (Address First, Address Last) Bounds(AddressFamily family, int atom)
    {
        var starts = Starts(family);
        var last = atom + 1 < starts.Length ? starts[atom + 1] - 1 : Highest(family);
        return (new(family, starts[atom]), new(family, last));
    }

    private ImmutableArray<UInt128> Starts(AddressFamily family) => family == AddressFamily.V4 ? _v4 : _v6;

    private static UInt128 Highest(AddressFamily family) =>
        family == AddressFamily.V4 ? uint.MaxValue : UInt128.MaxValue;
}

using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof.Space;

/// <summary>
/// The addresses of a family cut at every border that the policies, the pods, the node or the kernel's sets have: the
/// address intervals between which nobody tells.
/// </summary>
internal sealed class AddressAtoms
{
    private readonly UInt128[] _starts;

    /// <summary>Cuts before the first and behind the last address of each range.</summary>
    public AddressAtoms(AddressFamily family, IEnumerable<(UInt128 First, UInt128 Last)> ranges)
    {
        Family = family;
        Highest = family == AddressFamily.V4 ? uint.MaxValue : UInt128.MaxValue;
        var starts = new List<UInt128> { 0 };
        foreach (var (first, last) in ranges)
        {
            starts.Add(first);
            if (last != Highest)
                starts.Add(last + 1);
        }

        starts.Sort();
        var distinct = 0;
        for (var i = 1; i < starts.Count; i++)
        {
            if (starts[i] != starts[distinct])
                starts[++distinct] = starts[i];
        }

        _starts = [.. starts.Take(distinct + 1)];
        All = Bits.Below(_starts.Length);
    }

    public AddressFamily Family { get; }

    public UInt128 Highest { get; }

    public int Count => _starts.Length;

    public Bits All { get; }

    public UInt128 FirstOf(int atom) => _starts[atom];

    public UInt128 LastOf(int atom) => atom + 1 < _starts.Length ? _starts[atom + 1] - 1 : Highest;

    /// <summary>The atom an address lies in. O(log n).</summary>
    public int AtomOf(UInt128 address)
    {
        var found = Array.BinarySearch(_starts, address);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>The atoms of a range that begins and ends where atoms do.</summary>
    /// <exception cref="InvalidOperationException">It does not: then its borders were not given.</exception>
    public (int First, int Last) Run(UInt128 first, UInt128 last)
    {
        var run = (First: AtomOf(first), Last: AtomOf(last));
        return FirstOf(run.First) == first && LastOf(run.Last) == last
            ? run
            : throw new InvalidOperationException(
                $"the border of {new Address(Family, first)}-{new Address(Family, last)} cuts an atom");
    }

    public Bits Of(IEnumerable<Address> addresses) => Bits.Of(
        [.. addresses.Where(a => a.Family == Family).Select(a => Run(a.Bits, a.Bits))]);

    public Bits Of(params IEnumerable<Cidr> blocks) => Bits.Of(
        [.. blocks.Where(b => b.Family == Family).Select(b => Run(b.First.Bits, b.Last.Bits))]);
}

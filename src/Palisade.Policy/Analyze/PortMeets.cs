using Palisade.Policy.Sets;

namespace Palisade.Policy.Analyze;

/// <summary>
/// The distinct port sets of rows by number, and what pairs of them have in common, each pair found once: rows are
/// compared millions of times and say tens to hundreds of different things. Safe for many threads once all are added.
/// </summary>
internal sealed class PortMeets
{
    private readonly Dictionary<PortSet, int> _numbers = [];
    private readonly List<PortSet> _sets = [];
    private readonly PortSetPool _pool = new();

    // By number and number; made when first asked for.
    private PortSet?[]?[] _both = [];

    /// <summary>The number of a set, given when it is first asked for. Only while rows are made.</summary>
    public int Number(PortSet set)
    {
        if (!_numbers.TryGetValue(set, out var number))
        {
            _numbers[set] = number = _sets.Count;
            _sets.Add(set);
            _both = new PortSet?[]?[_sets.Count];
        }

        return number;
    }

    /// <summary>What two sets have in common; empty if nothing.</summary>
    public PortSet Both(int one, int other)
    {
        // Threads that ask at once find the same set, interned.
        var row = Volatile.Read(ref _both[one]) ?? (_both[one] = new PortSet?[_sets.Count]);
        return Volatile.Read(ref row[other])
            ?? (row[other] = _pool.Intern(_sets[one].Intersect(_sets[other])));
    }
}

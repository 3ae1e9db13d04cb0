using System.Collections.Concurrent;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Analyze;

/// <summary>
/// What pairs of port sets have in common, each pair found once. Safe for many threads. Rows have few distinct sets:
/// tens in most clusters.
/// </summary>
internal sealed class PortMeets
{
    private readonly ConcurrentDictionary<(PortSet, PortSet), PortSet> _both = [];
    private readonly PortSetPool _pool = new();

    public PortSet Both(PortSet one, PortSet other)
    {
        if (one.IsEverything || ReferenceEquals(one, other))
            return other;
        if (other.IsEverything)
            return one;
        return _both.TryGetValue((one, other), out var known)
            ? known
            : _both.GetOrAdd((one, other), _pool.Intern(one.Intersect(other)));
    }

    /// <summary>Whether they have anything in common; rows are never without ports.</summary>
    public bool Meet(PortSet one, PortSet other) => !Both(one, other).IsEmpty;
}

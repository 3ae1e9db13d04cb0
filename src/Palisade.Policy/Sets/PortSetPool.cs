namespace Palisade.Policy.Sets;

/// <summary>
/// Keeps one object per distinct port set of a compile, so that equal sets are the same object. Safe for many threads.
/// </summary>
public sealed class PortSetPool
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PortSet, PortSet> _sets = [];

    /// <summary>How many distinct sets were asked for.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _sets.Count;
        }
    }

    /// <summary>The pool's object for this set.</summary>
    public PortSet Intern(PortSet set)
    {
        if (set.IsEmpty)
            return PortSet.Nothing;
        if (set.IsEverything)
            return PortSet.Everything;
        lock (_lock)
        {
            if (_sets.TryGetValue(set, out var known))
                return known;
            _sets.Add(set, set);
            return set;
        }
    }
}

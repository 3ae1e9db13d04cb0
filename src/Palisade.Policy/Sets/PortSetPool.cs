namespace Palisade.Policy.Sets;

/// <summary>
/// Keeps one object per distinct port set, so that equal sets are mostly the same object: it saves memory and
/// comparisons, and nobody may rely on it. Safe for many threads.
/// </summary>
/// <remarks>
/// An engine runs for months, and policies come with ever new ports. So what has not been asked for lately is
/// forgotten: the pool is two generations, and the older one goes when the younger one is full.
/// </remarks>
public sealed class PortSetPool
{
    /// <summary>At most twice as many sets are kept. The largest shape of the benchmarks has a few hundred.</summary>
    public const int GenerationLimit = 8192;

    private readonly Lock _lock = new();
    private Dictionary<PortSet, PortSet> _sets = [];
    private Dictionary<PortSet, PortSet> _older = [];

    /// <summary>How many sets are kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _sets.Count + _older.Count;
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
            var kept = _older.Remove(set, out var older) ? older : set;
            if (_sets.Count == GenerationLimit)
                (_older, _sets) = (_sets, []);
            _sets.Add(kept, kept);
            return kept;
        }
    }
}

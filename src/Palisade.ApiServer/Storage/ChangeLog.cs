using Palisade.ApiServer.Resources;

namespace Palisade.ApiServer.Storage;

/// <summary>One write. Before null: created; After null: deleted.</summary>
internal sealed record Change(long Version, StoredObject? Before, StoredObject? After, DateTimeOffset At)
{
    /// <summary>A change with all that goes with it.</summary>
    public static Change Of(long version, StoredObject? before, StoredObject? after, DateTimeOffset at) =>
        new(version, before, after, at)
        {
            Last = after is null ? StoredObject.Of(before!.Resource, before.Parse(), version) : null,
        };

    /// <summary>
    /// For a deletion: the last state, with the deletion's own version, which is what watchers are shown.
    /// </summary>
    public StoredObject? Last { get; init; }

    public StoredObject Shown => (After ?? Last)!;

    public Resource Resource => Shown.Resource;

    public int Size => Shown.Json.Length;
}

/// <summary>
/// The recent writes, in order: what watches read and old list pages are rebuilt from. Watchers hold only a position,
/// so a slow one costs nothing; it is told Expired once the log has moved on.
/// </summary>
/// <remarks>
/// Kept: every change younger than the window (10 minutes; clients may count on 5), but no more than 64 MB of
/// objects, so that a storm of writes cannot fill memory. Guarded by its own lock; the store appends in version order.
/// </remarks>
internal sealed class ChangeLog(long startVersion, TimeProvider time, long maxBytes = 64 << 20)
{
    private static readonly TimeSpan _window = TimeSpan.FromMinutes(10);
    private readonly Lock _gate = new();
    private readonly List<Change> _changes = [];
    private int _first;
    private long _bytes;
    private long _startVersion = startVersion;
    private TaskCompletionSource _appended = NewSignal();

    public void Append(IReadOnlyList<Change> changes)
    {
        TaskCompletionSource signal;
        lock (_gate)
        {
            foreach (var change in changes)
            {
                _changes.Add(change);
                _bytes += change.Size;
            }

            Trim(time.GetUtcNow() - _window);
            signal = _appended;
            _appended = NewSignal();
        }

        signal.SetResult();
    }

    /// <summary>Whether changes after this version are all still here.</summary>
    public bool Covers(long version)
    {
        lock (_gate)
            return version >= _startVersion;
    }

    /// <summary>The oldest version that changes can still be read from.</summary>
    public long StartVersion
    {
        get
        {
            lock (_gate)
                return _startVersion;
        }
    }

    /// <summary>The version of the newest change of a resource that is still here; 0 when there is none.</summary>
    public long LastOf(Resource resource)
    {
        lock (_gate)
        {
            for (var i = _changes.Count - 1; i >= _first; i--)
            {
                if (_changes[i].Resource.Id == resource.Id)
                    return _changes[i].Version;
            }

            return 0;
        }
    }

    /// <summary>
    /// Up to <paramref name="max"/> changes after a version, null when some of them are gone; when there are none,
    /// <paramref name="more"/> ends with the next append.
    /// </summary>
    public IReadOnlyList<Change>? After(long version, int max, out Task more)
    {
        lock (_gate)
        {
            more = _appended.Task;
            if (version < _startVersion)
                return null;
            var index = IndexAfter(version);
            return _changes.GetRange(index, Math.Min(max, _changes.Count - index));
        }
    }

    private int IndexAfter(long version)
    {
        int low = _first, high = _changes.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_changes[middle].Version <= version)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private void Trim(DateTimeOffset horizon)
    {
        while (_first < _changes.Count && (_changes[_first].At < horizon || _bytes > maxBytes))
        {
            var dropped = _changes[_first];
            _bytes -= dropped.Size;
            _startVersion = dropped.Version;
            _first++;
        }

        // Compacted by halves, so that trimming stays cheap on average.
        if (_first > 1024 && _first > _changes.Count / 2)
        {
            _changes.RemoveRange(0, _first);
            _first = 0;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

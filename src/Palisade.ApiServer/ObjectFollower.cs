using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer;

/// <summary>
/// Follows one resource of the store in process and keeps what its reader wants to know of each object: what a
/// controller's passes look at.
/// </summary>
/// <param name="store">The objects.</param>
/// <param name="resource">As <see cref="ObjectStore"/> names it.</param>
/// <param name="read">What to keep of an object; called once for each state of it.</param>
/// <param name="changed">Is called after each change, and once when everything that there was has been read.</param>
public sealed class ObjectFollower<T>(ObjectStore store, string resource, Func<JsonObject, T> read, Action changed)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ObjectKey, T> _known = [];
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version;

    /// <summary>Ends when all that existed at the beginning has been read.</summary>
    public Task Complete => _complete.Task;

    /// <summary>The objects, by namespace and name, and the resource version they are of.</summary>
    public (IReadOnlyList<T> Objects, long Version) Now
    {
        get
        {
            lock (_gate)
                return ([.. _known.Values], _version);
        }
    }

    /// <summary>The resource version of what is known.</summary>
    public long Version
    {
        get
        {
            lock (_gate)
                return _version;
        }
    }

    /// <summary>Whether whoever has seen everything up to a version has seen all there is.</summary>
    public bool IsNewest(long version) => version >= store.LastChange(resource);

    /// <summary>Follows until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (var happened in store.WatchAsync(resource, cancel))
        {
            if (happened.Type == ObjectEventType.InitialEventsEnd)
                _complete.TrySetResult();
            else
                Remember(happened);
            if (_complete.Task.IsCompleted)
                changed();
        }
    }

    private void Remember(ObjectEvent happened)
    {
        var meta = happened.Object["metadata"]!.AsObject();
        var key = StoredObject.KeyOf(meta);
        lock (_gate)
        {
            if (happened.Type == ObjectEventType.Deleted)
                _known.Remove(key);
            else
                _known[key] = read(happened.Object);
            _version = Math.Max(_version, long.Parse(Cell.Text(meta["resourceVersion"]), CultureInfo.InvariantCulture));
        }
    }
}

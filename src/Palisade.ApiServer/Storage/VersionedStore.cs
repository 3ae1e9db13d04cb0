using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;
using ObjectMap = System.Collections.Immutable.ImmutableSortedDictionary<
    Palisade.ApiServer.Storage.ObjectKey, Palisade.ApiServer.Storage.StoredObject>;

namespace Palisade.ApiServer.Storage;

/// <summary>Everything there is at one resourceVersion.</summary>
internal sealed record StoreState(long Version, ImmutableDictionary<string, ObjectMap> Resources)
{
    public ObjectMap Of(Resource resource) => Resources.GetValueOrDefault(resource.Id) ?? ObjectMap.Empty;
}

/// <summary>
/// All objects in memory, every write first in the database. Readers take <see cref="State"/>, which never changes;
/// writers run one at a time. One resourceVersion per write, monotonic across all resources and across restarts.
/// </summary>
internal sealed class VersionedStore : IDisposable
{
    private readonly Lock _writing = new();
    private readonly Database _database;
    private readonly TimeProvider _time;
    private volatile StoreState _state;

    public VersionedStore(Database database, ResourceRegistry registry, TimeProvider time)
    {
        _database = database;
        _time = time;
        var version = database.LastVersion();
        var loaded = new Dictionary<string, ObjectMap.Builder>(StringComparer.Ordinal);
        foreach (var row in database.Load())
        {
            // A resource this program does not know (written by another version of it) stays in the database, unseen.
            if (registry.ById(row.Resource) is not { } resource)
                continue;
            var key = new ObjectKey(row.Namespace, row.Name);
            if (!loaded.TryGetValue(row.Resource, out var objects))
                loaded[row.Resource] = objects = ObjectMap.Empty.ToBuilder();
            try
            {
                objects[key] = StoredObject.Loaded(resource, key, row.Version, row.Json);
            }
            catch (JsonException e)
            {
                throw new InvalidDataException(
                    $"the object database is damaged: {row.Resource} {row.Namespace}/{row.Name} is not JSON", e);
            }
        }

        _state = new StoreState(
            version, loaded.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.ToImmutable()));
        Log = new ChangeLog(version, time);
    }

    public StoreState State => _state;

    public ChangeLog Log { get; }

    /// <summary>
    /// The state at an earlier version, by undoing the changes since; null when they are no longer known.
    /// </summary>
    public StoreState? StateAt(long version)
    {
        // Under the lock, so that state and log are of the same moment.
        lock (_writing)
        {
            if (version > _state.Version || Log.After(version, int.MaxValue, out _) is not { } changes)
                return null;
            var resources = _state.Resources;
            foreach (var change in changes.Reverse())
            {
                var id = change.Resource.Id;
                var objects = resources.GetValueOrDefault(id) ?? ObjectMap.Empty;
                var key = change.Shown.Key;
                resources = resources.SetItem(
                    id, change.Before is null ? objects.Remove(key) : objects.SetItem(key, change.Before));
            }

            return new StoreState(version, resources);
        }
    }

    /// <summary>
    /// Runs one transaction: what it puts and removes is stored together, or not at all when it throws.
    /// </summary>
    public T Write<T>(Func<StoreTransaction, T> body)
    {
        lock (_writing)
        {
            var transaction = new StoreTransaction(_state, _time.GetUtcNow());
            var result = body(transaction);
            if (transaction.Changes.Count > 0)
            {
                _database.Write(transaction.Changes, transaction.Version);
                _state = new StoreState(transaction.Version, transaction.Resources);
                Log.Append(transaction.Changes);
            }

            return result;
        }
    }

    public void Dispose()
    {
        lock (_writing)
            _database.Dispose();
    }
}

/// <summary>The changes being made under the store's lock.</summary>
internal sealed class StoreTransaction(StoreState state, DateTimeOffset now)
{
    private readonly List<Change> _changes = [];

    public IReadOnlyList<Change> Changes => _changes;

    public long Version { get; private set; } = state.Version;

    public ImmutableDictionary<string, ObjectMap> Resources { get; private set; } = state.Resources;

    public ObjectMap Of(Resource resource) => Resources.GetValueOrDefault(resource.Id) ?? ObjectMap.Empty;

    public StoredObject? Get(Resource resource, ObjectKey key) => Of(resource).GetValueOrDefault(key);

    /// <summary>Creates or replaces; gives the tree its resourceVersion.</summary>
    public StoredObject Put(Resource resource, JsonObject tree)
    {
        var stored = StoredObject.Of(resource, tree, ++Version);
        // Patches could otherwise let an object grow beyond what a request may carry.
        if (stored.Json.Length > RequestBody.Limit)
            throw Errors.TooLarge(RequestBody.Limit);
        var objects = Of(resource);
        _changes.Add(new Change(Version, objects.GetValueOrDefault(stored.Key), stored, now));
        Resources = Resources.SetItem(resource.Id, objects.SetItem(stored.Key, stored));
        return stored;
    }

    /// <summary>Removes; the event shows the last state with the deletion's own version, as etcd's does.</summary>
    public void Remove(StoredObject stored)
    {
        var last = StoredObject.Of(stored.Resource, stored.Parse(), ++Version);
        _changes.Add(new Change(Version, stored, null, now) { Last = last });
        Resources = Resources.SetItem(stored.Resource.Id, Of(stored.Resource).Remove(stored.Key));
    }
}

using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;
using ObjectMap = System.Collections.Immutable.ImmutableSortedDictionary<
    Palisade.ApiServer.Storage.ObjectKey, Palisade.ApiServer.Storage.StoredObject>;

namespace Palisade.ApiServer.Storage;

/// <summary>Everything there is at one resourceVersion.</summary>
internal sealed record StoreState(long Version, ImmutableDictionary<string, ObjectMap> Resources)
{
    public ObjectMap Of(Resource resource) => Resources.GetValueOrDefault(resource.Id) ?? ObjectMap.Empty;

    public StoredObject? Get(Resource resource, ObjectKey key) =>
        Of(resource).GetValueOrDefault(key)?.As(resource);
}

/// <summary>
/// All objects in memory, every write first in the database. Readers take <see cref="State"/>, which never changes;
/// writers run one at a time. One resourceVersion per write, monotonic across all resources and across restarts.
/// </summary>
/// <remarks>
/// Group commit: a transaction runs at once, on top of those before it, and waits; a thread of the store's own writes
/// all that wait in one go, and only then are they seen and answered. What a transaction says without changing anything
/// (a conflict, an object that stays equal) waits too: it may rest on what is not on the disk yet.
/// </remarks>
internal sealed class VersionedStore : IDisposable
{
    private readonly Lock _writing = new();
    private readonly Lock _publishing = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Database _database;
    private readonly ResourceRegistry _registry;
    private readonly TimeProvider _time;
    private readonly Thread _committer;
    private volatile StoreState _state;

    // Guarded by _writing: the state with what is on its way to the disk, and those that wait for it.
    private StoreState _ahead;
    private List<PendingWrite> _waiting = [];
    private bool _isCommitting;
    private bool _isClosed;
    private StatusException? _broken;

    private VersionedStore(Database database, ResourceRegistry registry, LoadedStore loaded, TimeProvider time)
    {
        _database = database;
        _registry = registry;
        _time = time;
        _state = _ahead = loaded.State;
        Log = new ChangeLog(loaded.Compacted, time);
        Log.Append(loaded.Changes);
        _committer = new Thread(CommitAll) { IsBackground = true, Name = "store" };
        _committer.Start();
    }

    /// <exception cref="IOException">The file is not ours, is damaged, or cannot be read.</exception>
    public static VersionedStore Open(string file, ResourceRegistry registry, TimeProvider time)
    {
        var database = Database.Open(file);
        try
        {
            return new VersionedStore(database, registry, LoadedStore.From(database, registry), time);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public StoreState State => _state;

    public ChangeLog Log { get; }

    /// <summary>
    /// The state at an earlier version, by undoing the changes since; null when they are no longer known.
    /// </summary>
    public StoreState? StateAt(long version)
    {
        // Under the lock, so that state and log are of the same moment.
        lock (_publishing)
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
    /// Runs one transaction, before it returns: what it puts and removes is stored together, or not at all when it
    /// throws. The task ends when the disk has it.
    /// </summary>
    public Task<T> WriteAsync<T>(Func<StoreTransaction, T> body)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            var transaction = new StoreTransaction(_ahead, _time.GetUtcNow());
            var write = Run(transaction, body);
            if (write.After is not null)
            {
                if (_broken is not null)
                    return Task.FromException<T>(_broken);
                _ahead = write.After;
            }
            else if (_waiting.Count == 0 && !_isCommitting)
            {
                write.Succeed();
                return write.Task;
            }

            _waiting.Add(write);
            _wake.Set();
            return write.Task;
        }
    }

    /// <summary>Finishes what waits, and closes the database.</summary>
    public void Dispose()
    {
        lock (_writing)
        {
            if (_isClosed)
                return;
            _isClosed = true;
        }

        _wake.Set();
        _committer.Join();
        _wake.Dispose();
        _database.Close(_ahead.Version, Log.StartVersion);
    }

    private static PendingWrite<T> Run<T>(StoreTransaction transaction, Func<StoreTransaction, T> body)
    {
        try
        {
            var result = body(transaction);
            var after = transaction.Changes.Count == 0
                ? null
                : new StoreState(transaction.Version, transaction.Resources);
            return new PendingWrite<T>(transaction.Changes, after, result, null);
        }
        catch (StatusException refusal)
        {
            return new PendingWrite<T>([], null, default, refusal);
        }
    }

    private void CommitAll()
    {
        while (true)
        {
            _wake.WaitOne();
            while (TakeBatch() is { } batch)
                Commit(batch);
            lock (_writing)
            {
                if (_isClosed && _waiting.Count == 0)
                    return;
            }
        }
    }

    private List<PendingWrite>? TakeBatch()
    {
        lock (_writing)
        {
            var batch = _waiting;
            _isCommitting = batch.Count > 0;
            if (!_isCommitting)
                return null;
            _waiting = [];
            return batch;
        }
    }

    private void Commit(List<PendingWrite> batch)
    {
        List<Change> changes = [.. batch.SelectMany(write => write.Changes)];
        try
        {
            if (changes.Count > 0)
            {
                _database.Write(changes, changes[^1].Version, Log.StartVersion);
                Publish(batch.Last(write => write.After is not null).After!, changes);
            }
        }
        catch (SqliteException e)
        {
            Fail(batch, e);
            return;
        }

        foreach (var write in batch)
            write.Succeed();
    }

    private void Publish(StoreState state, List<Change> changes)
    {
        lock (_publishing)
        {
            _state = state;
            if (changes.Exists(change => change.Resource == _registry.Definitions))
                _registry.Serve(state.Of(_registry.Definitions).Values);
            Log.Append(changes);
        }
    }

    // Those that came after the failed ones were made on top of them, and fail with them. Their versions stay used.
    private void Fail(List<PendingWrite> batch, SqliteException e)
    {
        var refusal = Errors.Internal(DatabaseFile.WriteFailure(e));
        lock (_writing)
        {
            batch.AddRange(_waiting);
            _waiting = [];
            _ahead = new StoreState(_ahead.Version, _state.Resources);
            if (!DatabaseFile.MayRecover(e))
                _broken = refusal;
        }

        foreach (var write in batch)
            write.Fail(refusal);
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

    public StoredObject? Get(Resource resource, ObjectKey key) =>
        Of(resource).GetValueOrDefault(key)?.As(resource);

    /// <summary>Creates or replaces; gives the tree its resourceVersion.</summary>
    public StoredObject Put(Resource resource, JsonObject tree)
    {
        var stored = StoredObject.Of(resource, tree, ++Version);
        // Patches could otherwise let an object grow beyond what a request may carry.
        if (stored.Json.Length > RequestBody.Limit)
            throw Errors.TooLarge(RequestBody.Limit);
        var objects = Of(resource);
        _changes.Add(Change.Of(Version, objects.GetValueOrDefault(stored.Key), stored, now));
        Resources = Resources.SetItem(resource.Id, objects.SetItem(stored.Key, stored));
        return stored;
    }

    /// <summary>Removes; the event shows the last state with the deletion's own version, as etcd's does.</summary>
    public void Remove(StoredObject stored)
    {
        _changes.Add(Change.Of(++Version, stored, null, now));
        Resources = Resources.SetItem(stored.Resource.Id, Of(stored.Resource).Remove(stored.Key));
    }
}

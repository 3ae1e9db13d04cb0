using System.Text.Json.Nodes;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Place = (string Resource, Palisade.ApiServer.Storage.ObjectKey Key);

namespace Palisade.ApiServer.Controllers;

/// <summary>
/// Removes what lost its owners, and does what a deletion in the foreground or one that orphans waits for
/// (pkg/controller/garbagecollector). It follows the store's changes and looks only at objects that one of them
/// concerns.
/// </summary>
internal sealed class GarbageCollector : IAsyncDisposable
{
    private const int BatchSize = 256;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    private readonly VersionedStore _store;
    private readonly ResourceRegistry _registry;
    private readonly ObjectWriter _writer;
    private readonly HashSet<Place> _due = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private DependentIndex _dependents = new();

    public GarbageCollector(VersionedStore store, ResourceRegistry registry, ObjectWriter writer)
    {
        _store = store;
        _registry = registry;
        _writer = writer;
        _running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
                await FollowAsync(Begin());
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The end of the server.
        }
    }

    /// <summary>Everything there is; answers the version of it.</summary>
    private long Begin()
    {
        _dependents = new DependentIndex();
        var state = _store.State;
        foreach (var stored in state.Resources.Values.SelectMany(objects => objects.Values))
            Notice(null, stored);
        return state.Version;
    }

    /// <summary>Ends when changes were lost: then all is looked at again.</summary>
    private async Task FollowAsync(long version)
    {
        while (_store.Log.After(version, BatchSize, out var more) is { } changes)
        {
            foreach (var change in changes)
            {
                Notice(change.Before, change.After);
                version = change.Version;
            }

            foreach (var place in _due.ToList())
            {
                if (await CollectAsync(place))
                    _due.Remove(place);
            }

            if (_due.Count > 0)
                await Task.WhenAny(more, Task.Delay(_pause, _stop.Token));
            else if (changes.Count < BatchSize)
                await more.WaitAsync(_stop.Token);
            _stop.Token.ThrowIfCancellationRequested();
        }
    }

    private void Notice(StoredObject? before, StoredObject? after)
    {
        _dependents.Change(before, after);
        if (after is not null && (after.AwaitsDependents
            || (!after.Owners.IsEmpty && before?.Owners.SequenceEqual(after.Owners) != true)))
            _due.Add(DependentIndex.PlaceOf(after));
        // Those of one that begins to wait, or is gone, or came back under its name as another.
        if (before is not null && (after is null || after.Uid != before.Uid))
            _due.UnionWith(_dependents.Of(before.Uid));
        if (after?.AwaitsDependents == true)
            _due.UnionWith(_dependents.Of(after.Uid));
        // An owner that waits may have waited for this one.
        if (before is not null && after?.Owners.SequenceEqual(before.Owners) != true)
            _due.UnionWith(before.Owners.SelectMany(uid => OwnersThatWait(before, uid)));
    }

    private IEnumerable<Place> OwnersThatWait(StoredObject dependent, string uid) =>
        OwnersOf(dependent.Parse(), dependent.Key.Namespace)
            .Where(owner => owner.Object?.Uid == uid && owner.Object.AwaitsDependents)
            .Select(owner => DependentIndex.PlaceOf(owner.Object!));

    /// <summary>Does what an object needs now; false: not yet, somebody else writes it.</summary>
    private async Task<bool> CollectAsync(Place place)
    {
        if (Find(place) is not { } stored)
            return true;
        try
        {
            if (stored.AwaitsDependents)
                await ReleaseAsync(stored);
            if (!stored.Owners.IsEmpty)
                await JudgeAsync(stored);
            return true;
        }
        catch (StatusException e)
        {
            return e.Code != 409;
        }
    }

    /// <summary>Takes the finalizer off an owner that needs to wait no more.</summary>
    private async Task ReleaseAsync(StoredObject owner)
    {
        var finalizers = Cell.Texts(owner.Parse()["metadata"]?["finalizers"]).ToList();
        var dependents = _dependents.Of(owner.Uid).Select(Find).OfType<StoredObject>().ToList();
        if (finalizers.Contains(Finalizers.Orphan))
        {
            foreach (var dependent in dependents)
                await DisownAsync(dependent, reference => Cell.Text(reference["uid"]) == owner.Uid);
            await TakeOffAsync(owner, Finalizers.Orphan);
        }
        else if (!dependents.Any(dependent => Blocks(dependent, owner)))
        {
            await TakeOffAsync(owner, Finalizers.Foreground);
        }
    }

    private static bool Blocks(StoredObject dependent, StoredObject owner) =>
        Cell.Objects(dependent.Parse()["metadata"]?["ownerReferences"]).Any(reference =>
            Cell.Text(reference["uid"]) == owner.Uid && Cell.Flag(reference["blockOwnerDeletion"]));

    /// <summary>
    /// Removes an object none of whose owners is there to stay; drops references to those that are gone.
    /// </summary>
    private async Task JudgeAsync(StoredObject dependent)
    {
        var owners = OwnersOf(dependent.Parse(), dependent.Key.Namespace).ToList();
        bool Stays((string Uid, StoredObject? Object, bool IsKnown) owner) =>
            !owner.IsKnown || (owner.Object is { } there && !IsLeaving(there));
        bool IsOver((string Uid, StoredObject? Object, bool IsKnown) owner) =>
            owner.IsKnown && (owner.Object is null || IsLeaving(owner.Object));
        if (owners.Any(Stays))
        {
            var over = owners.Where(IsOver).Select(owner => owner.Uid).ToHashSet(StringComparer.Ordinal);
            if (over.Count > 0)
                await DisownAsync(dependent, reference => over.Contains(Cell.Text(reference["uid"])));
            return;
        }

        if (dependent.AwaitsDependents)
            return;
        // What goes because its owner waits for it, waits for its own in turn.
        var isForeground = owners.Any(owner => owner.Object is not null) && _dependents.Of(dependent.Uid).Count > 0;
        await _writer.DeleteAsync(
            dependent.Resource,
            dependent.Key,
            new DeleteOptions { Uid = dependent.Uid, Propagation = isForeground ? "Foreground" : null });
    }

    // One that orphans lets go of its dependents; they are not to follow it.
    private static bool IsLeaving(StoredObject owner) =>
        owner.AwaitsDependents
        && Cell.Texts(owner.Parse()["metadata"]?["finalizers"]).Contains(Finalizers.Foreground);

    /// <summary>
    /// The owners that an object names: null where none has that uid; not known where the kind is not.
    /// </summary>
    private IEnumerable<(string Uid, StoredObject? Object, bool IsKnown)> OwnersOf(JsonObject tree, string ns)
    {
        foreach (var reference in Cell.Objects(tree["metadata"]?["ownerReferences"]))
        {
            var uid = Cell.Text(reference["uid"]);
            if (_registry.ByKind(Cell.Text(reference["apiVersion"]), Cell.Text(reference["kind"])) is not { } resource)
            {
                yield return (uid, null, false);
                continue;
            }

            var key = new ObjectKey(resource.Kind.Namespaced ? ns : "", Cell.Text(reference["name"]));
            var found = Find((resource.Id, key));
            yield return (uid, found?.Uid == uid ? found : null, true);
        }
    }

    private StoredObject? Find(Place place) =>
        _registry.ById(place.Resource) is { } resource ? _store.State.Of(resource).GetValueOrDefault(place.Key) : null;

    private Task DisownAsync(StoredObject dependent, Func<JsonObject, bool> isOver) =>
        ChangeAsync(dependent, meta => meta["ownerReferences"] = new JsonArray(
        [
            .. Cell.Objects(meta["ownerReferences"]).Where(reference => !isOver(reference))
                .Select(reference => reference.DeepClone()),
        ]));

    private Task TakeOffAsync(StoredObject owner, string finalizer) =>
        ChangeAsync(owner, meta => meta["finalizers"] = new JsonArray(
        [
            .. Cell.Texts(meta["finalizers"]).Where(name => name != finalizer).Select(name => (JsonNode)name),
        ]));

    private Task ChangeAsync(StoredObject stored, Action<JsonObject> change) =>
        _writer.UpdateAsync(stored.Resource, stored.Key, Part.Main, WriteOptions.Internal, tree =>
        {
            if (Cell.Text(tree["metadata"]?["uid"]) == stored.Uid)
                change(Metadata.Of(tree));
            return tree;
        });
}

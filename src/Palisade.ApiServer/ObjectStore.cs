using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Patching;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Selecting;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer;

/// <summary>What happened to an object.</summary>
public enum ObjectEventType : byte
{
    /// <summary>It exists (first events of a watch) or was made.</summary>
    Added,

    /// <summary>It changed.</summary>
    Modified,

    /// <summary>It is gone; the object is its last state.</summary>
    Deleted,

    /// <summary>Every object that existed when the watch began has been told; the object is empty.</summary>
    InitialEventsEnd,
}

/// <summary>One event of a watch. The object is the watcher's own copy.</summary>
public readonly record struct ObjectEvent(ObjectEventType Type, JsonObject Object);

/// <summary>
/// The objects, in process: the same rules as over HTTP (decoding, defaulting, validation, resource versions, watches).
/// Resources are named as error texts do: pods, nodes, namespaces, networkpolicies.networking.k8s.io.
/// Every refusal is a <see cref="StatusException"/>. All members may be called from any thread.
/// </summary>
public sealed class ObjectStore
{
    private readonly VersionedStore _store;
    private readonly ResourceRegistry _registry;
    private readonly ObjectWriter _writer;

    internal ObjectStore(VersionedStore store, ResourceRegistry registry, ObjectWriter writer)
    {
        _store = store;
        _registry = registry;
        _writer = writer;
    }

    /// <summary>Creates an object; its apiVersion and kind say what it is, metadata.namespace where.</summary>
    /// <returns>The object as stored.</returns>
    public JsonObject Create(JsonObject value) => Done(CreateAsync(value)).Parse();

    /// <summary>The object of that name, or null. The namespace is null for cluster-scoped resources.</summary>
    public JsonObject? Get(string resource, string? ns, string name) =>
        _store.State.Get(Of(resource), new ObjectKey(ns ?? "", name))?.Parse();

    /// <summary>All objects of a resource, of one namespace or (null) of all, by namespace and name.</summary>
    public IReadOnlyList<JsonObject> List(string resource, string? ns = null) =>
        [.. Everything(Of(resource), ns).From(_store.State).Select(stored => stored.Parse())];

    /// <summary>
    /// The version of the newest change of a resource, deletions included; 0 when there was none since the server
    /// started (or in the watch window). A follower that has come this far knows all of it.
    /// </summary>
    public long LastChange(string resource) => _store.Log.LastOf(Of(resource));

    /// <summary>
    /// Replaces an object (its status excepted where the resource has one); metadata.resourceVersion makes it
    /// conditional.
    /// </summary>
    public JsonObject Update(JsonObject value)
    {
        var resource = Of(value);
        var tree = Decode(resource, value);
        var key = StoredObject.KeyOf(Metadata.Of(tree));
        return Done(_writer.UpdateAsync(
            resource, key, Part.Main, WriteOptions.Internal, _ => tree.DeepClone().AsObject())).Parse();
    }

    /// <summary>
    /// Merges a patch (RFC 7386: null removes) into an object, or with <paramref name="status"/> into its status
    /// only.
    /// </summary>
    public JsonObject Patch(string resource, string? ns, string name, JsonObject patch, bool status = false) =>
        Done(PatchAsync(resource, ns, name, patch, status)).Parse();

    /// <summary>Sets spec.nodeName of a pod that has none, as a scheduler's binding does.</summary>
    public JsonObject Bind(string ns, string pod, string node) =>
        Done(_writer.BindAsync(_registry.Pods, new ObjectKey(ns, pod), node, WriteOptions.Internal)).Parse();

    /// <summary>
    /// Deletes an object; false when there is none. Finalizers hold it back, and pods end by and by, as over HTTP.
    /// </summary>
    public bool Delete(string resource, string? ns, string name) => Delete(resource, ns, name, new DeleteOptions());

    /// <summary>The same without a grace period: as a kubelet does when a pod has ended.</summary>
    public bool DeleteNow(string resource, string? ns, string name) =>
        Delete(resource, ns, name, new DeleteOptions { GracePeriodSeconds = 0 });

    private bool Delete(string resource, string? ns, string name, DeleteOptions options)
    {
        try
        {
            Done(_writer.DeleteAsync(Of(resource), new ObjectKey(ns ?? "", name), options));
            return true;
        }
        catch (StatusException e) when (e.Reason == "NotFound")
        {
            return false;
        }
    }

    /// <summary>
    /// Added for every object there is, then <see cref="ObjectEventType.InitialEventsEnd"/>, then every change in
    /// order, until cancelled. A reader that stays more than the watch window (5 minutes at least) behind gets a
    /// StatusException 410.
    /// </summary>
    public async IAsyncEnumerable<ObjectEvent> WatchAsync(
        string resource, [EnumeratorCancellation] CancellationToken cancel)
    {
        var selection = Everything(Of(resource), null);
        var state = _store.State;
        foreach (var stored in selection.From(state))
            yield return new ObjectEvent(ObjectEventType.Added, stored.Parse());
        yield return new ObjectEvent(ObjectEventType.InitialEventsEnd, []);
        var cursor = new WatchCursor(_store.Log, selection, state.Version);
        while (true)
        {
            var items = cursor.Read(out var more)
                ?? throw Errors.Expired("too old resource version: the watch fell behind");
            foreach (var item in items)
                yield return new ObjectEvent(item.Type, item.Object.Parse());
            await more.WaitAsync(cancel);
        }
    }

    /// <summary>The stored objects of a resource as they are now, own writes included.</summary>
    internal IReadOnlyDictionary<ObjectKey, StoredObject> Stored(string resource) => _store.State.Of(Of(resource));

    /// <summary>The version of what <see cref="Stored"/> shows at least.</summary>
    internal long Version => _store.State.Version;

    /// <summary>
    /// Ends when an object of one of the resources changed after a version, or when the time is over.
    /// </summary>
    internal async Task WaitForChangeAsync(
        IReadOnlySet<string> resources, long version, TimeSpan limit, TimeProvider time, CancellationToken cancel)
    {
        var over = Task.Delay(limit, time, cancel);
        while (!over.IsCompleted)
        {
            if (_store.Log.After(version, int.MaxValue, out var more) is not { } changes
                || changes.Any(change => resources.Contains(change.Resource.Id)))
                return;
            version = changes.Count > 0 ? changes[^1].Version : version;
            await Task.WhenAny(more, over);
        }

        await over;
    }

    internal Task<Written> CreateAsync(JsonObject value)
    {
        var resource = Of(value);
        return _writer.CreateAsync(resource, null, Decode(resource, value), WriteOptions.Internal);
    }

    internal Task<Written> PatchAsync(
        string resource, string? ns, string name, JsonObject patch, bool status = false)
    {
        var of = Of(resource);
        return _writer.UpdateAsync(
            of,
            new ObjectKey(ns ?? "", name),
            status ? Part.Status : Part.Main,
            WriteOptions.Internal,
            tree => Decode(of, MergePatch.Apply(tree, patch)));
    }

    // The store answers from a thread of its own, so that waiting here cannot stand in its way.
    private static T Done<T>(Task<T> write) => write.GetAwaiter().GetResult();

    private static Selection Everything(Resource resource, string? ns) =>
        new(resource, ns, LabelSelection.Everything, FieldSelection.Everything);

    private static JsonObject Decode(Resource resource, JsonObject value) =>
        BodyDecoder.Object(JsonBytes.Of(value), Responses.Json, resource.Kind, FieldValidation.Strict).Tree;

    private Resource Of(string resource) =>
        _registry.ById(resource) ?? throw new ArgumentException($"no resource {resource} is served", nameof(resource));

    private Resource Of(JsonObject value)
    {
        var apiVersion = Cell.Text(value["apiVersion"]);
        var kind = Cell.Text(value["kind"]);
        return _registry.ByKind(apiVersion, kind)
            ?? throw new ArgumentException($"no kind {kind} of {apiVersion} is served", nameof(value));
    }
}

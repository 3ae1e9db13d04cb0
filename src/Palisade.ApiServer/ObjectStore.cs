using System.Text.Json.Nodes;

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
/// The objects, in process: the same rules as over HTTP (defaulting, validation, resource versions, watches).
/// Resources are named as error texts do: pods, nodes, namespaces, networkpolicies.networking.k8s.io.
/// Every refusal is a <see cref="StatusException"/>. All members may be called from any thread.
/// </summary>
public sealed class ObjectStore
{
    internal ObjectStore()
    {
    }

    /// <summary>Creates an object; its apiVersion and kind say what it is, metadata.namespace where.</summary>
    /// <returns>The object as stored.</returns>
    public JsonObject Create(JsonObject value) => throw new NotSupportedException(value.ToJsonString());

    /// <summary>The object of that name, or null. The namespace is null for cluster-scoped resources.</summary>
    public JsonObject? Get(string resource, string? ns, string name) => throw new NotSupportedException(resource);

    /// <summary>All objects of a resource, of one namespace or (null) of all, by namespace and name.</summary>
    public IReadOnlyList<JsonObject> List(string resource, string? ns = null) =>
        throw new NotSupportedException(resource);

    /// <summary>Replaces an object (status excepted where the resource has one); metadata.resourceVersion makes it conditional.</summary>
    public JsonObject Update(JsonObject value) => throw new NotSupportedException(value.ToJsonString());

    /// <summary>Merges a patch (RFC 7386: null removes) into an object, or with <paramref name="status"/> into its status only.</summary>
    public JsonObject Patch(string resource, string? ns, string name, JsonObject patch, bool status = false) =>
        throw new NotSupportedException(resource);

    /// <summary>Sets spec.nodeName of a pod that has none, as a scheduler's binding does.</summary>
    public JsonObject Bind(string ns, string pod, string node) => throw new NotSupportedException(pod);

    /// <summary>Deletes an object; false when there is none. Finalizers hold it back, as over HTTP.</summary>
    public bool Delete(string resource, string? ns, string name) => throw new NotSupportedException(resource);

    /// <summary>
    /// Added for every object there is, then <see cref="ObjectEventType.InitialEventsEnd"/>, then every change in order, until
    /// cancelled. A reader that stays more than the watch window (5 minutes at least) behind gets a StatusException 410.
    /// </summary>
    public IAsyncEnumerable<ObjectEvent> WatchAsync(string resource, CancellationToken cancel) =>
        throw new NotSupportedException(resource);
}

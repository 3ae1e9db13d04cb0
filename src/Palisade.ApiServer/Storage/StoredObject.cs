using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;

namespace Palisade.ApiServer.Storage;

/// <summary>Where an object of one resource stands: ordered by namespace, then name, bytewise as etcd does.</summary>
internal readonly record struct ObjectKey(string Namespace, string Name) : IComparable<ObjectKey>
{
    public int CompareTo(ObjectKey other)
    {
        var order = string.CompareOrdinal(Namespace, other.Namespace);
        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }
}

/// <summary>One state of one object. Immutable: its JSON is parsed anew for whoever wants to change it.</summary>
internal sealed class StoredObject
{
    // The last other shape that was asked for.
    private volatile StoredObject? _shaped;

    private StoredObject(Resource resource, ObjectKey key, long version, string uid, byte[] json, JsonObject tree)
    {
        Resource = resource;
        Key = key;
        Version = version;
        Uid = uid;
        Json = json;
        Labels = LabelsOf(tree);
        Fields = resource.FieldsOf(tree, key);
        Owners = OwnersOf(tree);
        AwaitsDependents = tree["metadata"]?["deletionTimestamp"] is not null
            && tree["metadata"]?["finalizers"] is JsonArray finalizers
            && finalizers.Any(finalizer => Text(finalizer) is Finalizers.Foreground or Finalizers.Orphan);
    }

    public Resource Resource { get; }

    public ObjectKey Key { get; }

    /// <summary>metadata.resourceVersion.</summary>
    public long Version { get; }

    public string Uid { get; }

    /// <summary>The whole object, UTF-8.</summary>
    public byte[] Json { get; }

    public FrozenDictionary<string, string> Labels { get; }

    /// <summary>What field selectors may ask of it, by path.</summary>
    public FrozenDictionary<string, string> Fields { get; }

    /// <summary>The uids that its owner references name.</summary>
    public ImmutableArray<string> Owners { get; }

    /// <summary>Whether it is being deleted and waits for what becomes of those it owns.</summary>
    public bool AwaitsDependents { get; }

    /// <summary>A copy that may be changed.</summary>
    public JsonObject Parse() => JsonBytes.ParseObject(Json);

    /// <summary>The object as a version of its definition shows it; what is built in has one shape.</summary>
    public StoredObject As(Resource resource)
    {
        if (ReferenceEquals(resource, Resource) || resource.Definition is null)
            return this;
        var shaped = _shaped;
        if (shaped is null || !ReferenceEquals(shaped.Resource, resource))
        {
            var tree = resource.Shape(Parse());
            _shaped = shaped = new StoredObject(resource, Key, Version, Uid, JsonBytes.Of(tree), tree);
        }

        return shaped;
    }

    /// <summary>The tree with this resourceVersion set, as an object to store.</summary>
    public static StoredObject Of(Resource resource, JsonObject tree, long version)
    {
        var meta = tree["metadata"]!.AsObject();
        meta["resourceVersion"] = version.ToString();
        return Loaded(resource, KeyOf(meta), version, JsonBytes.Of(tree), tree);
    }

    /// <summary>An object as the database holds it.</summary>
    public static StoredObject Loaded(
        Resource resource, ObjectKey key, long version, byte[] json, JsonObject? tree = null)
    {
        tree ??= JsonBytes.ParseObject(json);
        return new StoredObject(resource, key, version, Text(tree["metadata"]?["uid"]), json, tree);
    }

    public static ObjectKey KeyOf(JsonObject meta) => new(Text(meta["namespace"]), Text(meta["name"]));

    public static FrozenDictionary<string, string> LabelsOf(JsonObject tree) =>
        tree["metadata"]?["labels"] is JsonObject labels
            ? labels.ToFrozenDictionary(pair => pair.Key, pair => Text(pair.Value), StringComparer.Ordinal)
            : FrozenDictionary<string, string>.Empty;

    private static ImmutableArray<string> OwnersOf(JsonObject tree) =>
        tree["metadata"]?["ownerReferences"] is JsonArray owners
            ? [.. owners.OfType<JsonObject>().Select(owner => Text(owner["uid"]))]
            : [];

    private static string Text(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : "";
}

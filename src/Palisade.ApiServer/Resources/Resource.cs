using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Resources;

/// <summary>
/// One served resource: its kind and everything that is special about it. Each has one registration in this folder.
/// </summary>
internal sealed class Resource
{
    private static readonly ImmutableArray<string> _allVerbs =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    public required KindSchema Kind { get; init; }

    /// <summary>How kubectl get prints it.</summary>
    public required TableLayout Table { get; init; }

    public ImmutableArray<string> Categories { get; init; } = [];

    /// <summary>Paths that field selectors may name besides metadata.name and metadata.namespace.</summary>
    public ImmutableArray<SelectableField> SelectableFields { get; init; } = [];

    /// <summary>Whether metadata.generation counts changes of spec.</summary>
    public bool CountsGenerations { get; init; }

    /// <summary>Whether spec.replicas can be read and written as an autoscaling/v1 Scale.</summary>
    public bool HasScale { get; init; }

    /// <summary>Where a custom resource has what a Scale says; null: where workloads have it.</summary>
    public ScalePaths? Scale { get; init; }

    /// <summary>The CustomResourceDefinition that makes it; null for the server's own.</summary>
    public string? Definition { get; init; }

    /// <summary>What everybody who uses this version is warned of.</summary>
    public string? Deprecation { get; init; }

    /// <summary>Whether a delete answers with the object rather than a Status.</summary>
    public bool ReturnsDeleted { get; init; }

    /// <summary>Whether a replace of what is not there creates it (AllowCreateOnUpdate).</summary>
    public bool CreatesOnUpdate { get; init; }

    /// <summary>Whether a replace must say what state it replaces (no AllowUnconditionalUpdate).</summary>
    public bool NeedsVersion { get; init; }

    /// <summary>Sets an object up for its first store: initial status, fields clients may not choose.</summary>
    public Action<JsonObject>? PrepareCreate { get; init; }

    /// <summary>Defaults that only a server fills in, after those of ObjectValidation, on create and update.</summary>
    public Action<JsonObject> Default { get; init; } = _ => { };

    /// <summary>What an update may not change, besides what ObjectValidation says.</summary>
    public Func<JsonObject, JsonObject, IEnumerable<Cause>> JudgeChange { get; init; } = (_, _) => [];

    /// <summary>
    /// Fills in what depends on the other objects of the resource (addresses), under the store's lock: the object, what
    /// it was before (null: it is new), all there are. Answers what stands against it.
    /// </summary>
    public Func<JsonObject, JsonObject?, IEnumerable<StoredObject>, IReadOnlyList<Cause>> Assign { get; init; } =
        (_, _, _) => [];

    /// <summary>What the creator of an object is warned of.</summary>
    public Func<JsonObject, string?> WarnCreator { get; init; } = _ => null;

    /// <summary>What the writer of an object is warned of because of the other objects of the resource.</summary>
    public Func<JsonObject, IEnumerable<JsonObject>, IEnumerable<string>> WarnAmong { get; init; } = (_, _) => [];

    /// <summary>Subresources that this server knows only to say that they are not served yet.</summary>
    public ImmutableArray<string> UnservedSubresources { get; init; } = [];

    /// <summary>The name in the database and in error texts: pods, networkpolicies.networking.k8s.io.</summary>
    public string Id => Kind.QualifiedResource;

    /// <summary>What clients may do with it; discovery tells, and the rest is 405.</summary>
    public ImmutableArray<string> Verbs { get; init; } = _allVerbs;

    /// <summary>The values that field selectors compare.</summary>
    public FrozenDictionary<string, string> FieldsOf(JsonObject tree, ObjectKey key)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal) { ["metadata.name"] = key.Name };
        if (Kind.Namespaced)
            fields["metadata.namespace"] = key.Namespace;
        foreach (var field in SelectableFields)
            fields[field.Path] = field.ValueOf(tree);
        return fields.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>
    /// An object that was written by another version, or by an earlier state, of the definition: as it is by this one.
    /// </summary>
    public JsonObject Shape(JsonObject tree)
    {
        var shaped = WireJson.ToNode(StrictDecode.Check(WireJson.FromNode(tree), Kind).Pruned)!.AsObject();
        shaped["apiVersion"] = Kind.ApiVersion;
        return shaped;
    }

    public bool CanSelect(string path) =>
        path is "metadata.name" or "metadata.namespace" || SelectableFields.Any(field => field.Path == path);
}

/// <summary>A path of single values that field selectors may name, and what it counts as when absent.</summary>
internal sealed record SelectableField(string Path, string Absent = "")
{
    public string ValueOf(JsonObject tree)
    {
        JsonNode? node = tree;
        foreach (var step in Path.Split('.'))
            node = (node as JsonObject)?[step];
        return node is JsonValue value ? value.ToString() : Absent;
    }
}

/// <summary>Where an object has the replicas wanted, those there are, and (as text) the selector of its pods.</summary>
internal sealed record ScalePaths(JsonPath Wanted, JsonPath Actual, JsonPath? Selector);

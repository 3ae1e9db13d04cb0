using System.Collections.Frozen;
using System.Collections.Immutable;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Schema;

/// <summary>What a value is to server-side apply.</summary>
public enum MergeForm : byte
{
    /// <summary>Nothing is known of it: what the value is says how it is merged, lists whole.</summary>
    Any,

    /// <summary>A scalar of any type: IntOrString, Quantity, Time.</summary>
    Untyped,

    /// <summary>A string.</summary>
    String,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A boolean.</summary>
    Bool,

    /// <summary>An object with named fields.</summary>
    Struct,

    /// <summary>A map: any key, values of one type.</summary>
    Map,

    /// <summary>A list.</summary>
    List,
}

/// <summary>A key of the items of a list, and the value that counts where an item does not have it.</summary>
public readonly record struct ListKey(string Name, string? Default);

/// <summary>
/// How server-side apply merges a value and who can own which part of it: the schema of structured-merge-diff, made
/// from the same tables as everything else (x-kubernetes-list-type, -list-map-keys and -map-type).
/// </summary>
public sealed class MergeType
{
    // What Go types hold by value, and lists without omitempty: such a field is always there, so that nobody comes to
    // own its mere presence.
    private static readonly FrozenSet<string> _values = FrozenSet.Create(
        StringComparer.Ordinal, "metadata", "spec", "status", "template", "jobTemplate", "strategy", "updateStrategy",
        "containers", "resources", "source", "loadBalancer", "nodeInfo", "daemonEndpoints", "kubeletEndpoint");

    // The structs that k8s.io/api and apimachinery mark with structType=atomic (x-kubernetes-map-type), by Go name.
    private static readonly FrozenSet<string> _atomic = FrozenSet.Create(
        StringComparer.Ordinal, "LabelSelector", "LocalObjectReference", "ObjectReference", "SecretReference",
        "TypedLocalObjectReference", "CrossVersionObjectReference", "OwnerReference", "ObjectFieldSelector",
        "ResourceFieldSelector", "ConfigMapKeySelector", "SecretKeySelector", "FileKeySelector", "NodeSelector",
        "NodeSelectorTerm", "TopologySelectorTerm", "ScopeSelector", "ScopedResourceSelectorRequirement", "RoleRef",
        "Subject", "EndpointAddress", "EndpointPort", "ServiceBackendPort");

    private readonly Func<MergeType>? _items;
    private readonly Lazy<FrozenDictionary<string, MergeType>> _fields;

    // Types refer to each other, so what is inside one is looked up when asked for.
    private MergeType(
        MergeForm form,
        bool isAtomic = false,
        Func<MergeType>? items = null,
        Func<IEnumerable<KeyValuePair<string, MergeType>>>? fields = null)
    {
        Form = form;
        IsAtomic = isAtomic;
        _items = items;
        _fields = new(() => (fields?.Invoke() ?? []).ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <summary>A value of which nothing is known.</summary>
    public static MergeType Anything { get; } = new(MergeForm.Any);

    /// <summary>What the value is.</summary>
    public MergeForm Form { get; }

    /// <summary>Owned and replaced whole.</summary>
    public bool IsAtomic { get; }

    /// <summary>The keys that tell the items of a list apart; empty for a set and for an atomic list.</summary>
    public ImmutableArray<ListKey> Keys { get; private init; } = [];

    /// <summary>The fields that a Go struct holds by value: absent is the same as empty.</summary>
    public ImmutableArray<string> ByValue { get; private init; } = [];

    /// <summary>The type of the values of a map or the items of a list.</summary>
    public MergeType Items => _items?.Invoke() ?? Anything;

    /// <summary>The type of a declared field, or null.</summary>
    public MergeType? Field(string name) => _fields.Value.GetValueOrDefault(name);

    /// <summary>The type of a member, declared or a map's; null where there can be no such member.</summary>
    public MergeType? Member(string name) =>
        Field(name) ?? (Form == MergeForm.Struct && _items is null ? null : Items);

    internal static MergeType Of(ObjectSchema type) => new(
        MergeForm.Struct,
        _atomic.Contains(type.GoName),
        fields: () => type.Fields.Select(field => KeyValuePair.Create(field.Name, Of(field))))
    {
        ByValue =
        [
            .. type.Declared
                .Where(field => field.Kind == FieldKind.Object && !field.Embedded
                    && (field.Shape == FieldShape.Single || field.Required))
                .Select(field => field.Name)
                .Where(_values.Contains),
        ],
    };

    internal static MergeType OfWhole(CustomSchema schema)
    {
        var (head, body) = (schema.Head.Merge, schema.Merge);
        return new(MergeForm.Struct, items: body._items, fields: () => head._fields.Value.Concat(
            body._fields.Value.Where(field => head.Field(field.Key) is null)))
        {
            ByValue = ["metadata"],
        };
    }

    internal static MergeType Of(CustomSchema schema)
    {
        if (schema.Known is { } known)
            return known.Merge;
        if (schema.Items is { } items)
        {
            return new(MergeForm.List, schema.MapKeys.IsEmpty && !schema.IsSet, () => items.Merge)
            {
                Keys = [.. schema.MapKeys.Select(key => new ListKey(key, (items[key]?.Default as WireString)?.Value))],
            };
        }

        if (schema.Values is { } values)
            return new(MergeForm.Map, schema.IsAtomic, () => values.Merge);
        if (schema.IntOrString)
            return new(MergeForm.Untyped);
        if (schema.KeepsUnknown && schema.Properties.IsEmpty)
            return Anything;
        return schema.Type switch
        {
            CustomType.Object => new(
                MergeForm.Struct,
                schema.IsAtomic,
                schema.KeepsUnknown ? () => Anything : null,
                () => schema.Properties.Select(
                    property => KeyValuePair.Create(property.Name, property.Schema.Merge))),
            CustomType.Integer or CustomType.Number => new(MergeForm.Number),
            CustomType.Boolean => new(MergeForm.Bool),
            CustomType.String => new(MergeForm.String),
            _ => Anything,
        };
    }

    private static MergeType Of(ApiField field)
    {
        var keys = field.ListKeys ?? field.MergeKey;
        return field.Shape switch
        {
            FieldShape.List => new(
                MergeForm.List, field.Atomic || (keys is null && !field.PrimitiveMerge), () => Item(field))
            {
                Keys = keys is null ? [] : [.. keys.Split(',').Select(Key)],
            },
            FieldShape.Map => new(MergeForm.Map, field.Atomic, () => Item(field)),
            _ => Item(field),
        };
    }

    private static ListKey Key(string text) =>
        text.IndexOf('=') is var equals and > 0 ? new(text[..equals], text[(equals + 1)..]) : new(text, null);

    private static MergeType Item(ApiField field) => field.Kind switch
    {
        FieldKind.Object => field.Type!().Merge,
        FieldKind.String or FieldKind.Bytes => new(MergeForm.String),
        FieldKind.Int32 or FieldKind.Int64 => new(MergeForm.Number),
        FieldKind.Bool => new(MergeForm.Bool),
        FieldKind.StringList => new(MergeForm.List, isAtomic: true),
        FieldKind.Any or FieldKind.ObjectOrOther => Anything,
        FieldKind.Number => new(MergeForm.Number),
        _ => new(MergeForm.Untyped),
    };
}

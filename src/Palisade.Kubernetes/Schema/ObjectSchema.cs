using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Palisade.Kubernetes.Schema;

/// <summary>What a field holds.</summary>
public enum FieldKind : byte
{
    /// <summary>A string.</summary>
    String,

    /// <summary>A 32-bit integer.</summary>
    Int32,

    /// <summary>A 64-bit integer.</summary>
    Int64,

    /// <summary>A boolean.</summary>
    Bool,

    /// <summary>intstr.IntOrString: a 32-bit integer or a string.</summary>
    IntOrString,

    /// <summary>resource.Quantity: a string, or a number taken as one.</summary>
    Quantity,

    /// <summary>metav1.Time: an RFC 3339 string.</summary>
    Time,

    /// <summary>metav1.MicroTime.</summary>
    MicroTime,

    /// <summary>Bytes: base64 in JSON.</summary>
    Bytes,

    /// <summary>A list of strings as one value of a map (UserInfo.extra).</summary>
    StringList,

    /// <summary>An object described by another schema.</summary>
    Object,

    /// <summary>Any value, kept as it is (FieldsV1, RawExtension).</summary>
    Any,

    /// <summary>Any number.</summary>
    Number,

    /// <summary>An object by another schema, or what is no object, as it is (JSONSchemaPropsOrBool).</summary>
    ObjectOrOther,
}

/// <summary>How many values a field holds.</summary>
public enum FieldShape : byte
{
    /// <summary>One value.</summary>
    Single,

    /// <summary>A list.</summary>
    List,

    /// <summary>A map with string keys.</summary>
    Map,
}

/// <summary>One field of an API type: names and tags from the Go structs of k8s.io/api.</summary>
/// <param name="Name">The JSON name; empty for an embedded struct.</param>
/// <param name="Tag">The protobuf field number; 0 where the field has no protobuf form (apiVersion and kind).</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Shape">One, a list, or a map.</param>
/// <param name="Type">The schema of Kind Object; resolved late, since API types refer to each other.</param>
/// <param name="GoItem">The Go type of one value where it is not the kind's own, for example v1.Protocol.</param>
/// <param name="GoWhole">The Go type of the whole list or map where it has a name of its own, for example
/// v1.ResourceList.</param>
/// <param name="MergeKey">Strategic merge: the key that tells list items apart; null when the list is replaced
/// whole.</param>
/// <param name="PrimitiveMerge">Strategic merge: a list of primitives that is merged (finalizers).</param>
/// <param name="RetainKeys">Strategic merge: patchStrategy retainKeys.</param>
/// <param name="Required">The schema document lists it as required.</param>
/// <param name="Embedded">An embedded struct: one message in protobuf, members of the outer object in JSON.</param>
/// <param name="Optional">A pointer to a scalar in Go: its zero value is told from its absence (replicas: 0).</param>
/// <param name="ListKeys">x-kubernetes-list-map-keys where they are not the merge key alone, parted by commas, each
/// with its default where it has one: containerPort,protocol=TCP.</param>
/// <param name="Atomic">x-kubernetes-list-type or x-kubernetes-map-type atomic although it has a merge key or is a
/// map: owned and replaced whole by server-side apply.</param>
public sealed record ApiField(
    string Name,
    int Tag,
    FieldKind Kind,
    FieldShape Shape,
    Func<ObjectSchema>? Type = null,
    string? GoItem = null,
    string? GoWhole = null,
    string? MergeKey = null,
    bool PrimitiveMerge = false,
    bool RetainKeys = false,
    bool Required = false,
    bool Embedded = false,
    bool Optional = false,
    string? ListKeys = null,
    bool Atomic = false)
{
    /// <summary>The Go type of one value, as the JSON decoder's errors print it: v1.Container, string.</summary>
    public string GoItemType => GoItem ?? Kind switch
    {
        FieldKind.Object => Type!().GoType,
        FieldKind.Int32 => "int32",
        FieldKind.Int64 => "int64",
        FieldKind.Bool => "bool",
        FieldKind.IntOrString => "intstr.IntOrString",
        FieldKind.Quantity => "resource.Quantity",
        FieldKind.Time => "v1.Time",
        FieldKind.MicroTime => "v1.MicroTime",
        FieldKind.Bytes => "[]uint8",
        FieldKind.StringList => "[]string",
        FieldKind.Any => "runtime.RawExtension",
        FieldKind.Number => "float64",
        _ => "string",
    };

    /// <summary>
    /// The Go type of the field, as the JSON decoder's errors print it: []v1.NetworkPolicyIngressRule.
    /// </summary>
    public string GoType => GoWhole ?? Shape switch
    {
        FieldShape.List => $"[]{GoItemType}",
        FieldShape.Map => $"map[string]{GoItemType}",
        _ => GoItemType,
    };
}

/// <summary>An API object type: its Go name, its OpenAPI name and its fields, in declaration order.</summary>
public sealed class ObjectSchema
{
    private readonly Lazy<ImmutableArray<ApiField>> _fields;
    private readonly Lazy<FrozenDictionary<string, ApiField>> _byName;
    private readonly FrozenDictionary<int, ApiField> _byTag;
    private readonly Lazy<MergeType> _merge;

    /// <summary>A type with these fields.</summary>
    /// <param name="goType">The Go struct as decode errors print it: v1.NetworkPolicySpec.</param>
    /// <param name="openApiName">The definition's name: io.k8s.api.networking.v1.NetworkPolicySpec.</param>
    /// <param name="declared">The fields in declaration order.</param>
    public ObjectSchema(string goType, string openApiName, params IEnumerable<ApiField> declared)
    {
        GoType = goType;
        GoName = goType[(goType.LastIndexOf('.') + 1)..];
        OpenApiName = openApiName;
        Declared = [.. declared];
        // Late, because types refer to each other and their tables are built in any order.
        _fields = new(() =>
            [.. Declared.SelectMany(field => field.Embedded ? field.Type!().Fields.AsEnumerable() : [field])]);
        _byName = new(() => Fields.ToFrozenDictionary(field => field.Name, StringComparer.Ordinal));
        _byTag = Declared.Where(field => field.Tag != 0).ToFrozenDictionary(field => field.Tag);
        _merge = new(() => MergeType.Of(this));
    }

    /// <summary>The Go struct as decode errors print it: v1.NetworkPolicySpec.</summary>
    public string GoType { get; }

    /// <summary>The Go struct's name: NetworkPolicySpec.</summary>
    public string GoName { get; }

    /// <summary>The OpenAPI definition's name.</summary>
    public string OpenApiName { get; }

    /// <summary>The fields as the struct declares them, embedded structs as one field: the protobuf message.</summary>
    public ImmutableArray<ApiField> Declared { get; }

    /// <summary>
    /// The members of the JSON object, in declaration order, those of embedded structs in their place.
    /// </summary>
    public ImmutableArray<ApiField> Fields => _fields.Value;

    /// <summary>How server-side apply merges its values.</summary>
    public MergeType Merge => _merge.Value;

    /// <summary>The field of a JSON name, or null. Names are case-sensitive, as in sigs.k8s.io/json.</summary>
    public ApiField? Field(string name) => _byName.Value.GetValueOrDefault(name);

    /// <summary>The declared field of a protobuf tag, or null.</summary>
    public ApiField? Field(int tag) => _byTag.GetValueOrDefault(tag);
}

/// <summary>A kind the API serves or a manifest may hold.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Version">The version.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Plural">The resource name.</param>
/// <param name="Singular">The singular name.</param>
/// <param name="ShortNames">kubectl's abbreviations.</param>
/// <param name="Namespaced">Whether its objects live in namespaces.</param>
/// <param name="HasStatus">Whether it has a status subresource.</param>
/// <param name="Type">Its fields, apiVersion, kind and metadata included.</param>
public sealed record KindSchema(
    string Group,
    string Version,
    string Kind,
    string Plural,
    string Singular,
    ImmutableArray<string> ShortNames,
    bool Namespaced,
    bool HasStatus,
    ObjectSchema Type)
{
    /// <summary>The schema of a custom resource; null for the kinds that Kubernetes itself has.</summary>
    internal CustomSchema? Custom { get; init; }

    /// <summary>The kind of its lists.</summary>
    public string ListKind { get; init; } = Kind + "List";

    /// <summary>Whether a CustomResourceDefinition makes it: it has no Go type to patch or decode by.</summary>
    public bool IsCustom => Custom is not null;

    /// <summary>Whether its objects can be read as protobuf: the others are 415 in it, and clients send JSON.</summary>
    public bool HasProtobuf => !IsCustom && Type.Declared.Any(declared => declared.Tag != 0);

    /// <summary>How server-side apply merges its objects.</summary>
    public MergeType Merge => Custom?.MergeWhole ?? Type.Merge;

    /// <summary>Whether its objects say what pods may send and receive.</summary>
    public bool IsPolicy =>
        Group == "policy.networking.k8s.io" || (Group, Kind) is ("networking.k8s.io", "NetworkPolicy");

    /// <summary>group/version, or the version alone for the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>plural.group, or the plural alone for the core group: what error texts call the resource.</summary>
    public string QualifiedResource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}

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

    /// <summary>An object described by another schema.</summary>
    Object,

    /// <summary>Any value, kept as it is (FieldsV1, RawExtension).</summary>
    Any,
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

/// <summary>One field of an API type: names and tags from k8s.io/api types.go and generated.proto.</summary>
/// <param name="Name">The JSON name.</param>
/// <param name="Tag">The protobuf field number; 0 where the type has no protobuf form.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Shape">One, a list, or a map.</param>
/// <param name="GoType">The Go type as the JSON decoder's errors print it, for example []v1.NetworkPolicyIngressRule.</param>
/// <param name="Type">The schema of Kind Object; resolved late, since API types refer to each other.</param>
/// <param name="MergeKey">Strategic merge: the key that tells list items apart; null when the list is replaced whole.</param>
/// <param name="PrimitiveMerge">Strategic merge: a list of primitives that is merged (finalizers).</param>
/// <param name="RetainKeys">Strategic merge: patchStrategy retainKeys.</param>
/// <param name="Required">The schema document lists it as required.</param>
public sealed record ApiField(
    string Name,
    int Tag,
    FieldKind Kind,
    FieldShape Shape,
    string GoType,
    Func<ObjectSchema>? Type = null,
    string? MergeKey = null,
    bool PrimitiveMerge = false,
    bool RetainKeys = false,
    bool Required = false);

/// <summary>An API object type: its Go name, its OpenAPI name and its fields, in declaration order.</summary>
public sealed class ObjectSchema
{
    private readonly FrozenDictionary<string, ApiField> _byName;
    private readonly FrozenDictionary<int, ApiField> _byTag;

    /// <summary>A type with these fields.</summary>
    /// <param name="goName">The Go struct's name, as decode errors print it: NetworkPolicySpec.</param>
    /// <param name="openApiName">The definition's name: io.k8s.api.networking.v1.NetworkPolicySpec.</param>
    /// <param name="fields">The fields in declaration order.</param>
    public ObjectSchema(string goName, string openApiName, params IEnumerable<ApiField> fields)
    {
        GoName = goName;
        OpenApiName = openApiName;
        Fields = [.. fields];
        _byName = Fields.ToFrozenDictionary(field => field.Name, StringComparer.Ordinal);
        _byTag = Fields.Where(field => field.Tag != 0).ToFrozenDictionary(field => field.Tag);
    }

    /// <summary>The Go struct's name.</summary>
    public string GoName { get; }

    /// <summary>The OpenAPI definition's name.</summary>
    public string OpenApiName { get; }

    /// <summary>The fields, in declaration order.</summary>
    public ImmutableArray<ApiField> Fields { get; }

    /// <summary>The field of a JSON name, or null.</summary>
    public ApiField? Field(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The field of a protobuf tag, or null.</summary>
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
    /// <summary>group/version, or the version alone for the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>plural.group, or the plural alone for the core group: what error texts call the resource.</summary>
    public string QualifiedResource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}

using System.Collections.Immutable;
using Palisade.Kubernetes.Validate;

namespace Palisade.Kubernetes.Schema;

/// <summary>The types of an OpenAPI v3 schema that our custom resources use.</summary>
internal enum CustomType : byte
{
    Object,
    Array,
    String,
    Integer,
}

/// <summary>A property of an object.</summary>
internal readonly record struct CustomProperty(string Name, CustomSchema Schema, bool Required);

/// <summary>An x-kubernetes-validations rule: its CEL text, its message and what it says.</summary>
internal sealed record CustomRule(string Rule, string Message, Func<Place, bool> Holds);

/// <summary>
/// A node of a custom resource's structural schema (apiextensions.k8s.io/v1 JSONSchemaProps), with the words of the
/// CustomResourceDefinition. Decoding, pruning, defaults, validation and the field table all come from this one tree.
/// </summary>
internal sealed class CustomSchema
{
    private readonly Lazy<ObjectSchema> _struct;
    private readonly Lazy<ObjectSchema> _envelope;
    private readonly Lazy<MergeType> _merge;

    public CustomSchema(CustomType type, string? goType = null)
    {
        Type = type;
        GoType = goType;
        _struct = new(Struct);
        _merge = new(() => MergeType.Of(this));
        _envelope = new(() => new(AsStruct.GoType, AsStruct.OpenApiName, AsStruct.Declared.Select(field =>
            field.Name is "apiVersion" or "kind" or "metadata" ? field : Declare.Any(field.Name, 0))));
    }

    public CustomType Type { get; }

    /// <summary>The Go struct, v1alpha2.ClusterNetworkPolicySpec; null for what is no struct of its group.</summary>
    public string? GoType { get; }

    /// <summary>The struct of meta/v1 that this object is, where it is one.</summary>
    public ObjectSchema? Known { get; init; }

    /// <summary>The properties in the order of the definition.</summary>
    public ImmutableArray<CustomProperty> Properties { get; init; } = [];

    /// <summary>additionalProperties: the values of a map.</summary>
    public CustomSchema? Values { get; init; }

    /// <summary>The items of a list.</summary>
    public CustomSchema? Items { get; init; }

    public ImmutableArray<string> Enum { get; init; } = [];

    public int? MinProperties { get; init; }

    public int? MaxProperties { get; init; }

    public int? MinItems { get; init; }

    public int? MaxItems { get; init; }

    /// <summary>In characters.</summary>
    public int? MinLength { get; init; }

    /// <summary>In characters.</summary>
    public int? MaxLength { get; init; }

    public long? Minimum { get; init; }

    public long? Maximum { get; init; }

    public string? Format { get; init; }

    /// <summary>A Go regular expression, as published; <see cref="Matches"/> is what it says.</summary>
    public string? Pattern { get; init; }

    public Func<string, bool>? Matches { get; init; }

    /// <summary>The value where a string is absent.</summary>
    public string? Default { get; init; }

    /// <summary>x-kubernetes-list-type: set.</summary>
    public bool IsSet { get; init; }

    /// <summary>x-kubernetes-list-type: map, with this key.</summary>
    public string? MapKey { get; init; }

    public ImmutableArray<CustomRule> Rules { get; init; } = [];

    /// <summary>The field table of an object; no field has a protobuf form.</summary>
    public ObjectSchema AsStruct => Known ?? _struct.Value;

    /// <summary>How server-side apply merges values of this node.</summary>
    public MergeType Merge => _merge.Value;

    /// <summary>Of a whole object: apiVersion, kind and metadata as in the table, the rest as it comes.</summary>
    public ObjectSchema Envelope => _envelope.Value;

    /// <summary>metadata, and LabelSelector's maps: their members are not listed here.</summary>
    public bool IsOpen => Type == CustomType.Object && Properties.IsEmpty;

    /// <summary>The property of a name, or null.</summary>
    public CustomSchema? this[string name]
    {
        get
        {
            foreach (var property in Properties)
            {
                if (property.Name == name)
                    return property.Schema;
            }

            return null;
        }
    }

    private ObjectSchema Struct()
    {
        var name = GoType ?? throw new InvalidOperationException("no struct");
        return new(name, $"io.k8s.networking.policy.{name}",
            Properties.Select(property => Field(property.Name, property.Schema, property.Required)));
    }

    private static ApiField Field(string name, CustomSchema schema, bool required)
    {
        var item = schema.Items ?? schema.Values ?? schema;
        var kind = item.Type switch
        {
            CustomType.Integer => item.Format == "int64" ? FieldKind.Int64 : FieldKind.Int32,
            CustomType.String => item.Format == "date-time" ? FieldKind.Time : FieldKind.String,
            _ => FieldKind.Object,
        };
        var shape = schema.Items is not null ? FieldShape.List
            : schema.Values is not null ? FieldShape.Map : FieldShape.Single;
        return new(name, 0, kind, shape, kind == FieldKind.Object ? () => item.AsStruct : null,
            MergeKey: schema.MapKey, Required: required);
    }
}

using System.Collections.Immutable;
using Palisade.Kubernetes.Cel;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Schema;

/// <summary>The types of an OpenAPI v3 schema.</summary>
internal enum CustomType : byte
{
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

/// <summary>A property of an object.</summary>
internal readonly record struct CustomProperty(string Name, CustomSchema Schema, bool Required);

/// <summary>An x-kubernetes-validations rule: its CEL text, and what is said when it does not hold.</summary>
internal sealed class CustomRule(string rule, string? message)
{
    private readonly Lazy<(CelProgram? Program, string? Problem)> _parsed = new(() => CelProgram.Parse(rule));
    private readonly Lazy<bool> _isTransition = new(() => CelProgram.Parse(rule).Program?.Mentions("oldSelf") == true);
    private Lazy<CelProgram?>? _message;

    public string Rule => rule;

    /// <summary>Null: failed rule: RULE.</summary>
    public string? Message => message;

    /// <summary>CEL for a message made of the value; where it fails, Message is said.</summary>
    public string? MessageExpression
    {
        get;
        init
        {
            field = value;
            _message = value is null ? null : new(() => CelProgram.Parse(value).Program);
        }
    }

    /// <summary>FieldValueInvalid, FieldValueForbidden, FieldValueRequired, FieldValueDuplicate.</summary>
    public string? Reason { get; init; }

    /// <summary>Where the failure is told, from where the rule stands: .spec.replicas.</summary>
    public string? FieldPath { get; init; }

    /// <summary>oldSelf is an optional, and the rule is asked about new values too.</summary>
    public bool OptionalOldSelf { get; init; }

    /// <summary>Null when the text is no CEL.</summary>
    public CelProgram? Program => _parsed.Value.Program;

    public CelProgram? MessageProgram => _message?.Value;

    /// <summary>Whether it compares with what was before.</summary>
    public bool IsTransition => _isTransition.Value;
}

/// <summary>
/// A node of a custom resource's structural schema (apiextensions.k8s.io/v1 JSONSchemaProps), declared here or read
/// from a CustomResourceDefinition. Decoding, pruning, defaults, validation and the field table all come from it.
/// </summary>
internal sealed class CustomSchema
{
    private readonly Lazy<ObjectSchema> _struct;
    private readonly Lazy<MergeType> _merge;
    private readonly Lazy<MergeType> _mergeWhole;
    private readonly Lazy<ObjectSchema> _head;
    private readonly Lazy<bool> _hasTransitions;

    public CustomSchema(CustomType? type, string? goType = null)
    {
        Type = type;
        GoType = goType;
        _struct = new(Struct);
        _merge = new(() => MergeType.Of(this));
        _mergeWhole = new(() => MergeType.OfWhole(this));
        _head = new(() => new(goType ?? "unstructured.Unstructured", "",
            Declare.Str("apiVersion", 0),
            Declare.Str("kind", 0),
            Declare.Obj("metadata", 0, () => MetaTypes.ObjectMeta)));
        _hasTransitions = new(() => Rules.Any(rule => rule.IsTransition)
            || Properties.Any(property => property.Schema.HasTransitions)
            || Items?.HasTransitions == true || Values?.HasTransitions == true);
    }

    /// <summary>Null: any, or what IntOrString says; and the schemas within allOf, anyOf, oneOf and not.</summary>
    public CustomType? Type { get; }

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

    /// <summary>Names that must be given but have no schema here: what anyOf and its like ask for.</summary>
    public ImmutableArray<string> AlsoRequired { get; init; } = [];

    public ImmutableArray<WireValue> Enum { get; init; } = [];

    public bool Nullable { get; init; }

    /// <summary>x-kubernetes-preserve-unknown-fields.</summary>
    public bool KeepsUnknown { get; init; }

    /// <summary>x-kubernetes-embedded-resource: apiVersion, kind and metadata of its own.</summary>
    public bool IsResource { get; init; }

    /// <summary>x-kubernetes-int-or-string.</summary>
    public bool IntOrString { get; init; }

    public ImmutableArray<CustomSchema> AllOf { get; init; } = [];

    public ImmutableArray<CustomSchema> AnyOf { get; init; } = [];

    public ImmutableArray<CustomSchema> OneOf { get; init; } = [];

    public CustomSchema? Not { get; init; }

    public int? MinProperties { get; init; }

    public int? MaxProperties { get; init; }

    public int? MinItems { get; init; }

    public int? MaxItems { get; init; }

    /// <summary>In characters.</summary>
    public int? MinLength { get; init; }

    /// <summary>In characters.</summary>
    public int? MaxLength { get; init; }

    public decimal? Minimum { get; init; }

    public decimal? Maximum { get; init; }

    public bool ExclusiveMinimum { get; init; }

    public bool ExclusiveMaximum { get; init; }

    public decimal? MultipleOf { get; init; }

    public string? Format { get; init; }

    /// <summary>A Go regular expression, as published; <see cref="Matches"/> is what it says.</summary>
    public string? Pattern { get; init; }

    public Func<string, bool>? Matches { get; init; }

    /// <summary>The value where the property is absent.</summary>
    public WireValue? Default { get; init; }

    /// <summary>x-kubernetes-list-type: set.</summary>
    public bool IsSet { get; init; }

    /// <summary>x-kubernetes-list-type: map, with these keys.</summary>
    public ImmutableArray<string> MapKeys { get; init; } = [];

    /// <summary>x-kubernetes-map-type: atomic.</summary>
    public bool IsAtomic { get; init; }

    public ImmutableArray<CustomRule> Rules { get; init; } = [];

    /// <summary>Of a whole object: the words of the definition it was read from; null where declared here.</summary>
    public WireObject? Published { get; init; }

    /// <summary>The field table of an object; no field has a protobuf form.</summary>
    public ObjectSchema AsStruct => Known ?? _struct.Value;

    /// <summary>How server-side apply merges values of this node.</summary>
    public MergeType Merge => _merge.Value;

    /// <summary>The same of whole objects, which have apiVersion, kind and metadata.</summary>
    public MergeType MergeWhole => _mergeWhole.Value;

    /// <summary>Of a whole object: the fields that all kinds have.</summary>
    public ObjectSchema Head => _head.Value;

    /// <summary>Whether a rule here or below compares with what was before.</summary>
    public bool HasTransitions => _hasTransitions.Value;

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
            MergeKey: schema.MapKeys.FirstOrDefault(), Required: required);
    }
}

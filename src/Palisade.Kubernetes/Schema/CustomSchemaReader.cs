using System.Collections.Immutable;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Schema;

/// <summary>Reads the schema of a CustomResourceDefinition that was found in order (DefinitionValidation).</summary>
internal static class CustomSchemaReader
{
    /// <summary>The kind of one version of a definition.</summary>
    public static KindSchema Kind(WireObject spec, WireObject version)
    {
        var names = spec["names"] as WireObject ?? new WireObject([], default);
        var (group, name, kind) = (Text(spec["group"]), Text(version["name"]), Text(names["kind"]));
        var written = (version["schema"] as WireObject)?["openAPIV3Schema"] as WireObject
            ?? new WireObject([], default);
        var reversed = string.Join('.', group.Split('.').Reverse());
        var type = new ObjectSchema($"{name}.{kind}", $"{reversed}.{name}.{kind}",
            Declare.Str("apiVersion", 0),
            Declare.Str("kind", 0),
            Declare.Obj("metadata", 0, () => MetaTypes.ObjectMeta));
        return new(
            group, name, kind, Text(names["plural"]), Text(names["singular"]), Texts(names["shortNames"]),
            Text(spec["scope"]) == "Namespaced",
            (version["subresources"] as WireObject)?["status"] is WireObject,
            type)
        {
            Custom = Whole(written, type.GoType),
            ListKind = Text(names["listKind"]),
        };
    }

    // What every object has is there whether the schema says so or not.
    private static CustomSchema Whole(WireObject written, string? goType)
    {
        var read = Read(written);
        var metadata = new CustomSchema(CustomType.Object)
        {
            Known = MetaTypes.ObjectMeta,
            Properties = read["metadata"]?.Properties ?? [],
        };
        return Read(written, goType,
        [
            new("apiVersion", CustomDeclare.Text, false),
            new("kind", CustomDeclare.Text, false),
            new("metadata", metadata, false),
            .. read.Properties.Where(property => property.Name is not ("apiVersion" or "kind" or "metadata")),
        ]);
    }

    /// <summary>The schema of a whole object, without a name.</summary>
    public static CustomSchema Node(WireObject written) => Whole(written, null);

    private static CustomSchema Read(
        WireObject node, string? goType = null, ImmutableArray<CustomProperty>? properties = null)
    {
        var required = Texts(node["required"]);
        var list = Text(node["x-kubernetes-list-type"]);
        var declared = properties ?? Properties(node["properties"], required);
        var pattern = Text(node["pattern"]);
        return new(Type(Text(node["type"])), goType)
        {
            Properties = declared,
            AlsoRequired = [.. required.Where(name => declared.All(property => property.Name != name))],
            Values = Nested(node["additionalProperties"]),
            Items = Nested(node["items"]),
            Enum = (node["enum"] as WireArray)?.Items ?? [],
            Nullable = Flag(node["nullable"]),
            KeepsUnknown = Flag(node["x-kubernetes-preserve-unknown-fields"]),
            IsResource = Flag(node["x-kubernetes-embedded-resource"]),
            IntOrString = Flag(node["x-kubernetes-int-or-string"]),
            AllOf = All(node["allOf"]),
            AnyOf = All(node["anyOf"]),
            OneOf = All(node["oneOf"]),
            Not = Nested(node["not"]),
            MinProperties = Count(node["minProperties"]),
            MaxProperties = Count(node["maxProperties"]),
            MinItems = Count(node["minItems"]),
            MaxItems = Count(node["maxItems"]),
            MinLength = Count(node["minLength"]),
            MaxLength = Count(node["maxLength"]),
            Minimum = Number(node["minimum"]),
            Maximum = Number(node["maximum"]),
            ExclusiveMinimum = Flag(node["exclusiveMinimum"]),
            ExclusiveMaximum = Flag(node["exclusiveMaximum"]),
            MultipleOf = Number(node["multipleOf"]),
            Format = Text(node["format"]) is { Length: > 0 } format ? format : null,
            Pattern = pattern.Length > 0 ? pattern : null,
            Matches = pattern.Length > 0 && GoPattern.TryCompile(pattern) is { } regex ? regex.IsMatch : null,
            Default = node["default"],
            IsSet = list == "set",
            MapKeys = list == "map" ? Texts(node["x-kubernetes-list-map-keys"]) : [],
            IsAtomic = Text(node["x-kubernetes-map-type"]) == "atomic",
            Rules = Rules(node["x-kubernetes-validations"]),
            Published = goType is null ? null : node,
        };
    }

    private static ImmutableArray<CustomProperty> Properties(WireValue? map, ImmutableArray<string> required) =>
        map is not WireObject properties ? []
            : [.. properties.Distinct().OrderBy(property => property.Name, StringComparer.Ordinal)
                .Where(property => property.Value is WireObject)
                .Select(property => new CustomProperty(
                    property.Name, Read((WireObject)property.Value), required.Contains(property.Name)))];

    private static ImmutableArray<CustomRule> Rules(WireValue? list) => list is not WireArray rules ? []
        : [.. rules.Items.OfType<WireObject>().Select(rule => new CustomRule(
            Text(rule["rule"]).Trim(), Text(rule["message"]) is { Length: > 0 } message ? message : null)
        {
            MessageExpression = Text(rule["messageExpression"]) is { Length: > 0 } expression ? expression : null,
            Reason = Text(rule["reason"]),
            FieldPath = Text(rule["fieldPath"]) is { Length: > 0 } path ? path : null,
            OptionalOldSelf = Flag(rule["optionalOldSelf"]),
        })];

    private static CustomSchema? Nested(WireValue? value) => value switch
    {
        WireObject node => Read(node),
        WireBool { Value: true } => new CustomSchema(null) { KeepsUnknown = true, Nullable = true },
        _ => null,
    };

    private static ImmutableArray<CustomSchema> All(WireValue? list) =>
        list is WireArray nodes ? [.. nodes.Items.OfType<WireObject>().Select(node => Read(node))] : [];

    private static CustomType? Type(string name) => name switch
    {
        "object" => CustomType.Object,
        "array" => CustomType.Array,
        "string" => CustomType.String,
        "integer" => CustomType.Integer,
        "number" => CustomType.Number,
        "boolean" => CustomType.Boolean,
        _ => null,
    };

    private static int? Count(WireValue? value) =>
        Number(value) is { } number ? (int)Math.Clamp(number, 0, int.MaxValue) : null;

    private static decimal? Number(WireValue? value) => value is WireNumber number ? WireEquality.Number(number) : null;

    private static bool Flag(WireValue? value) => value is WireBool { Value: true };

    private static string Text(WireValue? value) => (value as WireString)?.Value ?? "";

    private static ImmutableArray<string> Texts(WireValue? value) =>
        value is WireArray list ? [.. list.Items.OfType<WireString>().Select(item => item.Value)] : [];
}

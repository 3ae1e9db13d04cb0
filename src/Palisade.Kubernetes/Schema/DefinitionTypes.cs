#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>CustomResourceDefinition of apiextensions.k8s.io/v1.</summary>
/// <remarks>The structs of k8s.io/apiextensions-apiserver, 1.35. Clients send JSON, so there are no tags.</remarks>
internal static class DefinitionTypes
{
    internal static ObjectSchema Definition { get; } = Of("CustomResourceDefinition",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 0, () => MetaTypes.ObjectMeta),
        Obj("spec", 0, () => Spec, must: true),
        Obj("status", 0, () => Status));

    internal static ObjectSchema Spec { get; } = Of("CustomResourceDefinitionSpec",
        Str("group", 0, must: true),
        Obj("names", 0, () => Names, must: true),
        Str("scope", 0, go: "v1.ResourceScope", must: true),
        Objs("versions", 0, () => Version, must: true),
        Obj("conversion", 0, () => Conversion),
        Bool("preserveUnknownFields", 0));

    internal static ObjectSchema Names { get; } = Of("CustomResourceDefinitionNames",
        Str("plural", 0, must: true),
        Str("singular", 0),
        List("shortNames", 0),
        Str("kind", 0, must: true),
        Str("listKind", 0),
        List("categories", 0));

    internal static ObjectSchema Version { get; } = Of("CustomResourceDefinitionVersion",
        Str("name", 0, must: true),
        Bool("served", 0, must: true),
        Bool("storage", 0, must: true),
        Bool("deprecated", 0),
        Str("deprecationWarning", 0, optional: true),
        Obj("schema", 0, () => Validation),
        Obj("subresources", 0, () => Subresources),
        Objs("additionalPrinterColumns", 0, () => Column),
        Objs("selectableFields", 0, () => Selectable));

    internal static ObjectSchema Validation { get; } = Of("CustomResourceValidation",
        Obj("openAPIV3Schema", 0, () => Schema));

    internal static ObjectSchema Subresources { get; } = Of("CustomResourceSubresources",
        Obj("status", 0, () => StatusSubresource),
        Obj("scale", 0, () => Scale));

    internal static ObjectSchema StatusSubresource { get; } = Of("CustomResourceSubresourceStatus");

    internal static ObjectSchema Scale { get; } = Of("CustomResourceSubresourceScale",
        Str("specReplicasPath", 0, must: true),
        Str("statusReplicasPath", 0, must: true),
        Str("labelSelectorPath", 0, optional: true));

    internal static ObjectSchema Column { get; } = Of("CustomResourceColumnDefinition",
        Str("name", 0, must: true),
        Str("type", 0, must: true),
        Str("format", 0),
        Str("description", 0),
        Int32("priority", 0),
        Str("jsonPath", 0, must: true));

    internal static ObjectSchema Selectable { get; } = Of("SelectableField",
        Str("jsonPath", 0, must: true));

    internal static ObjectSchema Conversion { get; } = Of("CustomResourceConversion",
        Str("strategy", 0, go: "v1.ConversionStrategyType", must: true),
        Obj("webhook", 0, () => Webhook));

    internal static ObjectSchema Webhook { get; } = Of("WebhookConversion",
        Any("clientConfig", 0),
        List("conversionReviewVersions", 0, must: true));

    internal static ObjectSchema Status { get; } = Of("CustomResourceDefinitionStatus",
        Objs("conditions", 0, () => Condition, merge: "type"),
        Obj("acceptedNames", 0, () => Names),
        List("storedVersions", 0),
        Int64("observedGeneration", 0));

    internal static ObjectSchema Condition { get; } = Of("CustomResourceDefinitionCondition",
        Str("type", 0, must: true),
        Str("status", 0, go: "v1.ConditionStatus", must: true),
        Time("lastTransitionTime", 0),
        Str("reason", 0),
        Str("message", 0),
        Int64("observedGeneration", 0));

    /// <summary>JSONSchemaProps.</summary>
    internal static ObjectSchema Schema { get; } = Of("JSONSchemaProps",
        Str("id", 0),
        Str("$schema", 0),
        Str("$ref", 0, optional: true),
        Str("description", 0),
        Str("type", 0),
        Str("format", 0),
        Str("title", 0),
        Any("default", 0),
        Number("maximum"),
        Bool("exclusiveMaximum", 0),
        Number("minimum"),
        Bool("exclusiveMinimum", 0),
        Int64("maxLength", 0, optional: true),
        Int64("minLength", 0, optional: true),
        Str("pattern", 0),
        Int64("maxItems", 0, optional: true),
        Int64("minItems", 0, optional: true),
        Bool("uniqueItems", 0),
        Number("multipleOf"),
        List("enum", 0, FieldKind.Any),
        Int64("maxProperties", 0, optional: true),
        Int64("minProperties", 0, optional: true),
        List("required", 0),
        SchemaOr("items"),
        Objs("allOf", 0, () => Schema),
        Objs("oneOf", 0, () => Schema),
        Objs("anyOf", 0, () => Schema),
        Obj("not", 0, () => Schema),
        Schemas("properties"),
        SchemaOr("additionalProperties"),
        Schemas("patternProperties"),
        Any("dependencies", 0),
        SchemaOr("additionalItems"),
        Schemas("definitions"),
        Any("externalDocs", 0),
        Any("example", 0),
        Bool("nullable", 0),
        Bool("x-kubernetes-preserve-unknown-fields", 0, optional: true),
        Bool("x-kubernetes-embedded-resource", 0),
        Bool("x-kubernetes-int-or-string", 0),
        List("x-kubernetes-list-map-keys", 0),
        Str("x-kubernetes-list-type", 0, optional: true),
        Str("x-kubernetes-map-type", 0, optional: true),
        Objs("x-kubernetes-validations", 0, () => Rule));

    internal static ObjectSchema Rule { get; } = Of("ValidationRule",
        Str("rule", 0, must: true),
        Str("message", 0),
        Str("messageExpression", 0),
        Str("reason", 0, go: "v1.FieldValueErrorReason", optional: true),
        Str("fieldPath", 0),
        Bool("optionalOldSelf", 0, optional: true));

    private static ApiField Number(string name) => new(name, 0, FieldKind.Number, FieldShape.Single, Optional: true);

    private static ApiField SchemaOr(string name) =>
        new(name, 0, FieldKind.ObjectOrOther, FieldShape.Single, () => Schema);

    private static ApiField Schemas(string name) => new(name, 0, FieldKind.Object, FieldShape.Map, () => Schema);

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1." + name, fields);
}

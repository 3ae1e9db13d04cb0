#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of meta/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/apimachinery/pkg/apis/meta/v1, 1.35.</remarks>
internal static partial class MetaTypes
{
    internal static ObjectSchema ObjectMeta { get; } = Of("ObjectMeta",
        Str("name", 1),
        Str("generateName", 2),
        Str("namespace", 3),
        Str("selfLink", 4),
        Str("uid", 5, go: "types.UID"),
        Str("resourceVersion", 6),
        Int64("generation", 7),
        Time("creationTimestamp", 8),
        Time("deletionTimestamp", 9),
        Int64("deletionGracePeriodSeconds", 10, optional: true),
        Map("labels", 11),
        Map("annotations", 12),
        Objs("ownerReferences", 13, () => OwnerReference, merge: "uid"),
        List("finalizers", 14, merged: true),
        Objs("managedFields", 17, () => ManagedFieldsEntry));

    internal static ObjectSchema ListMeta { get; } = Of("ListMeta",
        Str("selfLink", 1),
        Str("resourceVersion", 2),
        Str("continue", 3),
        Int64("remainingItemCount", 4, optional: true));

    internal static ObjectSchema LabelSelector { get; } = Of("LabelSelector",
        Map("matchLabels", 1),
        Objs("matchExpressions", 2, () => LabelSelectorRequirement));

    internal static ObjectSchema DeleteOptions { get; } = Of("DeleteOptions",
        Str("kind", 0),
        Str("apiVersion", 0),
        Int64("gracePeriodSeconds", 1, optional: true),
        Obj("preconditions", 2, () => Preconditions),
        Bool("orphanDependents", 3, optional: true),
        Str("propagationPolicy", 4, go: "v1.DeletionPropagation", optional: true),
        List("dryRun", 5),
        Bool("ignoreStoreReadErrorWithClusterBreakingPotential", 6, optional: true));

    internal static ObjectSchema Status { get; } = Of("Status",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => ListMeta),
        Str("status", 2),
        Str("message", 3),
        Str("reason", 4, go: "v1.StatusReason"),
        Obj("details", 5, () => StatusDetails),
        Int32("code", 6));

    internal static ObjectSchema PartialObjectMetadata { get; } = Of("PartialObjectMetadata",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => ObjectMeta));

    internal static ObjectSchema Condition { get; } = Of("Condition",
        Str("type", 1, must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Int64("observedGeneration", 3),
        Time("lastTransitionTime", 4, must: true),
        Str("reason", 5, must: true),
        Str("message", 6, must: true));

    internal static ObjectSchema List { get; } = Of("List",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => ListMeta),
        List("items", 2, FieldKind.Any, must: true));

    internal static ObjectSchema FieldSelectorRequirement { get; } = Of("FieldSelectorRequirement",
        Str("key", 1, must: true),
        Str("operator", 2, go: "v1.FieldSelectorOperator", must: true),
        List("values", 3));

    internal static ObjectSchema OwnerReference { get; } = Of("OwnerReference",
        Str("apiVersion", 5, must: true),
        Str("kind", 1, must: true),
        Str("name", 3, must: true),
        Str("uid", 4, go: "types.UID", must: true),
        Bool("controller", 6, optional: true),
        Bool("blockOwnerDeletion", 7, optional: true));

    internal static ObjectSchema ManagedFieldsEntry { get; } = Of("ManagedFieldsEntry",
        Str("manager", 1),
        Str("operation", 2, go: "v1.ManagedFieldsOperationType"),
        Str("apiVersion", 3),
        Time("time", 4),
        Str("fieldsType", 6),
        Any("fieldsV1", 7),
        Str("subresource", 8));

    internal static ObjectSchema LabelSelectorRequirement { get; } = Of("LabelSelectorRequirement",
        Str("key", 1, must: true),
        Str("operator", 2, go: "v1.LabelSelectorOperator", must: true),
        List("values", 3));

    internal static ObjectSchema Preconditions { get; } = Of("Preconditions",
        Str("uid", 1, go: "types.UID", optional: true),
        Str("resourceVersion", 2, optional: true));

    internal static ObjectSchema StatusDetails { get; } = Of("StatusDetails",
        Str("name", 1),
        Str("group", 2),
        Str("kind", 3),
        Str("uid", 6, go: "types.UID"),
        Objs("causes", 4, () => StatusCause),
        Int32("retryAfterSeconds", 5));

    internal static ObjectSchema StatusCause { get; } = Of("StatusCause",
        Str("reason", 1, go: "v1.CauseType"),
        Str("message", 2),
        Str("field", 3));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.apimachinery.pkg.apis.meta.v1." + name, fields);
}

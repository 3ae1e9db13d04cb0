#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of authorization.k8s.io/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/authorization/v1, 1.35.</remarks>
internal static partial class AuthorizationTypes
{
    internal static ObjectSchema SelfSubjectAccessReview { get; } = Of("SelfSubjectAccessReview",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => SelfSubjectAccessReviewSpec, must: true),
        Obj("status", 3, () => SubjectAccessReviewStatus));

    internal static ObjectSchema SelfSubjectRulesReview { get; } = Of("SelfSubjectRulesReview",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => SelfSubjectRulesReviewSpec, must: true),
        Obj("status", 3, () => SubjectRulesReviewStatus));

    internal static ObjectSchema SubjectAccessReview { get; } = Review("SubjectAccessReview");

    internal static ObjectSchema LocalSubjectAccessReview { get; } = Review("LocalSubjectAccessReview");

    internal static ObjectSchema SubjectAccessReviewSpec { get; } = Of("SubjectAccessReviewSpec",
        Obj("resourceAttributes", 1, () => ResourceAttributes),
        Obj("nonResourceAttributes", 2, () => NonResourceAttributes),
        Str("user", 3),
        List("groups", 4),
        Map("extra", 5, FieldKind.StringList),
        Str("uid", 6));

    internal static ObjectSchema SelfSubjectAccessReviewSpec { get; } = Of("SelfSubjectAccessReviewSpec",
        Obj("resourceAttributes", 1, () => ResourceAttributes),
        Obj("nonResourceAttributes", 2, () => NonResourceAttributes));

    internal static ObjectSchema SubjectAccessReviewStatus { get; } = Of("SubjectAccessReviewStatus",
        Bool("allowed", 1, must: true),
        Bool("denied", 4),
        Str("reason", 2),
        Str("evaluationError", 3));

    internal static ObjectSchema SelfSubjectRulesReviewSpec { get; } = Of("SelfSubjectRulesReviewSpec",
        Str("namespace", 1));

    internal static ObjectSchema SubjectRulesReviewStatus { get; } = Of("SubjectRulesReviewStatus",
        Objs("resourceRules", 1, () => ResourceRule, must: true),
        Objs("nonResourceRules", 2, () => NonResourceRule, must: true),
        Bool("incomplete", 3, must: true),
        Str("evaluationError", 4));

    internal static ObjectSchema ResourceAttributes { get; } = Of("ResourceAttributes",
        Str("namespace", 1),
        Str("verb", 2),
        Str("group", 3),
        Str("version", 4),
        Str("resource", 5),
        Str("subresource", 6),
        Str("name", 7),
        Obj("fieldSelector", 8, () => FieldSelectorAttributes),
        Obj("labelSelector", 9, () => LabelSelectorAttributes));

    internal static ObjectSchema NonResourceAttributes { get; } = Of("NonResourceAttributes",
        Str("path", 1),
        Str("verb", 2));

    internal static ObjectSchema ResourceRule { get; } = Of("ResourceRule",
        List("verbs", 1, must: true),
        List("apiGroups", 2),
        List("resources", 3),
        List("resourceNames", 4));

    internal static ObjectSchema NonResourceRule { get; } = Of("NonResourceRule",
        List("verbs", 1, must: true),
        List("nonResourceURLs", 2));

    internal static ObjectSchema FieldSelectorAttributes { get; } = Of("FieldSelectorAttributes",
        Str("rawSelector", 1),
        Objs("requirements", 2, () => MetaTypes.FieldSelectorRequirement));

    internal static ObjectSchema LabelSelectorAttributes { get; } = Of("LabelSelectorAttributes",
        Str("rawSelector", 1),
        Objs("requirements", 2, () => MetaTypes.LabelSelectorRequirement));

    private static ObjectSchema Review(string name) => Of(name,
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => SubjectAccessReviewSpec, must: true),
        Obj("status", 3, () => SubjectAccessReviewStatus));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.authorization.v1." + name, fields);
}

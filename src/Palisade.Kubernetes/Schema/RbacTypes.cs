#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of rbac.authorization.k8s.io/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/rbac/v1, 1.35.</remarks>
internal static partial class RbacTypes
{
    internal static ObjectSchema Role { get; } = Of("Role",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Objs("rules", 2, () => PolicyRule, must: true));

    internal static ObjectSchema RoleBinding { get; } = Of("RoleBinding",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Objs("subjects", 2, () => Subject),
        Obj("roleRef", 3, () => RoleRef, must: true));

    internal static ObjectSchema ClusterRole { get; } = Of("ClusterRole",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Objs("rules", 2, () => PolicyRule, must: true),
        Obj("aggregationRule", 3, () => AggregationRule));

    internal static ObjectSchema ClusterRoleBinding { get; } = Of("ClusterRoleBinding",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Objs("subjects", 2, () => Subject),
        Obj("roleRef", 3, () => RoleRef, must: true));

    internal static ObjectSchema PolicyRule { get; } = Of("PolicyRule",
        List("verbs", 1, must: true),
        List("apiGroups", 2),
        List("resources", 3),
        List("resourceNames", 4),
        List("nonResourceURLs", 5));

    internal static ObjectSchema Subject { get; } = Of("Subject",
        Str("kind", 1, must: true),
        Str("apiGroup", 2),
        Str("name", 3, must: true),
        Str("namespace", 4));

    internal static ObjectSchema RoleRef { get; } = Of("RoleRef",
        Str("apiGroup", 1, must: true),
        Str("kind", 2, must: true),
        Str("name", 3, must: true));

    internal static ObjectSchema AggregationRule { get; } = Of("AggregationRule",
        Objs("clusterRoleSelectors", 1, () => MetaTypes.LabelSelector));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.rbac.v1." + name, fields);
}

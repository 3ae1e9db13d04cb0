#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of policy/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/policy/v1, 1.35.</remarks>
internal static partial class DisruptionTypes
{
    internal static ObjectSchema PodDisruptionBudget { get; } = Of("PodDisruptionBudget",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => PodDisruptionBudgetSpec),
        Obj("status", 3, () => PodDisruptionBudgetStatus));

    internal static ObjectSchema PodDisruptionBudgetSpec { get; } = Of("PodDisruptionBudgetSpec",
        IntOrString("minAvailable", 1, optional: true),
        Obj("selector", 2, () => MetaTypes.LabelSelector),
        IntOrString("maxUnavailable", 3, optional: true),
        Str("unhealthyPodEvictionPolicy", 4, go: "v1.UnhealthyPodEvictionPolicyType", optional: true));

    internal static ObjectSchema PodDisruptionBudgetStatus { get; } = Of("PodDisruptionBudgetStatus",
        Int64("observedGeneration", 1),
        Map("disruptedPods", 2, FieldKind.Time),
        Int32("disruptionsAllowed", 3, must: true),
        Int32("currentHealthy", 4, must: true),
        Int32("desiredHealthy", 5, must: true),
        Int32("expectedPods", 6, must: true),
        Objs("conditions", 7, () => MetaTypes.Condition, merge: "type"));

    internal static ObjectSchema Eviction { get; } = Of("Eviction",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("deleteOptions", 2, () => MetaTypes.DeleteOptions));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.policy.v1." + name, fields);
}

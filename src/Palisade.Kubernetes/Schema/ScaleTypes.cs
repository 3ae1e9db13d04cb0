#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Scale of autoscaling/v1: what the scale subresource of workloads is.</summary>
/// <remarks>Names and tags: the structs of k8s.io/api/autoscaling/v1, 1.35.</remarks>
internal static class ScaleTypes
{
    internal static ObjectSchema Scale { get; } = Of("Scale",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => ScaleSpec),
        Obj("status", 3, () => ScaleStatus));

    internal static ObjectSchema ScaleSpec { get; } = Of("ScaleSpec",
        Int32("replicas", 1));

    internal static ObjectSchema ScaleStatus { get; } = Of("ScaleStatus",
        Int32("replicas", 1, must: true),
        Str("selector", 2));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.autoscaling.v1." + name, fields);
}

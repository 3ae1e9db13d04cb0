#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of scheduling.k8s.io/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/scheduling/v1, 1.35.</remarks>
internal static partial class SchedulingTypes
{
    internal static ObjectSchema PriorityClass { get; } = Of("PriorityClass",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Int32("value", 2, must: true),
        Bool("globalDefault", 3),
        Str("description", 4),
        Str("preemptionPolicy", 5, go: "v1.PreemptionPolicy", optional: true));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.scheduling.v1." + name, fields);
}

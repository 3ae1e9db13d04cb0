#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of coordination.k8s.io/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/coordination/v1, 1.35.</remarks>
internal static partial class CoordinationTypes
{
    internal static ObjectSchema Lease { get; } = Of("Lease",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => LeaseSpec));

    internal static ObjectSchema LeaseSpec { get; } = Of("LeaseSpec",
        Str("holderIdentity", 1, optional: true),
        Int32("leaseDurationSeconds", 2, optional: true),
        MicroTime("acquireTime", 3),
        MicroTime("renewTime", 4),
        Int32("leaseTransitions", 5, optional: true),
        Str("strategy", 6, go: "v1.CoordinatedLeaseStrategy", optional: true),
        Str("preferredHolder", 7, optional: true));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.coordination.v1." + name, fields);
}

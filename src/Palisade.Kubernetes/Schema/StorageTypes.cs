#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of storage.k8s.io/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/storage/v1, 1.35.</remarks>
internal static partial class StorageTypes
{
    internal static ObjectSchema StorageClass { get; } = Of("StorageClass",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Str("provisioner", 2, must: true),
        Map("parameters", 3),
        Str("reclaimPolicy", 4, go: "v1.PersistentVolumeReclaimPolicy", optional: true),
        List("mountOptions", 5),
        Bool("allowVolumeExpansion", 6, optional: true),
        Str("volumeBindingMode", 7, go: "v1.VolumeBindingMode", optional: true),
        Objs("allowedTopologies", 8, () => CoreTypes.TopologySelectorTerm));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.storage.v1." + name, fields);
}

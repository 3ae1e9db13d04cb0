#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Persistent volumes.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/core/v1, 1.35.</remarks>
internal static partial class CoreTypes
{
    internal static ObjectSchema PersistentVolume { get; } = Of("PersistentVolume",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => PersistentVolumeSpec),
        Obj("status", 3, () => PersistentVolumeStatus));

    internal static ObjectSchema PersistentVolumeSpec { get; } = Of("PersistentVolumeSpec",
        Map("capacity", 1, FieldKind.Quantity, whole: "v1.ResourceList"),
        Inline(2, () => PersistentVolumeSource),
        List("accessModes", 3, go: "v1.PersistentVolumeAccessMode"),
        Obj("claimRef", 4, () => ObjectReference),
        Str("persistentVolumeReclaimPolicy", 5, go: "v1.PersistentVolumeReclaimPolicy"),
        Str("storageClassName", 6),
        List("mountOptions", 7),
        Str("volumeMode", 8, go: "v1.PersistentVolumeMode", optional: true),
        Obj("nodeAffinity", 9, () => VolumeNodeAffinity),
        Str("volumeAttributesClassName", 10, optional: true));

    internal static ObjectSchema PersistentVolumeStatus { get; } = Of("PersistentVolumeStatus",
        Str("phase", 1, go: "v1.PersistentVolumePhase"),
        Str("message", 2),
        Str("reason", 3),
        Time("lastPhaseTransitionTime", 4));

    internal static ObjectSchema PersistentVolumeSource { get; } = Of("PersistentVolumeSource",
        Obj("gcePersistentDisk", 1, () => GCEPersistentDiskVolumeSource),
        Obj("awsElasticBlockStore", 2, () => AWSElasticBlockStoreVolumeSource),
        Obj("hostPath", 3, () => HostPathVolumeSource),
        Obj("glusterfs", 4, () => GlusterfsPersistentVolumeSource),
        Obj("nfs", 5, () => NFSVolumeSource),
        Obj("rbd", 6, () => RBDPersistentVolumeSource),
        Obj("iscsi", 7, () => ISCSIPersistentVolumeSource),
        Obj("cinder", 8, () => CinderPersistentVolumeSource),
        Obj("cephfs", 9, () => CephFSPersistentVolumeSource),
        Obj("fc", 10, () => FCVolumeSource),
        Obj("flocker", 11, () => FlockerVolumeSource),
        Obj("flexVolume", 12, () => FlexPersistentVolumeSource),
        Obj("azureFile", 13, () => AzureFilePersistentVolumeSource),
        Obj("vsphereVolume", 14, () => VsphereVirtualDiskVolumeSource),
        Obj("quobyte", 15, () => QuobyteVolumeSource),
        Obj("azureDisk", 16, () => AzureDiskVolumeSource),
        Obj("photonPersistentDisk", 17, () => PhotonPersistentDiskVolumeSource),
        Obj("portworxVolume", 18, () => PortworxVolumeSource),
        Obj("scaleIO", 19, () => ScaleIOPersistentVolumeSource),
        Obj("local", 20, () => LocalVolumeSource),
        Obj("storageos", 21, () => StorageOSPersistentVolumeSource),
        Obj("csi", 22, () => CSIPersistentVolumeSource));

    internal static ObjectSchema ObjectReference { get; } = Of("ObjectReference",
        Str("kind", 1),
        Str("namespace", 2),
        Str("name", 3),
        Str("uid", 4, go: "types.UID"),
        Str("apiVersion", 5),
        Str("resourceVersion", 6),
        Str("fieldPath", 7));

    internal static ObjectSchema VolumeNodeAffinity { get; } = Of("VolumeNodeAffinity",
        Obj("required", 1, () => NodeSelector));

    internal static ObjectSchema GlusterfsPersistentVolumeSource { get; } = Of("GlusterfsPersistentVolumeSource",
        Str("endpoints", 1, must: true),
        Str("path", 2, must: true),
        Bool("readOnly", 3),
        Str("endpointsNamespace", 4, optional: true));

    internal static ObjectSchema RBDPersistentVolumeSource { get; } = Of("RBDPersistentVolumeSource",
        List("monitors", 1, must: true),
        Str("image", 2, must: true),
        Str("fsType", 3),
        Str("pool", 4),
        Str("user", 5),
        Str("keyring", 6),
        Obj("secretRef", 7, () => SecretReference),
        Bool("readOnly", 8));

    internal static ObjectSchema ISCSIPersistentVolumeSource { get; } = Of("ISCSIPersistentVolumeSource",
        Str("targetPortal", 1, must: true),
        Str("iqn", 2, must: true),
        Int32("lun", 3, must: true),
        Str("iscsiInterface", 4),
        Str("fsType", 5),
        Bool("readOnly", 6),
        List("portals", 7),
        Bool("chapAuthDiscovery", 8),
        Bool("chapAuthSession", 11),
        Obj("secretRef", 10, () => SecretReference),
        Str("initiatorName", 12, optional: true));

    internal static ObjectSchema CinderPersistentVolumeSource { get; } = Of("CinderPersistentVolumeSource",
        Str("volumeID", 1, must: true),
        Str("fsType", 2),
        Bool("readOnly", 3),
        Obj("secretRef", 4, () => SecretReference));

    internal static ObjectSchema CephFSPersistentVolumeSource { get; } = Of("CephFSPersistentVolumeSource",
        List("monitors", 1, must: true),
        Str("path", 2),
        Str("user", 3),
        Str("secretFile", 4),
        Obj("secretRef", 5, () => SecretReference),
        Bool("readOnly", 6));

    internal static ObjectSchema FlexPersistentVolumeSource { get; } = Of("FlexPersistentVolumeSource",
        Str("driver", 1, must: true),
        Str("fsType", 2),
        Obj("secretRef", 3, () => SecretReference),
        Bool("readOnly", 4),
        Map("options", 5));

    internal static ObjectSchema AzureFilePersistentVolumeSource { get; } = Of("AzureFilePersistentVolumeSource",
        Str("secretName", 1, must: true),
        Str("shareName", 2, must: true),
        Bool("readOnly", 3),
        Str("secretNamespace", 4, optional: true));

    internal static ObjectSchema ScaleIOPersistentVolumeSource { get; } = Of("ScaleIOPersistentVolumeSource",
        Str("gateway", 1, must: true),
        Str("system", 2, must: true),
        Obj("secretRef", 3, () => SecretReference),
        Bool("sslEnabled", 4),
        Str("protectionDomain", 5),
        Str("storagePool", 6),
        Str("storageMode", 7),
        Str("volumeName", 8),
        Str("fsType", 9),
        Bool("readOnly", 10));

    internal static ObjectSchema LocalVolumeSource { get; } = Of("LocalVolumeSource",
        Str("path", 1, must: true),
        Str("fsType", 2, optional: true));

    internal static ObjectSchema StorageOSPersistentVolumeSource { get; } = Of("StorageOSPersistentVolumeSource",
        Str("volumeName", 1),
        Str("volumeNamespace", 2),
        Str("fsType", 3),
        Bool("readOnly", 4),
        Obj("secretRef", 5, () => ObjectReference));

    internal static ObjectSchema CSIPersistentVolumeSource { get; } = Of("CSIPersistentVolumeSource",
        Str("driver", 1, must: true),
        Str("volumeHandle", 2, must: true),
        Bool("readOnly", 3),
        Str("fsType", 4),
        Map("volumeAttributes", 5),
        Obj("controllerPublishSecretRef", 6, () => SecretReference),
        Obj("nodeStageSecretRef", 7, () => SecretReference),
        Obj("nodePublishSecretRef", 8, () => SecretReference),
        Obj("controllerExpandSecretRef", 9, () => SecretReference),
        Obj("nodeExpandSecretRef", 10, () => SecretReference));

    internal static ObjectSchema NodeSelector { get; } = Of("NodeSelector",
        Objs("nodeSelectorTerms", 1, () => NodeSelectorTerm, must: true));

    internal static ObjectSchema SecretReference { get; } = Of("SecretReference",
        Str("name", 1),
        Str("namespace", 2));

    internal static ObjectSchema NodeSelectorTerm { get; } = Of("NodeSelectorTerm",
        Objs("matchExpressions", 1, () => NodeSelectorRequirement),
        Objs("matchFields", 2, () => NodeSelectorRequirement));

    internal static ObjectSchema NodeSelectorRequirement { get; } = Of("NodeSelectorRequirement",
        Str("key", 1, must: true),
        Str("operator", 2, go: "v1.NodeSelectorOperator", must: true),
        List("values", 3));
}

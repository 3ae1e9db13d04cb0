#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Volumes and claims.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/core/v1, 1.35.</remarks>
internal static partial class CoreTypes
{
    internal static ObjectSchema Volume { get; } = Of("Volume",
        Str("name", 1, must: true),
        Inline(2, () => VolumeSource));

    internal static ObjectSchema PersistentVolumeClaim { get; } = Of("PersistentVolumeClaim",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => PersistentVolumeClaimSpec),
        Obj("status", 3, () => PersistentVolumeClaimStatus));

    internal static ObjectSchema VolumeSource { get; } = Of("VolumeSource",
        Obj("hostPath", 1, () => HostPathVolumeSource),
        Obj("emptyDir", 2, () => EmptyDirVolumeSource),
        Obj("gcePersistentDisk", 3, () => GCEPersistentDiskVolumeSource),
        Obj("awsElasticBlockStore", 4, () => AWSElasticBlockStoreVolumeSource),
        Obj("gitRepo", 5, () => GitRepoVolumeSource),
        Obj("secret", 6, () => SecretVolumeSource),
        Obj("nfs", 7, () => NFSVolumeSource),
        Obj("iscsi", 8, () => ISCSIVolumeSource),
        Obj("glusterfs", 9, () => GlusterfsVolumeSource),
        Obj("persistentVolumeClaim", 10, () => PersistentVolumeClaimVolumeSource),
        Obj("rbd", 11, () => RBDVolumeSource),
        Obj("flexVolume", 12, () => FlexVolumeSource),
        Obj("cinder", 13, () => CinderVolumeSource),
        Obj("cephfs", 14, () => CephFSVolumeSource),
        Obj("flocker", 15, () => FlockerVolumeSource),
        Obj("downwardAPI", 16, () => DownwardAPIVolumeSource),
        Obj("fc", 17, () => FCVolumeSource),
        Obj("azureFile", 18, () => AzureFileVolumeSource),
        Obj("configMap", 19, () => ConfigMapVolumeSource),
        Obj("vsphereVolume", 20, () => VsphereVirtualDiskVolumeSource),
        Obj("quobyte", 21, () => QuobyteVolumeSource),
        Obj("azureDisk", 22, () => AzureDiskVolumeSource),
        Obj("photonPersistentDisk", 23, () => PhotonPersistentDiskVolumeSource),
        Obj("projected", 26, () => ProjectedVolumeSource),
        Obj("portworxVolume", 24, () => PortworxVolumeSource),
        Obj("scaleIO", 25, () => ScaleIOVolumeSource),
        Obj("storageos", 27, () => StorageOSVolumeSource),
        Obj("csi", 28, () => CSIVolumeSource),
        Obj("ephemeral", 29, () => EphemeralVolumeSource),
        Obj("image", 30, () => ImageVolumeSource));

    internal static ObjectSchema PersistentVolumeClaimSpec { get; } = Of("PersistentVolumeClaimSpec",
        List("accessModes", 1, go: "v1.PersistentVolumeAccessMode"),
        Obj("selector", 4, () => MetaTypes.LabelSelector),
        Obj("resources", 2, () => VolumeResourceRequirements),
        Str("volumeName", 3),
        Str("storageClassName", 5, optional: true),
        Str("volumeMode", 6, go: "v1.PersistentVolumeMode", optional: true),
        Obj("dataSource", 7, () => TypedLocalObjectReference),
        Obj("dataSourceRef", 8, () => TypedObjectReference),
        Str("volumeAttributesClassName", 9, optional: true));

    internal static ObjectSchema PersistentVolumeClaimStatus { get; } = Of("PersistentVolumeClaimStatus",
        Str("phase", 1, go: "v1.PersistentVolumeClaimPhase"),
        List("accessModes", 2, go: "v1.PersistentVolumeAccessMode"),
        Map("capacity", 3, FieldKind.Quantity, whole: "v1.ResourceList"),
        Objs("conditions", 4, () => PersistentVolumeClaimCondition, merge: "type"),
        Map("allocatedResources", 5, FieldKind.Quantity, whole: "v1.ResourceList"),
        Map("allocatedResourceStatuses", 7, whole: "map[v1.ResourceName]v1.ClaimResourceStatus",
            go: "v1.ClaimResourceStatus"),
        Str("currentVolumeAttributesClassName", 8, optional: true),
        Obj("modifyVolumeStatus", 9, () => ModifyVolumeStatus));

    internal static ObjectSchema HostPathVolumeSource { get; } = Of("HostPathVolumeSource",
        Str("path", 1, must: true),
        Str("type", 2, go: "v1.HostPathType", optional: true));

    internal static ObjectSchema EmptyDirVolumeSource { get; } = Of("EmptyDirVolumeSource",
        Str("medium", 1, go: "v1.StorageMedium"),
        Quantity("sizeLimit", 2, optional: true));

    internal static ObjectSchema GCEPersistentDiskVolumeSource { get; } = Of("GCEPersistentDiskVolumeSource",
        Str("pdName", 1, must: true),
        Str("fsType", 2),
        Int32("partition", 3),
        Bool("readOnly", 4));

    internal static ObjectSchema AWSElasticBlockStoreVolumeSource { get; } = Of("AWSElasticBlockStoreVolumeSource",
        Str("volumeID", 1, must: true),
        Str("fsType", 2),
        Int32("partition", 3),
        Bool("readOnly", 4));

    internal static ObjectSchema GitRepoVolumeSource { get; } = Of("GitRepoVolumeSource",
        Str("repository", 1, must: true),
        Str("revision", 2),
        Str("directory", 3));

    internal static ObjectSchema SecretVolumeSource { get; } = Of("SecretVolumeSource",
        Str("secretName", 1),
        Objs("items", 2, () => KeyToPath),
        Int32("defaultMode", 3, optional: true),
        Bool("optional", 4, optional: true));

    internal static ObjectSchema NFSVolumeSource { get; } = Of("NFSVolumeSource",
        Str("server", 1, must: true),
        Str("path", 2, must: true),
        Bool("readOnly", 3));

    internal static ObjectSchema ISCSIVolumeSource { get; } = Of("ISCSIVolumeSource",
        Str("targetPortal", 1, must: true),
        Str("iqn", 2, must: true),
        Int32("lun", 3, must: true),
        Str("iscsiInterface", 4),
        Str("fsType", 5),
        Bool("readOnly", 6),
        List("portals", 7),
        Bool("chapAuthDiscovery", 8),
        Bool("chapAuthSession", 11),
        Obj("secretRef", 10, () => LocalObjectReference),
        Str("initiatorName", 12, optional: true));

    internal static ObjectSchema GlusterfsVolumeSource { get; } = Of("GlusterfsVolumeSource",
        Str("endpoints", 1, must: true),
        Str("path", 2, must: true),
        Bool("readOnly", 3));

    internal static ObjectSchema PersistentVolumeClaimVolumeSource { get; } = Of("PersistentVolumeClaimVolumeSource",
        Str("claimName", 1, must: true),
        Bool("readOnly", 2));

    internal static ObjectSchema RBDVolumeSource { get; } = Of("RBDVolumeSource",
        List("monitors", 1, must: true),
        Str("image", 2, must: true),
        Str("fsType", 3),
        Str("pool", 4),
        Str("user", 5),
        Str("keyring", 6),
        Obj("secretRef", 7, () => LocalObjectReference),
        Bool("readOnly", 8));

    internal static ObjectSchema FlexVolumeSource { get; } = Of("FlexVolumeSource",
        Str("driver", 1, must: true),
        Str("fsType", 2),
        Obj("secretRef", 3, () => LocalObjectReference),
        Bool("readOnly", 4),
        Map("options", 5));

    internal static ObjectSchema CinderVolumeSource { get; } = Of("CinderVolumeSource",
        Str("volumeID", 1, must: true),
        Str("fsType", 2),
        Bool("readOnly", 3),
        Obj("secretRef", 4, () => LocalObjectReference));

    internal static ObjectSchema CephFSVolumeSource { get; } = Of("CephFSVolumeSource",
        List("monitors", 1, must: true),
        Str("path", 2),
        Str("user", 3),
        Str("secretFile", 4),
        Obj("secretRef", 5, () => LocalObjectReference),
        Bool("readOnly", 6));

    internal static ObjectSchema FlockerVolumeSource { get; } = Of("FlockerVolumeSource",
        Str("datasetName", 1),
        Str("datasetUUID", 2));

    internal static ObjectSchema DownwardAPIVolumeSource { get; } = Of("DownwardAPIVolumeSource",
        Objs("items", 1, () => DownwardAPIVolumeFile),
        Int32("defaultMode", 2, optional: true));

    internal static ObjectSchema FCVolumeSource { get; } = Of("FCVolumeSource",
        List("targetWWNs", 1),
        Int32("lun", 2, optional: true),
        Str("fsType", 3),
        Bool("readOnly", 4),
        List("wwids", 5));

    internal static ObjectSchema AzureFileVolumeSource { get; } = Of("AzureFileVolumeSource",
        Str("secretName", 1, must: true),
        Str("shareName", 2, must: true),
        Bool("readOnly", 3));

    internal static ObjectSchema ConfigMapVolumeSource { get; } = Of("ConfigMapVolumeSource",
        Inline(1, () => LocalObjectReference),
        Objs("items", 2, () => KeyToPath),
        Int32("defaultMode", 3, optional: true),
        Bool("optional", 4, optional: true));

    internal static ObjectSchema VsphereVirtualDiskVolumeSource { get; } = Of("VsphereVirtualDiskVolumeSource",
        Str("volumePath", 1, must: true),
        Str("fsType", 2),
        Str("storagePolicyName", 3),
        Str("storagePolicyID", 4));

    internal static ObjectSchema QuobyteVolumeSource { get; } = Of("QuobyteVolumeSource",
        Str("registry", 1, must: true),
        Str("volume", 2, must: true),
        Bool("readOnly", 3),
        Str("user", 4),
        Str("group", 5),
        Str("tenant", 6));

    internal static ObjectSchema AzureDiskVolumeSource { get; } = Of("AzureDiskVolumeSource",
        Str("diskName", 1, must: true),
        Str("diskURI", 2, must: true),
        Str("cachingMode", 3, go: "v1.AzureDataDiskCachingMode", optional: true),
        Str("fsType", 4, optional: true),
        Bool("readOnly", 5, optional: true),
        Str("kind", 6, go: "v1.AzureDataDiskKind", optional: true));

    internal static ObjectSchema PhotonPersistentDiskVolumeSource { get; } = Of("PhotonPersistentDiskVolumeSource",
        Str("pdID", 1, must: true),
        Str("fsType", 2));

    internal static ObjectSchema ProjectedVolumeSource { get; } = Of("ProjectedVolumeSource",
        Objs("sources", 1, () => VolumeProjection, must: true),
        Int32("defaultMode", 2, optional: true));

    internal static ObjectSchema PortworxVolumeSource { get; } = Of("PortworxVolumeSource",
        Str("volumeID", 1, must: true),
        Str("fsType", 2),
        Bool("readOnly", 3));

    internal static ObjectSchema ScaleIOVolumeSource { get; } = Of("ScaleIOVolumeSource",
        Str("gateway", 1, must: true),
        Str("system", 2, must: true),
        Obj("secretRef", 3, () => LocalObjectReference),
        Bool("sslEnabled", 4),
        Str("protectionDomain", 5),
        Str("storagePool", 6),
        Str("storageMode", 7),
        Str("volumeName", 8),
        Str("fsType", 9),
        Bool("readOnly", 10));

    internal static ObjectSchema StorageOSVolumeSource { get; } = Of("StorageOSVolumeSource",
        Str("volumeName", 1),
        Str("volumeNamespace", 2),
        Str("fsType", 3),
        Bool("readOnly", 4),
        Obj("secretRef", 5, () => LocalObjectReference));

    internal static ObjectSchema CSIVolumeSource { get; } = Of("CSIVolumeSource",
        Str("driver", 1, must: true),
        Bool("readOnly", 2, optional: true),
        Str("fsType", 3, optional: true),
        Map("volumeAttributes", 4),
        Obj("nodePublishSecretRef", 5, () => LocalObjectReference));

    internal static ObjectSchema EphemeralVolumeSource { get; } = Of("EphemeralVolumeSource",
        Obj("volumeClaimTemplate", 1, () => PersistentVolumeClaimTemplate));

    internal static ObjectSchema ImageVolumeSource { get; } = Of("ImageVolumeSource",
        Str("reference", 1),
        Str("pullPolicy", 2, go: "v1.PullPolicy"));

    internal static ObjectSchema VolumeResourceRequirements { get; } = Of("VolumeResourceRequirements",
        Map("limits", 1, FieldKind.Quantity, whole: "v1.ResourceList"),
        Map("requests", 2, FieldKind.Quantity, whole: "v1.ResourceList"));

    internal static ObjectSchema TypedLocalObjectReference { get; } = Of("TypedLocalObjectReference",
        Str("apiGroup", 1, optional: true),
        Str("kind", 2, must: true),
        Str("name", 3, must: true));

    internal static ObjectSchema TypedObjectReference { get; } = Of("TypedObjectReference",
        Str("apiGroup", 1, optional: true),
        Str("kind", 2, must: true),
        Str("name", 3, must: true),
        Str("namespace", 4, optional: true));

    internal static ObjectSchema PersistentVolumeClaimCondition { get; } = Of("PersistentVolumeClaimCondition",
        Str("type", 1, go: "v1.PersistentVolumeClaimConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastProbeTime", 3),
        Time("lastTransitionTime", 4),
        Str("reason", 5),
        Str("message", 6));

    internal static ObjectSchema ModifyVolumeStatus { get; } = Of("ModifyVolumeStatus",
        Str("targetVolumeAttributesClassName", 1),
        Str("status", 2, go: "v1.PersistentVolumeClaimModifyVolumeStatus"));

    internal static ObjectSchema KeyToPath { get; } = Of("KeyToPath",
        Str("key", 1, must: true),
        Str("path", 2, must: true),
        Int32("mode", 3, optional: true));

    internal static ObjectSchema DownwardAPIVolumeFile { get; } = Of("DownwardAPIVolumeFile",
        Str("path", 1, must: true),
        Obj("fieldRef", 2, () => ObjectFieldSelector),
        Obj("resourceFieldRef", 3, () => ResourceFieldSelector),
        Int32("mode", 4, optional: true));

    internal static ObjectSchema VolumeProjection { get; } = Of("VolumeProjection",
        Obj("secret", 1, () => SecretProjection),
        Obj("downwardAPI", 2, () => DownwardAPIProjection),
        Obj("configMap", 3, () => ConfigMapProjection),
        Obj("serviceAccountToken", 4, () => ServiceAccountTokenProjection),
        Obj("clusterTrustBundle", 5, () => ClusterTrustBundleProjection),
        Obj("podCertificate", 6, () => PodCertificateProjection));

    internal static ObjectSchema PersistentVolumeClaimTemplate { get; } = Of("PersistentVolumeClaimTemplate",
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => PersistentVolumeClaimSpec, must: true));

    internal static ObjectSchema SecretProjection { get; } = Of("SecretProjection",
        Inline(1, () => LocalObjectReference),
        Objs("items", 2, () => KeyToPath),
        Bool("optional", 4, optional: true));

    internal static ObjectSchema DownwardAPIProjection { get; } = Of("DownwardAPIProjection",
        Objs("items", 1, () => DownwardAPIVolumeFile));

    internal static ObjectSchema ConfigMapProjection { get; } = Of("ConfigMapProjection",
        Inline(1, () => LocalObjectReference),
        Objs("items", 2, () => KeyToPath),
        Bool("optional", 4, optional: true));

    internal static ObjectSchema ServiceAccountTokenProjection { get; } = Of("ServiceAccountTokenProjection",
        Str("audience", 1),
        Int64("expirationSeconds", 2, optional: true),
        Str("path", 3, must: true));

    internal static ObjectSchema ClusterTrustBundleProjection { get; } = Of("ClusterTrustBundleProjection",
        Str("name", 1, optional: true),
        Str("signerName", 2, optional: true),
        Obj("labelSelector", 3, () => MetaTypes.LabelSelector),
        Bool("optional", 5, optional: true),
        Str("path", 4, must: true));

    internal static ObjectSchema PodCertificateProjection { get; } = Of("PodCertificateProjection",
        Str("signerName", 1),
        Str("keyType", 2),
        Int32("maxExpirationSeconds", 3, optional: true),
        Str("credentialBundlePath", 4),
        Str("keyPath", 5),
        Str("certificateChainPath", 6),
        Map("userAnnotations", 7));
}

#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Nodes.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/core/v1, 1.35.</remarks>
internal static partial class CoreTypes
{
    internal static ObjectSchema Node { get; } = Of("Node",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => NodeSpec),
        Obj("status", 3, () => NodeStatus));

    internal static ObjectSchema TopologySelectorTerm { get; } = Of("TopologySelectorTerm",
        Objs("matchLabelExpressions", 1, () => TopologySelectorLabelRequirement));

    internal static ObjectSchema NodeSpec { get; } = Of("NodeSpec",
        Str("podCIDR", 1),
        List("podCIDRs", 7, merged: true),
        Str("providerID", 3),
        Bool("unschedulable", 4),
        Objs("taints", 5, () => Taint),
        Obj("configSource", 6, () => NodeConfigSource),
        Str("externalID", 2));

    internal static ObjectSchema NodeStatus { get; } = Of("NodeStatus",
        Map("capacity", 1, FieldKind.Quantity, whole: "v1.ResourceList"),
        Map("allocatable", 2, FieldKind.Quantity, whole: "v1.ResourceList"),
        Str("phase", 3, go: "v1.NodePhase"),
        Objs("conditions", 4, () => NodeCondition, merge: "type"),
        Objs("addresses", 5, () => NodeAddress, merge: "type"),
        Obj("daemonEndpoints", 6, () => NodeDaemonEndpoints),
        Obj("nodeInfo", 7, () => NodeSystemInfo),
        Objs("images", 8, () => ContainerImage),
        List("volumesInUse", 9, go: "v1.UniqueVolumeName"),
        Objs("volumesAttached", 10, () => AttachedVolume),
        Obj("config", 11, () => NodeConfigStatus),
        Objs("runtimeHandlers", 12, () => NodeRuntimeHandler),
        Obj("features", 13, () => NodeFeatures),
        List("declaredFeatures", 14));

    internal static ObjectSchema TopologySelectorLabelRequirement { get; } = Of("TopologySelectorLabelRequirement",
        Str("key", 1, must: true),
        List("values", 2, must: true));

    internal static ObjectSchema Taint { get; } = Of("Taint",
        Str("key", 1, must: true),
        Str("value", 2),
        Str("effect", 3, go: "v1.TaintEffect", must: true),
        Time("timeAdded", 4));

    internal static ObjectSchema NodeConfigSource { get; } = Of("NodeConfigSource",
        Obj("configMap", 2, () => ConfigMapNodeConfigSource));

    internal static ObjectSchema NodeCondition { get; } = Of("NodeCondition",
        Str("type", 1, go: "v1.NodeConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastHeartbeatTime", 3),
        Time("lastTransitionTime", 4),
        Str("reason", 5),
        Str("message", 6));

    internal static ObjectSchema NodeAddress { get; } = Of("NodeAddress",
        Str("type", 1, go: "v1.NodeAddressType", must: true),
        Str("address", 2, must: true));

    internal static ObjectSchema NodeDaemonEndpoints { get; } = Of("NodeDaemonEndpoints",
        Obj("kubeletEndpoint", 1, () => DaemonEndpoint));

    internal static ObjectSchema NodeSystemInfo { get; } = Of("NodeSystemInfo",
        Str("machineID", 1, must: true),
        Str("systemUUID", 2, must: true),
        Str("bootID", 3, must: true),
        Str("kernelVersion", 4, must: true),
        Str("osImage", 5, must: true),
        Str("containerRuntimeVersion", 6, must: true),
        Str("kubeletVersion", 7, must: true),
        Str("kubeProxyVersion", 8, must: true),
        Str("operatingSystem", 9, must: true),
        Str("architecture", 10, must: true),
        Obj("swap", 11, () => NodeSwapStatus));

    internal static ObjectSchema ContainerImage { get; } = Of("ContainerImage",
        List("names", 1, must: true),
        Int64("sizeBytes", 2));

    internal static ObjectSchema AttachedVolume { get; } = Of("AttachedVolume",
        Str("name", 1, go: "v1.UniqueVolumeName", must: true),
        Str("devicePath", 2, must: true));

    internal static ObjectSchema NodeConfigStatus { get; } = Of("NodeConfigStatus",
        Obj("assigned", 1, () => NodeConfigSource),
        Obj("active", 2, () => NodeConfigSource),
        Obj("lastKnownGood", 3, () => NodeConfigSource),
        Str("error", 4));

    internal static ObjectSchema NodeRuntimeHandler { get; } = Of("NodeRuntimeHandler",
        Str("name", 1, must: true),
        Obj("features", 2, () => NodeRuntimeHandlerFeatures));

    internal static ObjectSchema NodeFeatures { get; } = Of("NodeFeatures",
        Bool("supplementalGroupsPolicy", 1, optional: true));

    internal static ObjectSchema ConfigMapNodeConfigSource { get; } = Of("ConfigMapNodeConfigSource",
        Str("namespace", 1, must: true),
        Str("name", 2, must: true),
        Str("uid", 3, go: "types.UID"),
        Str("resourceVersion", 4),
        Str("kubeletConfigKey", 5, must: true));

    internal static ObjectSchema DaemonEndpoint { get; } = Of("DaemonEndpoint",
        Int32("Port", 1, must: true));

    internal static ObjectSchema NodeSwapStatus { get; } = Of("NodeSwapStatus",
        Int64("capacity", 1, optional: true));

    internal static ObjectSchema NodeRuntimeHandlerFeatures { get; } = Of("NodeRuntimeHandlerFeatures",
        Bool("recursiveReadOnlyMounts", 1, optional: true),
        Bool("userNamespaces", 2, optional: true));
}

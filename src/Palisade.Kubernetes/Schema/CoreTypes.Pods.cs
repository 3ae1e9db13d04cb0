#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Pods and their templates.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/core/v1, 1.35.</remarks>
internal static partial class CoreTypes
{
    internal static ObjectSchema Pod { get; } = Of("Pod",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => PodSpec),
        Obj("status", 3, () => PodStatus));

    internal static ObjectSchema PodTemplateSpec { get; } = Of("PodTemplateSpec",
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => PodSpec));

    internal static ObjectSchema ReplicationController { get; } = Of("ReplicationController",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => ReplicationControllerSpec),
        Obj("status", 3, () => ReplicationControllerStatus));

    internal static ObjectSchema PodSpec { get; } = Of("PodSpec",
        Objs("volumes", 1, () => Volume, merge: "name", retain: true),
        Objs("initContainers", 20, () => Container, merge: "name"),
        Objs("containers", 2, () => Container, merge: "name", must: true),
        Objs("ephemeralContainers", 34, () => EphemeralContainer, merge: "name"),
        Str("restartPolicy", 3, go: "v1.RestartPolicy"),
        Int64("terminationGracePeriodSeconds", 4, optional: true),
        Int64("activeDeadlineSeconds", 5, optional: true),
        Str("dnsPolicy", 6, go: "v1.DNSPolicy"),
        Map("nodeSelector", 7, atomic: true),
        Str("serviceAccountName", 8),
        Str("serviceAccount", 9),
        Bool("automountServiceAccountToken", 21, optional: true),
        Str("nodeName", 10),
        Bool("hostNetwork", 11),
        Bool("hostPID", 12),
        Bool("hostIPC", 13),
        Bool("shareProcessNamespace", 27, optional: true),
        Obj("securityContext", 14, () => PodSecurityContext),
        Objs("imagePullSecrets", 15, () => LocalObjectReference, merge: "name"),
        Str("hostname", 16),
        Str("subdomain", 17),
        Obj("affinity", 18, () => Affinity),
        Str("schedulerName", 19),
        Objs("tolerations", 22, () => Toleration),
        Objs("hostAliases", 23, () => HostAlias, merge: "ip"),
        Str("priorityClassName", 24),
        Int32("priority", 25, optional: true),
        Obj("dnsConfig", 26, () => PodDNSConfig),
        Objs("readinessGates", 28, () => PodReadinessGate),
        Str("runtimeClassName", 29, optional: true),
        Bool("enableServiceLinks", 30, optional: true),
        Str("preemptionPolicy", 31, go: "v1.PreemptionPolicy", optional: true),
        Map("overhead", 32, FieldKind.Quantity, whole: "v1.ResourceList"),
        Objs("topologySpreadConstraints", 33, () => TopologySpreadConstraint, merge: "topologyKey",
            keys: "topologyKey,whenUnsatisfiable"),
        Bool("setHostnameAsFQDN", 35, optional: true),
        Obj("os", 36, () => PodOS),
        Bool("hostUsers", 37, optional: true),
        Objs("schedulingGates", 38, () => PodSchedulingGate, merge: "name"),
        Objs("resourceClaims", 39, () => PodResourceClaim, merge: "name", retain: true),
        Obj("resources", 40, () => ResourceRequirements),
        Str("hostnameOverride", 41, optional: true),
        Obj("workloadRef", 42, () => WorkloadReference));

    internal static ObjectSchema PodStatus { get; } = Of("PodStatus",
        Int64("observedGeneration", 17),
        Str("phase", 1, go: "v1.PodPhase"),
        Objs("conditions", 2, () => PodCondition, merge: "type"),
        Str("message", 3),
        Str("reason", 4),
        Str("nominatedNodeName", 11),
        Str("hostIP", 5),
        Objs("hostIPs", 16, () => HostIP, merge: "ip", atomic: true),
        Str("podIP", 6),
        Objs("podIPs", 12, () => PodIP, merge: "ip"),
        Time("startTime", 7),
        Objs("initContainerStatuses", 10, () => ContainerStatus),
        Objs("containerStatuses", 8, () => ContainerStatus),
        Str("qosClass", 9, go: "v1.PodQOSClass"),
        Objs("ephemeralContainerStatuses", 13, () => ContainerStatus),
        Str("resize", 14, go: "v1.PodResizeStatus"),
        Objs("resourceClaimStatuses", 15, () => PodResourceClaimStatus, merge: "name", retain: true),
        Obj("extendedResourceClaimStatus", 18, () => PodExtendedResourceClaimStatus),
        Map("allocatedResources", 19, FieldKind.Quantity, whole: "v1.ResourceList"),
        Obj("resources", 20, () => ResourceRequirements));

    internal static ObjectSchema ReplicationControllerSpec { get; } = Of("ReplicationControllerSpec",
        Int32("replicas", 1, optional: true),
        Int32("minReadySeconds", 4),
        Map("selector", 2, atomic: true),
        Obj("template", 3, () => PodTemplateSpec));

    internal static ObjectSchema ReplicationControllerStatus { get; } = Of("ReplicationControllerStatus",
        Int32("replicas", 1, must: true),
        Int32("fullyLabeledReplicas", 2),
        Int32("readyReplicas", 4),
        Int32("availableReplicas", 5),
        Int64("observedGeneration", 3),
        Objs("conditions", 6, () => ReplicationControllerCondition, merge: "type"));

    internal static ObjectSchema PodSecurityContext { get; } = Of("PodSecurityContext",
        Obj("seLinuxOptions", 1, () => SELinuxOptions),
        Obj("windowsOptions", 8, () => WindowsSecurityContextOptions),
        Int64("runAsUser", 2, optional: true),
        Int64("runAsGroup", 6, optional: true),
        Bool("runAsNonRoot", 3, optional: true),
        List("supplementalGroups", 4, FieldKind.Int64),
        Str("supplementalGroupsPolicy", 12, go: "v1.SupplementalGroupsPolicy", optional: true),
        Int64("fsGroup", 5, optional: true),
        Objs("sysctls", 7, () => Sysctl),
        Str("fsGroupChangePolicy", 9, go: "v1.PodFSGroupChangePolicy", optional: true),
        Obj("seccompProfile", 10, () => SeccompProfile),
        Obj("appArmorProfile", 11, () => AppArmorProfile),
        Str("seLinuxChangePolicy", 13, go: "v1.PodSELinuxChangePolicy", optional: true));

    internal static ObjectSchema Affinity { get; } = Of("Affinity",
        Obj("nodeAffinity", 1, () => NodeAffinity),
        Obj("podAffinity", 2, () => PodAffinity),
        Obj("podAntiAffinity", 3, () => PodAntiAffinity));

    internal static ObjectSchema Toleration { get; } = Of("Toleration",
        Str("key", 1),
        Str("operator", 2, go: "v1.TolerationOperator"),
        Str("value", 3),
        Str("effect", 4, go: "v1.TaintEffect"),
        Int64("tolerationSeconds", 5, optional: true));

    internal static ObjectSchema HostAlias { get; } = Of("HostAlias",
        Str("ip", 1, must: true),
        List("hostnames", 2));

    internal static ObjectSchema PodDNSConfig { get; } = Of("PodDNSConfig",
        List("nameservers", 1),
        List("searches", 2),
        Objs("options", 3, () => PodDNSConfigOption));

    internal static ObjectSchema PodReadinessGate { get; } = Of("PodReadinessGate",
        Str("conditionType", 1, go: "v1.PodConditionType", must: true));

    internal static ObjectSchema TopologySpreadConstraint { get; } = Of("TopologySpreadConstraint",
        Int32("maxSkew", 1, must: true),
        Str("topologyKey", 2, must: true),
        Str("whenUnsatisfiable", 3, go: "v1.UnsatisfiableConstraintAction", must: true),
        Obj("labelSelector", 4, () => MetaTypes.LabelSelector),
        Int32("minDomains", 5, optional: true),
        Str("nodeAffinityPolicy", 6, go: "v1.NodeInclusionPolicy", optional: true),
        Str("nodeTaintsPolicy", 7, go: "v1.NodeInclusionPolicy", optional: true),
        List("matchLabelKeys", 8));

    internal static ObjectSchema PodOS { get; } = Of("PodOS",
        Str("name", 1, go: "v1.OSName", must: true));

    internal static ObjectSchema PodSchedulingGate { get; } = Of("PodSchedulingGate",
        Str("name", 1, must: true));

    internal static ObjectSchema PodResourceClaim { get; } = Of("PodResourceClaim",
        Str("name", 1, must: true),
        Str("resourceClaimName", 3, optional: true),
        Str("resourceClaimTemplateName", 4, optional: true));

    internal static ObjectSchema WorkloadReference { get; } = Of("WorkloadReference",
        Str("name", 1, must: true),
        Str("podGroup", 2, must: true),
        Str("podGroupReplicaKey", 3));

    internal static ObjectSchema PodCondition { get; } = Of("PodCondition",
        Str("type", 1, go: "v1.PodConditionType", must: true),
        Int64("observedGeneration", 7),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastProbeTime", 3),
        Time("lastTransitionTime", 4),
        Str("reason", 5),
        Str("message", 6));

    internal static ObjectSchema HostIP { get; } = Of("HostIP",
        Str("ip", 1, must: true));

    internal static ObjectSchema PodIP { get; } = Of("PodIP",
        Str("ip", 1, must: true));

    internal static ObjectSchema ContainerStatus { get; } = Of("ContainerStatus",
        Str("name", 1, must: true),
        Obj("state", 2, () => ContainerState),
        Obj("lastState", 3, () => ContainerState),
        Bool("ready", 4, must: true),
        Int32("restartCount", 5, must: true),
        Str("image", 6, must: true),
        Str("imageID", 7, must: true),
        Str("containerID", 8),
        Bool("started", 9, optional: true),
        Map("allocatedResources", 10, FieldKind.Quantity, whole: "v1.ResourceList"),
        Obj("resources", 11, () => ResourceRequirements),
        Objs("volumeMounts", 12, () => VolumeMountStatus, merge: "mountPath"),
        Obj("user", 13, () => ContainerUser),
        Objs("allocatedResourcesStatus", 14, () => ResourceStatus, merge: "name"),
        Str("stopSignal", 15, go: "v1.Signal", optional: true));

    internal static ObjectSchema PodResourceClaimStatus { get; } = Of("PodResourceClaimStatus",
        Str("name", 1, must: true),
        Str("resourceClaimName", 2, optional: true));

    internal static ObjectSchema PodExtendedResourceClaimStatus { get; } = Of("PodExtendedResourceClaimStatus",
        Objs("requestMappings", 1, () => ContainerExtendedResourceRequest, must: true),
        Str("resourceClaimName", 2, must: true));

    internal static ObjectSchema ReplicationControllerCondition { get; } = Of("ReplicationControllerCondition",
        Str("type", 1, go: "v1.ReplicationControllerConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastTransitionTime", 3),
        Str("reason", 4),
        Str("message", 5));

    internal static ObjectSchema Sysctl { get; } = Of("Sysctl",
        Str("name", 1, must: true),
        Str("value", 2, must: true));

    internal static ObjectSchema NodeAffinity { get; } = Of("NodeAffinity",
        Obj("requiredDuringSchedulingIgnoredDuringExecution", 1, () => NodeSelector),
        Objs("preferredDuringSchedulingIgnoredDuringExecution", 2, () => PreferredSchedulingTerm));

    internal static ObjectSchema PodAffinity { get; } = Of("PodAffinity",
        Objs("requiredDuringSchedulingIgnoredDuringExecution", 1, () => PodAffinityTerm),
        Objs("preferredDuringSchedulingIgnoredDuringExecution", 2, () => WeightedPodAffinityTerm));

    internal static ObjectSchema PodAntiAffinity { get; } = Of("PodAntiAffinity",
        Objs("requiredDuringSchedulingIgnoredDuringExecution", 1, () => PodAffinityTerm),
        Objs("preferredDuringSchedulingIgnoredDuringExecution", 2, () => WeightedPodAffinityTerm));

    internal static ObjectSchema PodDNSConfigOption { get; } = Of("PodDNSConfigOption",
        Str("name", 1),
        Str("value", 2, optional: true));

    internal static ObjectSchema ContainerState { get; } = Of("ContainerState",
        Obj("waiting", 1, () => ContainerStateWaiting),
        Obj("running", 2, () => ContainerStateRunning),
        Obj("terminated", 3, () => ContainerStateTerminated));

    internal static ObjectSchema VolumeMountStatus { get; } = Of("VolumeMountStatus",
        Str("name", 1, must: true),
        Str("mountPath", 2, must: true),
        Bool("readOnly", 3),
        Str("recursiveReadOnly", 4, go: "v1.RecursiveReadOnlyMode", optional: true));

    internal static ObjectSchema ContainerUser { get; } = Of("ContainerUser",
        Obj("linux", 1, () => LinuxContainerUser));

    internal static ObjectSchema ResourceStatus { get; } = Of("ResourceStatus",
        Str("name", 1, go: "v1.ResourceName", must: true),
        Objs("resources", 2, () => ResourceHealth));

    internal static ObjectSchema ContainerExtendedResourceRequest { get; } = Of("ContainerExtendedResourceRequest",
        Str("containerName", 1, must: true),
        Str("resourceName", 2, must: true),
        Str("requestName", 3, must: true));

    internal static ObjectSchema PreferredSchedulingTerm { get; } = Of("PreferredSchedulingTerm",
        Int32("weight", 1, must: true),
        Obj("preference", 2, () => NodeSelectorTerm, must: true));

    internal static ObjectSchema PodAffinityTerm { get; } = Of("PodAffinityTerm",
        Obj("labelSelector", 1, () => MetaTypes.LabelSelector),
        List("namespaces", 2),
        Str("topologyKey", 3, must: true),
        Obj("namespaceSelector", 4, () => MetaTypes.LabelSelector),
        List("matchLabelKeys", 5),
        List("mismatchLabelKeys", 6));

    internal static ObjectSchema WeightedPodAffinityTerm { get; } = Of("WeightedPodAffinityTerm",
        Int32("weight", 1, must: true),
        Obj("podAffinityTerm", 2, () => PodAffinityTerm, must: true));

    internal static ObjectSchema ContainerStateWaiting { get; } = Of("ContainerStateWaiting",
        Str("reason", 1),
        Str("message", 2));

    internal static ObjectSchema ContainerStateRunning { get; } = Of("ContainerStateRunning",
        Time("startedAt", 1));

    internal static ObjectSchema ContainerStateTerminated { get; } = Of("ContainerStateTerminated",
        Int32("exitCode", 1, must: true),
        Int32("signal", 2),
        Str("reason", 3),
        Str("message", 4),
        Time("startedAt", 5),
        Time("finishedAt", 6),
        Str("containerID", 7));

    internal static ObjectSchema LinuxContainerUser { get; } = Of("LinuxContainerUser",
        Int64("uid", 1, must: true),
        Int64("gid", 2, must: true),
        List("supplementalGroups", 3, FieldKind.Int64));

    internal static ObjectSchema ResourceHealth { get; } = Of("ResourceHealth",
        Str("resourceID", 1, go: "v1.ResourceID", must: true),
        Str("health", 2, go: "v1.ResourceHealthStatus"));
}

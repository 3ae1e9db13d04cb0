#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of apps/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/apps/v1, 1.35.</remarks>
internal static partial class AppsTypes
{
    internal static ObjectSchema Deployment { get; } = Of("Deployment",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => DeploymentSpec),
        Obj("status", 3, () => DeploymentStatus));

    internal static ObjectSchema StatefulSet { get; } = Of("StatefulSet",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => StatefulSetSpec),
        Obj("status", 3, () => StatefulSetStatus));

    internal static ObjectSchema DaemonSet { get; } = Of("DaemonSet",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => DaemonSetSpec),
        Obj("status", 3, () => DaemonSetStatus));

    internal static ObjectSchema ReplicaSet { get; } = Of("ReplicaSet",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => ReplicaSetSpec),
        Obj("status", 3, () => ReplicaSetStatus));

    internal static ObjectSchema ControllerRevision { get; } = Of("ControllerRevision",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Any("data", 2),
        Int64("revision", 3, must: true));

    internal static ObjectSchema DeploymentSpec { get; } = Of("DeploymentSpec",
        Int32("replicas", 1, optional: true),
        Obj("selector", 2, () => MetaTypes.LabelSelector),
        Obj("template", 3, () => CoreTypes.PodTemplateSpec, must: true),
        Obj("strategy", 4, () => DeploymentStrategy, retain: true),
        Int32("minReadySeconds", 5),
        Int32("revisionHistoryLimit", 6, optional: true),
        Bool("paused", 7),
        Int32("progressDeadlineSeconds", 9, optional: true));

    internal static ObjectSchema DeploymentStatus { get; } = Of("DeploymentStatus",
        Int64("observedGeneration", 1),
        Int32("replicas", 2),
        Int32("updatedReplicas", 3),
        Int32("readyReplicas", 7),
        Int32("availableReplicas", 4),
        Int32("unavailableReplicas", 5),
        Int32("terminatingReplicas", 9, optional: true),
        Objs("conditions", 6, () => DeploymentCondition, merge: "type"),
        Int32("collisionCount", 8, optional: true));

    internal static ObjectSchema StatefulSetSpec { get; } = Of("StatefulSetSpec",
        Int32("replicas", 1, optional: true),
        Obj("selector", 2, () => MetaTypes.LabelSelector),
        Obj("template", 3, () => CoreTypes.PodTemplateSpec, must: true),
        Objs("volumeClaimTemplates", 4, () => CoreTypes.PersistentVolumeClaim),
        Str("serviceName", 5, must: true),
        Str("podManagementPolicy", 6, go: "v1.PodManagementPolicyType"),
        Obj("updateStrategy", 7, () => StatefulSetUpdateStrategy),
        Int32("revisionHistoryLimit", 8, optional: true),
        Int32("minReadySeconds", 9),
        Obj("persistentVolumeClaimRetentionPolicy", 10, () => StatefulSetPersistentVolumeClaimRetentionPolicy),
        Obj("ordinals", 11, () => StatefulSetOrdinals));

    internal static ObjectSchema StatefulSetStatus { get; } = Of("StatefulSetStatus",
        Int64("observedGeneration", 1),
        Int32("replicas", 2, must: true),
        Int32("readyReplicas", 3),
        Int32("currentReplicas", 4),
        Int32("updatedReplicas", 5),
        Str("currentRevision", 6),
        Str("updateRevision", 7),
        Int32("collisionCount", 9, optional: true),
        Objs("conditions", 10, () => StatefulSetCondition, merge: "type"),
        Int32("availableReplicas", 11, must: true));

    internal static ObjectSchema DaemonSetSpec { get; } = Of("DaemonSetSpec",
        Obj("selector", 1, () => MetaTypes.LabelSelector),
        Obj("template", 2, () => CoreTypes.PodTemplateSpec, must: true),
        Obj("updateStrategy", 3, () => DaemonSetUpdateStrategy),
        Int32("minReadySeconds", 4),
        Int32("revisionHistoryLimit", 6, optional: true));

    internal static ObjectSchema DaemonSetStatus { get; } = Of("DaemonSetStatus",
        Int32("currentNumberScheduled", 1, must: true),
        Int32("numberMisscheduled", 2, must: true),
        Int32("desiredNumberScheduled", 3, must: true),
        Int32("numberReady", 4, must: true),
        Int64("observedGeneration", 5),
        Int32("updatedNumberScheduled", 6),
        Int32("numberAvailable", 7),
        Int32("numberUnavailable", 8),
        Int32("collisionCount", 9, optional: true),
        Objs("conditions", 10, () => DaemonSetCondition, merge: "type"));

    internal static ObjectSchema ReplicaSetSpec { get; } = Of("ReplicaSetSpec",
        Int32("replicas", 1, optional: true),
        Int32("minReadySeconds", 4),
        Obj("selector", 2, () => MetaTypes.LabelSelector),
        Obj("template", 3, () => CoreTypes.PodTemplateSpec));

    internal static ObjectSchema ReplicaSetStatus { get; } = Of("ReplicaSetStatus",
        Int32("replicas", 1, must: true),
        Int32("fullyLabeledReplicas", 2),
        Int32("readyReplicas", 4),
        Int32("availableReplicas", 5),
        Int32("terminatingReplicas", 7, optional: true),
        Int64("observedGeneration", 3),
        Objs("conditions", 6, () => ReplicaSetCondition, merge: "type"));

    internal static ObjectSchema DeploymentStrategy { get; } = Of("DeploymentStrategy",
        Str("type", 1, go: "v1.DeploymentStrategyType"),
        Obj("rollingUpdate", 2, () => RollingUpdateDeployment));

    internal static ObjectSchema DeploymentCondition { get; } = Of("DeploymentCondition",
        Str("type", 1, go: "v1.DeploymentConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastUpdateTime", 6),
        Time("lastTransitionTime", 7),
        Str("reason", 4),
        Str("message", 5));

    internal static ObjectSchema StatefulSetUpdateStrategy { get; } = Of("StatefulSetUpdateStrategy",
        Str("type", 1, go: "v1.StatefulSetUpdateStrategyType"),
        Obj("rollingUpdate", 2, () => RollingUpdateStatefulSetStrategy));

    internal static ObjectSchema StatefulSetPersistentVolumeClaimRetentionPolicy { get; } =
        Of("StatefulSetPersistentVolumeClaimRetentionPolicy",
        Str("whenDeleted", 1, go: "v1.PersistentVolumeClaimRetentionPolicyType"),
        Str("whenScaled", 2, go: "v1.PersistentVolumeClaimRetentionPolicyType"));

    internal static ObjectSchema StatefulSetOrdinals { get; } = Of("StatefulSetOrdinals",
        Int32("start", 1, must: true));

    internal static ObjectSchema StatefulSetCondition { get; } = Of("StatefulSetCondition",
        Str("type", 1, go: "v1.StatefulSetConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastTransitionTime", 3),
        Str("reason", 4),
        Str("message", 5));

    internal static ObjectSchema DaemonSetUpdateStrategy { get; } = Of("DaemonSetUpdateStrategy",
        Str("type", 1, go: "v1.DaemonSetUpdateStrategyType"),
        Obj("rollingUpdate", 2, () => RollingUpdateDaemonSet));

    internal static ObjectSchema DaemonSetCondition { get; } = Of("DaemonSetCondition",
        Str("type", 1, go: "v1.DaemonSetConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastTransitionTime", 3),
        Str("reason", 4),
        Str("message", 5));

    internal static ObjectSchema ReplicaSetCondition { get; } = Of("ReplicaSetCondition",
        Str("type", 1, go: "v1.ReplicaSetConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastTransitionTime", 3),
        Str("reason", 4),
        Str("message", 5));

    internal static ObjectSchema RollingUpdateDeployment { get; } = Of("RollingUpdateDeployment",
        IntOrString("maxUnavailable", 1, optional: true),
        IntOrString("maxSurge", 2, optional: true));

    internal static ObjectSchema RollingUpdateStatefulSetStrategy { get; } = Of("RollingUpdateStatefulSetStrategy",
        Int32("partition", 1, optional: true),
        IntOrString("maxUnavailable", 2, optional: true));

    internal static ObjectSchema RollingUpdateDaemonSet { get; } = Of("RollingUpdateDaemonSet",
        IntOrString("maxUnavailable", 1, optional: true),
        IntOrString("maxSurge", 2, optional: true));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.apps.v1." + name, fields);
}

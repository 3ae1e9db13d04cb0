#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of autoscaling/v2.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/autoscaling/v2, 1.35.</remarks>
internal static partial class AutoscalingTypes
{
    internal static ObjectSchema HorizontalPodAutoscaler { get; } = Of("HorizontalPodAutoscaler",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => HorizontalPodAutoscalerSpec),
        Obj("status", 3, () => HorizontalPodAutoscalerStatus));

    internal static ObjectSchema HorizontalPodAutoscalerSpec { get; } = Of("HorizontalPodAutoscalerSpec",
        Obj("scaleTargetRef", 1, () => CrossVersionObjectReference, must: true),
        Int32("minReplicas", 2, optional: true),
        Int32("maxReplicas", 3, must: true),
        Objs("metrics", 4, () => MetricSpec),
        Obj("behavior", 5, () => HorizontalPodAutoscalerBehavior));

    internal static ObjectSchema HorizontalPodAutoscalerStatus { get; } = Of("HorizontalPodAutoscalerStatus",
        Int64("observedGeneration", 1, optional: true),
        Time("lastScaleTime", 2),
        Int32("currentReplicas", 3),
        Int32("desiredReplicas", 4, must: true),
        Objs("currentMetrics", 5, () => MetricStatus, must: true),
        Objs("conditions", 6, () => HorizontalPodAutoscalerCondition, merge: "type"));

    internal static ObjectSchema CrossVersionObjectReference { get; } = Of("CrossVersionObjectReference",
        Str("kind", 1, must: true),
        Str("name", 2, must: true),
        Str("apiVersion", 3));

    internal static ObjectSchema MetricSpec { get; } = Of("MetricSpec",
        Str("type", 1, go: "v2.MetricSourceType", must: true),
        Obj("object", 2, () => ObjectMetricSource),
        Obj("pods", 3, () => PodsMetricSource),
        Obj("resource", 4, () => ResourceMetricSource),
        Obj("containerResource", 7, () => ContainerResourceMetricSource),
        Obj("external", 5, () => ExternalMetricSource));

    internal static ObjectSchema HorizontalPodAutoscalerBehavior { get; } = Of("HorizontalPodAutoscalerBehavior",
        Obj("scaleUp", 1, () => HPAScalingRules),
        Obj("scaleDown", 2, () => HPAScalingRules));

    internal static ObjectSchema MetricStatus { get; } = Of("MetricStatus",
        Str("type", 1, go: "v2.MetricSourceType", must: true),
        Obj("object", 2, () => ObjectMetricStatus),
        Obj("pods", 3, () => PodsMetricStatus),
        Obj("resource", 4, () => ResourceMetricStatus),
        Obj("containerResource", 7, () => ContainerResourceMetricStatus),
        Obj("external", 5, () => ExternalMetricStatus));

    internal static ObjectSchema HorizontalPodAutoscalerCondition { get; } = Of("HorizontalPodAutoscalerCondition",
        Str("type", 1, go: "v2.HorizontalPodAutoscalerConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastTransitionTime", 3),
        Str("reason", 4),
        Str("message", 5));

    internal static ObjectSchema ObjectMetricSource { get; } = Of("ObjectMetricSource",
        Obj("describedObject", 1, () => CrossVersionObjectReference, must: true),
        Obj("target", 2, () => MetricTarget, must: true),
        Obj("metric", 3, () => MetricIdentifier, must: true));

    internal static ObjectSchema PodsMetricSource { get; } = Of("PodsMetricSource",
        Obj("metric", 1, () => MetricIdentifier, must: true),
        Obj("target", 2, () => MetricTarget, must: true));

    internal static ObjectSchema ResourceMetricSource { get; } = Of("ResourceMetricSource",
        Str("name", 1, go: "v1.ResourceName", must: true),
        Obj("target", 2, () => MetricTarget, must: true));

    internal static ObjectSchema ContainerResourceMetricSource { get; } = Of("ContainerResourceMetricSource",
        Str("name", 1, go: "v1.ResourceName", must: true),
        Obj("target", 2, () => MetricTarget, must: true),
        Str("container", 3, must: true));

    internal static ObjectSchema ExternalMetricSource { get; } = Of("ExternalMetricSource",
        Obj("metric", 1, () => MetricIdentifier, must: true),
        Obj("target", 2, () => MetricTarget, must: true));

    internal static ObjectSchema HPAScalingRules { get; } = Of("HPAScalingRules",
        Int32("stabilizationWindowSeconds", 3, optional: true),
        Str("selectPolicy", 1, go: "v2.ScalingPolicySelect", optional: true),
        Objs("policies", 2, () => HPAScalingPolicy),
        Quantity("tolerance", 4, optional: true));

    internal static ObjectSchema ObjectMetricStatus { get; } = Of("ObjectMetricStatus",
        Obj("metric", 1, () => MetricIdentifier, must: true),
        Obj("current", 2, () => MetricValueStatus, must: true),
        Obj("describedObject", 3, () => CrossVersionObjectReference, must: true));

    internal static ObjectSchema PodsMetricStatus { get; } = Of("PodsMetricStatus",
        Obj("metric", 1, () => MetricIdentifier, must: true),
        Obj("current", 2, () => MetricValueStatus, must: true));

    internal static ObjectSchema ResourceMetricStatus { get; } = Of("ResourceMetricStatus",
        Str("name", 1, go: "v1.ResourceName", must: true),
        Obj("current", 2, () => MetricValueStatus, must: true));

    internal static ObjectSchema ContainerResourceMetricStatus { get; } = Of("ContainerResourceMetricStatus",
        Str("name", 1, go: "v1.ResourceName", must: true),
        Obj("current", 2, () => MetricValueStatus, must: true),
        Str("container", 3, must: true));

    internal static ObjectSchema ExternalMetricStatus { get; } = Of("ExternalMetricStatus",
        Obj("metric", 1, () => MetricIdentifier, must: true),
        Obj("current", 2, () => MetricValueStatus, must: true));

    internal static ObjectSchema MetricTarget { get; } = Of("MetricTarget",
        Str("type", 1, go: "v2.MetricTargetType", must: true),
        Quantity("value", 2, optional: true),
        Quantity("averageValue", 3, optional: true),
        Int32("averageUtilization", 4, optional: true));

    internal static ObjectSchema MetricIdentifier { get; } = Of("MetricIdentifier",
        Str("name", 1, must: true),
        Obj("selector", 2, () => MetaTypes.LabelSelector));

    internal static ObjectSchema HPAScalingPolicy { get; } = Of("HPAScalingPolicy",
        Str("type", 1, go: "v2.HPAScalingPolicyType", must: true),
        Int32("value", 2, must: true),
        Int32("periodSeconds", 3, must: true));

    internal static ObjectSchema MetricValueStatus { get; } = Of("MetricValueStatus",
        Quantity("value", 1, optional: true),
        Quantity("averageValue", 2, optional: true),
        Int32("averageUtilization", 3, optional: true));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v2." + name, "io.k8s.api.autoscaling.v2." + name, fields);
}

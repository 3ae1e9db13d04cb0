#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Services, namespaces and the small kinds.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/core/v1, 1.35.</remarks>
internal static partial class CoreTypes
{
    internal static ObjectSchema Service { get; } = Of("Service",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => ServiceSpec),
        Obj("status", 3, () => ServiceStatus));

    internal static ObjectSchema Endpoints { get; } = Of("Endpoints",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Objs("subsets", 2, () => EndpointSubset));

    internal static ObjectSchema Namespace { get; } = Of("Namespace",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => NamespaceSpec),
        Obj("status", 3, () => NamespaceStatus));

    internal static ObjectSchema ConfigMap { get; } = Of("ConfigMap",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Bool("immutable", 4, optional: true),
        Map("data", 2),
        Map("binaryData", 3, FieldKind.Bytes));

    internal static ObjectSchema Secret { get; } = Of("Secret",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Bool("immutable", 5, optional: true),
        Map("data", 2, FieldKind.Bytes),
        Map("stringData", 4),
        Str("type", 3, go: "v1.SecretType"));

    internal static ObjectSchema ServiceAccount { get; } = Of("ServiceAccount",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Objs("secrets", 2, () => ObjectReference, merge: "name"),
        Objs("imagePullSecrets", 3, () => LocalObjectReference),
        Bool("automountServiceAccountToken", 4, optional: true));

    internal static ObjectSchema Event { get; } = Of("Event",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("involvedObject", 2, () => ObjectReference, must: true),
        Str("reason", 3),
        Str("message", 4),
        Obj("source", 5, () => EventSource),
        Time("firstTimestamp", 6),
        Time("lastTimestamp", 7),
        Int32("count", 8),
        Str("type", 9),
        MicroTime("eventTime", 10),
        Obj("series", 11, () => EventSeries),
        Str("action", 12),
        Obj("related", 13, () => ObjectReference),
        Str("reportingComponent", 14, must: true),
        Str("reportingInstance", 15, must: true));

    internal static ObjectSchema LimitRange { get; } = Of("LimitRange",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => LimitRangeSpec));

    internal static ObjectSchema ResourceQuota { get; } = Of("ResourceQuota",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => ResourceQuotaSpec),
        Obj("status", 3, () => ResourceQuotaStatus));

    internal static ObjectSchema ServiceSpec { get; } = Of("ServiceSpec",
        Objs("ports", 1, () => ServicePort, merge: "port", keys: "port,protocol=TCP"),
        Map("selector", 2, atomic: true),
        Str("clusterIP", 3),
        List("clusterIPs", 18),
        Str("type", 4, go: "v1.ServiceType"),
        List("externalIPs", 5),
        Str("sessionAffinity", 7, go: "v1.ServiceAffinity"),
        Str("loadBalancerIP", 8),
        List("loadBalancerSourceRanges", 9),
        Str("externalName", 10),
        Str("externalTrafficPolicy", 11, go: "v1.ServiceExternalTrafficPolicy"),
        Int32("healthCheckNodePort", 12),
        Bool("publishNotReadyAddresses", 13),
        Obj("sessionAffinityConfig", 14, () => SessionAffinityConfig),
        List("ipFamilies", 19, go: "v1.IPFamily"),
        Str("ipFamilyPolicy", 17, go: "v1.IPFamilyPolicy", optional: true),
        Bool("allocateLoadBalancerNodePorts", 20, optional: true),
        Str("loadBalancerClass", 21, optional: true),
        Str("internalTrafficPolicy", 22, go: "v1.ServiceInternalTrafficPolicy", optional: true),
        Str("trafficDistribution", 23, optional: true));

    internal static ObjectSchema ServiceStatus { get; } = Of("ServiceStatus",
        Obj("loadBalancer", 1, () => LoadBalancerStatus),
        Objs("conditions", 2, () => MetaTypes.Condition, merge: "type"));

    internal static ObjectSchema EndpointSubset { get; } = Of("EndpointSubset",
        Objs("addresses", 1, () => EndpointAddress),
        Objs("notReadyAddresses", 2, () => EndpointAddress),
        Objs("ports", 3, () => EndpointPort));

    internal static ObjectSchema NamespaceSpec { get; } = Of("NamespaceSpec",
        List("finalizers", 1, go: "v1.FinalizerName"));

    internal static ObjectSchema NamespaceStatus { get; } = Of("NamespaceStatus",
        Str("phase", 1, go: "v1.NamespacePhase"),
        Objs("conditions", 2, () => NamespaceCondition, merge: "type"));

    internal static ObjectSchema EventSource { get; } = Of("EventSource",
        Str("component", 1),
        Str("host", 2));

    internal static ObjectSchema EventSeries { get; } = Of("EventSeries",
        Int32("count", 1),
        MicroTime("lastObservedTime", 2));

    internal static ObjectSchema LimitRangeSpec { get; } = Of("LimitRangeSpec",
        Objs("limits", 1, () => LimitRangeItem, must: true));

    internal static ObjectSchema ResourceQuotaSpec { get; } = Of("ResourceQuotaSpec",
        Map("hard", 1, FieldKind.Quantity, whole: "v1.ResourceList"),
        List("scopes", 2, go: "v1.ResourceQuotaScope"),
        Obj("scopeSelector", 3, () => ScopeSelector));

    internal static ObjectSchema ResourceQuotaStatus { get; } = Of("ResourceQuotaStatus",
        Map("hard", 1, FieldKind.Quantity, whole: "v1.ResourceList"),
        Map("used", 2, FieldKind.Quantity, whole: "v1.ResourceList"));

    internal static ObjectSchema ServicePort { get; } = Of("ServicePort",
        Str("name", 1),
        Str("protocol", 2, go: "v1.Protocol"),
        Str("appProtocol", 6, optional: true),
        Int32("port", 3, must: true),
        IntOrString("targetPort", 4),
        Int32("nodePort", 5));

    internal static ObjectSchema SessionAffinityConfig { get; } = Of("SessionAffinityConfig",
        Obj("clientIP", 1, () => ClientIPConfig));

    internal static ObjectSchema LoadBalancerStatus { get; } = Of("LoadBalancerStatus",
        Objs("ingress", 1, () => LoadBalancerIngress));

    internal static ObjectSchema EndpointAddress { get; } = Of("EndpointAddress",
        Str("ip", 1, must: true),
        Str("hostname", 3),
        Str("nodeName", 4, optional: true),
        Obj("targetRef", 2, () => ObjectReference));

    internal static ObjectSchema EndpointPort { get; } = Of("EndpointPort",
        Str("name", 1),
        Int32("port", 2, must: true),
        Str("protocol", 3, go: "v1.Protocol"),
        Str("appProtocol", 4, optional: true));

    internal static ObjectSchema NamespaceCondition { get; } = Of("NamespaceCondition",
        Str("type", 1, go: "v1.NamespaceConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastTransitionTime", 4),
        Str("reason", 5),
        Str("message", 6));

    internal static ObjectSchema LimitRangeItem { get; } = Of("LimitRangeItem",
        Str("type", 1, go: "v1.LimitType", must: true),
        Map("max", 2, FieldKind.Quantity, whole: "v1.ResourceList"),
        Map("min", 3, FieldKind.Quantity, whole: "v1.ResourceList"),
        Map("default", 4, FieldKind.Quantity, whole: "v1.ResourceList"),
        Map("defaultRequest", 5, FieldKind.Quantity, whole: "v1.ResourceList"),
        Map("maxLimitRequestRatio", 6, FieldKind.Quantity, whole: "v1.ResourceList"));

    internal static ObjectSchema ScopeSelector { get; } = Of("ScopeSelector",
        Objs("matchExpressions", 1, () => ScopedResourceSelectorRequirement));

    internal static ObjectSchema ClientIPConfig { get; } = Of("ClientIPConfig",
        Int32("timeoutSeconds", 1, optional: true));

    internal static ObjectSchema LoadBalancerIngress { get; } = Of("LoadBalancerIngress",
        Str("ip", 1),
        Str("hostname", 2),
        Str("ipMode", 3, go: "v1.LoadBalancerIPMode", optional: true),
        Objs("ports", 4, () => PortStatus));

    internal static ObjectSchema ScopedResourceSelectorRequirement { get; } = Of("ScopedResourceSelectorRequirement",
        Str("scopeName", 1, go: "v1.ResourceQuotaScope", must: true),
        Str("operator", 2, go: "v1.ScopeSelectorOperator", must: true),
        List("values", 3));

    internal static ObjectSchema PortStatus { get; } = Of("PortStatus",
        Int32("port", 1, must: true),
        Str("protocol", 2, go: "v1.Protocol", must: true),
        Str("error", 3, optional: true));
}

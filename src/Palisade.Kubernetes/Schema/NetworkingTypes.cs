#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of networking.k8s.io/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/networking/v1, 1.35.</remarks>
internal static partial class NetworkingTypes
{
    internal static ObjectSchema NetworkPolicy { get; } = Of("NetworkPolicy",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => NetworkPolicySpec));

    internal static ObjectSchema Ingress { get; } = Of("Ingress",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => IngressSpec),
        Obj("status", 3, () => IngressStatus));

    internal static ObjectSchema IngressClass { get; } = Of("IngressClass",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => IngressClassSpec));

    internal static ObjectSchema NetworkPolicySpec { get; } = Of("NetworkPolicySpec",
        Obj("podSelector", 1, () => MetaTypes.LabelSelector, must: true),
        Objs("ingress", 2, () => NetworkPolicyIngressRule),
        Objs("egress", 3, () => NetworkPolicyEgressRule),
        List("policyTypes", 4, go: "v1.PolicyType"));

    internal static ObjectSchema IngressSpec { get; } = Of("IngressSpec",
        Str("ingressClassName", 4, optional: true),
        Obj("defaultBackend", 1, () => IngressBackend),
        Objs("tls", 2, () => IngressTLS),
        Objs("rules", 3, () => IngressRule));

    internal static ObjectSchema IngressStatus { get; } = Of("IngressStatus",
        Obj("loadBalancer", 1, () => IngressLoadBalancerStatus));

    internal static ObjectSchema IngressClassSpec { get; } = Of("IngressClassSpec",
        Str("controller", 1),
        Obj("parameters", 2, () => IngressClassParametersReference));

    internal static ObjectSchema NetworkPolicyIngressRule { get; } = Of("NetworkPolicyIngressRule",
        Objs("ports", 1, () => NetworkPolicyPort),
        Objs("from", 2, () => NetworkPolicyPeer));

    internal static ObjectSchema NetworkPolicyEgressRule { get; } = Of("NetworkPolicyEgressRule",
        Objs("ports", 1, () => NetworkPolicyPort),
        Objs("to", 2, () => NetworkPolicyPeer));

    internal static ObjectSchema IngressBackend { get; } = Of("IngressBackend",
        Obj("service", 4, () => IngressServiceBackend),
        Obj("resource", 3, () => CoreTypes.TypedLocalObjectReference));

    internal static ObjectSchema IngressTLS { get; } = Of("IngressTLS",
        List("hosts", 1),
        Str("secretName", 2));

    internal static ObjectSchema IngressRule { get; } = Of("IngressRule",
        Str("host", 1),
        Inline(2, () => IngressRuleValue));

    internal static ObjectSchema IngressLoadBalancerStatus { get; } = Of("IngressLoadBalancerStatus",
        Objs("ingress", 1, () => IngressLoadBalancerIngress));

    internal static ObjectSchema IngressClassParametersReference { get; } = Of("IngressClassParametersReference",
        Str("apiGroup", 1, optional: true),
        Str("kind", 2, must: true),
        Str("name", 3, must: true),
        Str("scope", 4, optional: true),
        Str("namespace", 5, optional: true));

    internal static ObjectSchema NetworkPolicyPort { get; } = Of("NetworkPolicyPort",
        Str("protocol", 1, go: "v1.Protocol", optional: true),
        IntOrString("port", 2, optional: true),
        Int32("endPort", 3, optional: true));

    internal static ObjectSchema NetworkPolicyPeer { get; } = Of("NetworkPolicyPeer",
        Obj("podSelector", 1, () => MetaTypes.LabelSelector),
        Obj("namespaceSelector", 2, () => MetaTypes.LabelSelector),
        Obj("ipBlock", 3, () => IPBlock));

    internal static ObjectSchema IngressServiceBackend { get; } = Of("IngressServiceBackend",
        Str("name", 1, must: true),
        Obj("port", 2, () => ServiceBackendPort));

    internal static ObjectSchema IngressRuleValue { get; } = Of("IngressRuleValue",
        Obj("http", 1, () => HTTPIngressRuleValue));

    internal static ObjectSchema IngressLoadBalancerIngress { get; } = Of("IngressLoadBalancerIngress",
        Str("ip", 1),
        Str("hostname", 2),
        Objs("ports", 4, () => IngressPortStatus));

    internal static ObjectSchema IPBlock { get; } = Of("IPBlock",
        Str("cidr", 1, must: true),
        List("except", 2));

    internal static ObjectSchema ServiceBackendPort { get; } = Of("ServiceBackendPort",
        Str("name", 1),
        Int32("number", 2));

    internal static ObjectSchema HTTPIngressRuleValue { get; } = Of("HTTPIngressRuleValue",
        Objs("paths", 1, () => HTTPIngressPath, must: true));

    internal static ObjectSchema IngressPortStatus { get; } = Of("IngressPortStatus",
        Int32("port", 1, must: true),
        Str("protocol", 2, go: "v1.Protocol", must: true),
        Str("error", 3, optional: true));

    internal static ObjectSchema HTTPIngressPath { get; } = Of("HTTPIngressPath",
        Str("path", 1),
        Str("pathType", 3, go: "v1.PathType", optional: true),
        Obj("backend", 2, () => IngressBackend, must: true));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.networking.v1." + name, fields);
}

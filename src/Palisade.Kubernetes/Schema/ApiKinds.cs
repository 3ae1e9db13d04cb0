using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Palisade.Kubernetes.Schema;

/// <summary>
/// The kinds whose objects can be decoded: those the embedded server serves and those that manifests commonly hold.
/// </summary>
public static class ApiKinds
{
    private static readonly FrozenDictionary<(string ApiVersion, string Kind), KindSchema> Index =
        All.ToFrozenDictionary(kind => (kind.ApiVersion, kind.Kind));

    /// <summary>Every kind, in the order of groups.</summary>
    public static ImmutableArray<KindSchema> All => Tables.Value;

    /// <summary>v1 Namespace.</summary>
    public static KindSchema Namespace => Of("v1", "Namespace");

    /// <summary>v1 Pod.</summary>
    public static KindSchema Pod => Of("v1", "Pod");

    /// <summary>v1 Node.</summary>
    public static KindSchema Node => Of("v1", "Node");

    /// <summary>v1 Service.</summary>
    public static KindSchema Service => Of("v1", "Service");

    /// <summary>apiextensions.k8s.io/v1 CustomResourceDefinition.</summary>
    public static KindSchema CustomResourceDefinition =>
        Of("apiextensions.k8s.io/v1", "CustomResourceDefinition");

    /// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
    public static KindSchema NetworkPolicy => Of("networking.k8s.io/v1", "NetworkPolicy");

    /// <summary>policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy, of the experimental channel.</summary>
    public static KindSchema ClusterNetworkPolicy => Of("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy");

    /// <summary>policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy.</summary>
    public static KindSchema AdminNetworkPolicy => Of("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy");

    /// <summary>policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy.</summary>
    public static KindSchema BaselineAdminNetworkPolicy =>
        Of("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy");

    /// <summary>ClusterNetworkPolicy of the standard channel: without nodes and domainNames.</summary>
    internal static KindSchema StandardClusterNetworkPolicy { get; } = ClusterNetworkPolicy with
    {
        Type = ClusterPolicyTypes.Standard.AsStruct,
        Custom = ClusterPolicyTypes.Standard,
    };

    /// <summary>meta/v1 DeleteOptions, whatever group version a client names it in.</summary>
    public static KindSchema DeleteOptions => Of("v1", "DeleteOptions");

    /// <summary>v1 Status.</summary>
    public static KindSchema Status => Of("v1", "Status");

    /// <summary>meta/v1 ObjectMeta: the metadata of every kind.</summary>
    public static ObjectSchema ObjectMeta => MetaTypes.ObjectMeta;

    /// <summary>meta/v1 LabelSelector.</summary>
    public static ObjectSchema LabelSelector => MetaTypes.LabelSelector;

    /// <summary>The kind of an object's apiVersion and kind, or null when it is not known.</summary>
    public static KindSchema? Find(string apiVersion, string kind) =>
        kind == "DeleteOptions" ? Index[("v1", kind)] : Index.GetValueOrDefault((apiVersion, kind));

    private static KindSchema Of(string apiVersion, string kind) => Index[(apiVersion, kind)];

    private static class Tables
    {
        internal static readonly ImmutableArray<KindSchema> Value =
        [
            .. Core(), .. Networking(), .. ClusterPolicies(), .. Workloads(), .. Access(), .. Others(), .. Machinery(),
        ];

        private static IEnumerable<KindSchema> Core() =>
        [
            Make("", "v1", "Namespace", "namespaces", CoreTypes.Namespace, "ns", namespaced: false, status: true),
            Make("", "v1", "Pod", "pods", CoreTypes.Pod, "po", status: true),
            Make("", "v1", "Node", "nodes", CoreTypes.Node, "no", namespaced: false, status: true),
            Make("", "v1", "Service", "services", CoreTypes.Service, "svc", status: true),
            Make("", "v1", "Endpoints", "endpoints", CoreTypes.Endpoints, "ep"),
            Make("", "v1", "ConfigMap", "configmaps", CoreTypes.ConfigMap, "cm"),
            Make("", "v1", "Secret", "secrets", CoreTypes.Secret),
            Make("", "v1", "ServiceAccount", "serviceaccounts", CoreTypes.ServiceAccount, "sa"),
            Make("", "v1", "Event", "events", CoreTypes.Event, "ev"),
            Make("", "v1", "ReplicationController", "replicationcontrollers", CoreTypes.ReplicationController, "rc",
                status: true),
            Make("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", CoreTypes.PersistentVolumeClaim, "pvc",
                status: true),
            Make("", "v1", "PersistentVolume", "persistentvolumes", CoreTypes.PersistentVolume, "pv",
                namespaced: false, status: true),
            Make("", "v1", "LimitRange", "limitranges", CoreTypes.LimitRange, "limits"),
            Make("", "v1", "ResourceQuota", "resourcequotas", CoreTypes.ResourceQuota, "quota", status: true),
        ];

        private static IEnumerable<KindSchema> Networking() =>
        [
            Make("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", NetworkingTypes.NetworkPolicy,
                "netpol"),
            Make("networking.k8s.io", "v1", "Ingress", "ingresses", NetworkingTypes.Ingress, "ing", status: true),
            Make("networking.k8s.io", "v1", "IngressClass", "ingressclasses", NetworkingTypes.IngressClass,
                namespaced: false),
            Make("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", DiscoveryTypes.EndpointSlice),
        ];

        private static IEnumerable<KindSchema> ClusterPolicies() =>
        [
            Custom("v1alpha2", "ClusterNetworkPolicy", "clusternetworkpolicies", "cnp",
                ClusterPolicyTypes.Experimental),
            Custom("v1alpha1", "AdminNetworkPolicy", "adminnetworkpolicies", "anp", AdminPolicyTypes.Admin),
            Custom("v1alpha1", "BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", "banp",
                AdminPolicyTypes.Baseline),
        ];

        private static KindSchema Custom(
            string version, string kind, string plural, string shortName, CustomSchema schema) =>
            Make("policy.networking.k8s.io", version, kind, plural, schema.AsStruct, shortName, namespaced: false,
                status: true) with
            { Custom = schema };

        private static IEnumerable<KindSchema> Workloads() =>
        [
            Make("apps", "v1", "Deployment", "deployments", AppsTypes.Deployment, "deploy", status: true),
            Make("apps", "v1", "StatefulSet", "statefulsets", AppsTypes.StatefulSet, "sts", status: true),
            Make("apps", "v1", "DaemonSet", "daemonsets", AppsTypes.DaemonSet, "ds", status: true),
            Make("apps", "v1", "ReplicaSet", "replicasets", AppsTypes.ReplicaSet, "rs", status: true),
            Make("apps", "v1", "ControllerRevision", "controllerrevisions", AppsTypes.ControllerRevision),
            Make("batch", "v1", "Job", "jobs", BatchTypes.Job, status: true),
            Make("batch", "v1", "CronJob", "cronjobs", BatchTypes.CronJob, "cj", status: true),
        ];

        private static IEnumerable<KindSchema> Access() =>
        [
            Make("rbac.authorization.k8s.io", "v1", "Role", "roles", RbacTypes.Role),
            Make("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", RbacTypes.RoleBinding),
            Make("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", RbacTypes.ClusterRole,
                namespaced: false),
            Make("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings",
                RbacTypes.ClusterRoleBinding, namespaced: false),
            Make("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews",
                AuthorizationTypes.SelfSubjectAccessReview, namespaced: false),
            Make("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews",
                AuthorizationTypes.SelfSubjectRulesReview, namespaced: false),
            Make("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews",
                AuthorizationTypes.SubjectAccessReview, namespaced: false),
            Make("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews",
                AuthorizationTypes.LocalSubjectAccessReview),
            Make("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews",
                AuthenticationTypes.SelfSubjectReview, namespaced: false),
            Make("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", AuthenticationTypes.TokenReview,
                namespaced: false),
            Make("authentication.k8s.io", "v1", "TokenRequest", "tokenrequests", AuthenticationTypes.TokenRequest),
        ];

        private static IEnumerable<KindSchema> Others() =>
        [
            Make("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", DisruptionTypes.PodDisruptionBudget,
                "pdb", status: true),
            Make("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers",
                AutoscalingTypes.HorizontalPodAutoscaler, "hpa", status: true),
            Make("storage.k8s.io", "v1", "StorageClass", "storageclasses", StorageTypes.StorageClass, "sc",
                namespaced: false),
            Make("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
                DefinitionTypes.Definition, "crd,crds", namespaced: false, status: true),
            Make("coordination.k8s.io", "v1", "Lease", "leases", CoordinationTypes.Lease),
            Make("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", SchedulingTypes.PriorityClass, "pc",
                namespaced: false),
        ];

        private static IEnumerable<KindSchema> Machinery() =>
        [
            Make("", "v1", "List", "lists", MetaTypes.List, namespaced: false),
            Make("", "v1", "Status", "statuses", MetaTypes.Status, namespaced: false),
            Make("", "v1", "DeleteOptions", "deleteoptions", MetaTypes.DeleteOptions, namespaced: false),
            Make("policy", "v1", "Eviction", "evictions", DisruptionTypes.Eviction),
            Make("autoscaling", "v1", "Scale", "scales", ScaleTypes.Scale),
            Make("meta.k8s.io", "v1", "PartialObjectMetadata", "partialobjectmetadatas",
                MetaTypes.PartialObjectMetadata),
        ];

        private static KindSchema Make(
            string group,
            string version,
            string kind,
            string plural,
            ObjectSchema type,
            string? shortName = null,
            bool namespaced = true,
            bool status = false) =>
            new(
                group,
                version,
                kind,
                plural,
                kind.ToLowerInvariant(),
                shortName is null ? [] : [.. shortName.Split(',')],
                namespaced,
                status,
                type);
    }
}

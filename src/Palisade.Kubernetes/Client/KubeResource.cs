using System.Text;

namespace Palisade.Kubernetes.Client;

/// <summary>A resource of the Kubernetes API, and how its paths are written.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Version">The version.</param>
/// <param name="Plural">The name in paths: networkpolicies.</param>
/// <param name="Namespaced">Whether its objects live in namespaces.</param>
public sealed record KubeResource(string Group, string Version, string Plural, bool Namespaced)
{
    /// <summary>v1 Namespace.</summary>
    public static KubeResource Namespaces { get; } = new("", "v1", "namespaces", false);

    /// <summary>v1 Node.</summary>
    public static KubeResource Nodes { get; } = new("", "v1", "nodes", false);

    /// <summary>v1 Pod.</summary>
    public static KubeResource Pods { get; } = new("", "v1", "pods", true);

    /// <summary>v1 Service.</summary>
    public static KubeResource Services { get; } = new("", "v1", "services", true);

    /// <summary>v1 Event.</summary>
    public static KubeResource Events { get; } = new("", "v1", "events", true);

    /// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
    public static KubeResource NetworkPolicies { get; } = new("networking.k8s.io", "v1", "networkpolicies", true);

    /// <summary>policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy; many clusters do not have it.</summary>
    public static KubeResource ClusterNetworkPolicies { get; } =
        new("policy.networking.k8s.io", "v1alpha2", "clusternetworkpolicies", false);

    /// <summary>apiextensions.k8s.io/v1 CustomResourceDefinition.</summary>
    internal static KubeResource Definitions { get; } =
        new("apiextensions.k8s.io", "v1", "customresourcedefinitions", false);

    /// <summary>The path of the objects of one namespace, or of all of them (null).</summary>
    public string Collection(string? ns = null)
    {
        var path = new StringBuilder(Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}");
        if (ns is not null && Namespaced)
            path.Append("/namespaces/").Append(Uri.EscapeDataString(ns));
        return path.Append('/').Append(Plural).ToString();
    }

    /// <summary>The path of one object, or of a subresource of it (status).</summary>
    public string Named(string? ns, string name, string? subresource = null)
    {
        var path = $"{Collection(ns)}/{Uri.EscapeDataString(name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    /// <summary>plural.group, or the plural alone for the core group.</summary>
    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}

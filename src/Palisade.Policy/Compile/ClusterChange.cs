using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>
/// One object that a cluster has now (in place of the one of the same kind, namespace and name, if there was one), or
/// has no more. Removing what is not there changes nothing.
/// </summary>
public abstract record ClusterChange
{
    private ClusterChange()
    {
    }

    /// <summary>A pod that is there.</summary>
    public static ClusterChange Put(Endpoint pod) => new EndpointPut(pod);

    /// <summary>A namespace that is there.</summary>
    public static ClusterChange Put(Namespace ns) => new NamespacePut(ns);

    /// <summary>A node that is there.</summary>
    public static ClusterChange Put(Node node) => new NodePut(node);

    /// <summary>A NetworkPolicy that is there.</summary>
    public static ClusterChange Put(NetworkPolicy policy) => new NetworkPolicyPut(policy);

    /// <summary>A ClusterNetworkPolicy that is there.</summary>
    public static ClusterChange Put(ClusterNetworkPolicy policy) => new ClusterNetworkPolicyPut(policy);

    /// <summary>A Service that is there.</summary>
    public static ClusterChange Put(Service service) => new ServicePut(service);

    /// <summary>What is known of a domain name, in place of what was known.</summary>
    public static ClusterChange Put(DomainName name) => new DomainNamePut(name);

    /// <summary>A pod that is gone.</summary>
    public static ClusterChange RemoveEndpoint(string ns, string name) => new EndpointRemoved(ns, name);

    /// <summary>
    /// A namespace that is gone. While objects in it are left, it stays with no label but its name.
    /// </summary>
    public static ClusterChange RemoveNamespace(string name) => new NamespaceRemoved(name);

    /// <summary>A node that is gone.</summary>
    public static ClusterChange RemoveNode(string name) => new NodeRemoved(name);

    /// <summary>A NetworkPolicy that is gone.</summary>
    public static ClusterChange RemoveNetworkPolicy(string ns, string name) => new NetworkPolicyRemoved(ns, name);

    /// <summary>A ClusterNetworkPolicy that is gone.</summary>
    public static ClusterChange RemoveClusterNetworkPolicy(string name) => new ClusterNetworkPolicyRemoved(name);

    /// <summary>A Service that is gone.</summary>
    public static ClusterChange RemoveService(string ns, string name) => new ServiceRemoved(ns, name);

    /// <summary>A domain name of which nothing is known any more.</summary>
    public static ClusterChange RemoveDomainName(string name) => new DomainNameRemoved(name);

    internal sealed record EndpointPut(Endpoint Pod) : ClusterChange;

    internal sealed record NamespacePut(Namespace Namespace) : ClusterChange;

    internal sealed record NodePut(Node Node) : ClusterChange;

    internal sealed record NetworkPolicyPut(NetworkPolicy Policy) : ClusterChange;

    internal sealed record ClusterNetworkPolicyPut(ClusterNetworkPolicy Policy) : ClusterChange;

    internal sealed record ServicePut(Service Service) : ClusterChange;

    internal sealed record DomainNamePut(DomainName Name) : ClusterChange;

    internal sealed record EndpointRemoved(string Namespace, string Name) : ClusterChange;

    internal sealed record NamespaceRemoved(string Name) : ClusterChange;

    internal sealed record NodeRemoved(string Name) : ClusterChange;

    internal sealed record NetworkPolicyRemoved(string Namespace, string Name) : ClusterChange;

    internal sealed record ClusterNetworkPolicyRemoved(string Name) : ClusterChange;

    internal sealed record ServiceRemoved(string Namespace, string Name) : ClusterChange;

    internal sealed record DomainNameRemoved(string Name) : ClusterChange;
}

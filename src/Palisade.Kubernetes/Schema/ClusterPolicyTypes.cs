using static Palisade.Kubernetes.Schema.CustomDeclare;

namespace Palisade.Kubernetes.Schema;

/// <summary>ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2, both channels.</summary>
/// <remarks>The definitions published with network-policy-api v0.2.0; a test compares every bound.</remarks>
internal static class ClusterPolicyTypes
{
    private const string NamedPortOnNamed =
        "!(self.to.exists(peer, has(peer.networks) || has(peer.nodes) || has(peer.domainNames)) && "
        + "has(self.protocols) && self.protocols.exists(protocol, has(protocol.destinationNamedPort)))";

    private static readonly CustomSchema Action = new(CustomType.String) { Enum = Words("Accept", "Deny", "Pass") };

    private static readonly CustomSchema PodsOfNamespaces = new(CustomType.Object, "v1alpha2.NamespacedPod")
    {
        Properties = [May("namespaceSelector", LabelSelector), Must("podSelector", LabelSelector)],
    };

    private static readonly CustomSchema DestinationPort = OneOf("v1alpha2.Port",
        May("number", Port),
        May("range", new(CustomType.Object, "v1alpha2.PortRange")
        {
            Properties = [Must("end", Port), Must("start", Port)],
            Rules = [StartBeforeEnd],
        }));

    private static readonly CustomSchema Protocols = ListOf(
        OneOf("v1alpha2.ClusterNetworkPolicyProtocol",
            May("destinationNamedPort", Text),
            May("sctp", OfProtocol("SCTP")),
            May("tcp", OfProtocol("TCP")),
            May("udp", OfProtocol("UDP"))),
        1, 25);

    private static readonly CustomSchema Ingress = new(CustomType.Object, "v1alpha2.ClusterNetworkPolicyIngressRule")
    {
        Properties =
        [
            Must("action", Action),
            Must("from", ListOf(OneOf("v1alpha2.ClusterNetworkPolicyIngressPeer",
                May("namespaces", LabelSelector), May("pods", PodsOfNamespaces)), 1, 25)),
            May("name", RuleName),
            May("protocols", Protocols),
        ],
    };

    /// <summary>With nodes and domainNames.</summary>
    public static CustomSchema Experimental { get; } = Kind(experimental: true);

    /// <summary>Without them.</summary>
    public static CustomSchema Standard { get; } = Kind(experimental: false);

    private static CustomSchema Kind(bool experimental) => new(CustomType.Object, "v1alpha2.ClusterNetworkPolicy")
    {
        Properties =
        [
            May("apiVersion", Text),
            May("kind", Text),
            Must("metadata", Metadata),
            Must("spec", Spec(experimental)),
            May("status", Status("v1alpha2.ClusterNetworkPolicyStatus")),
        ],
    };

    private static CustomSchema Spec(bool experimental) => new(CustomType.Object, "v1alpha2.ClusterNetworkPolicySpec")
    {
        Properties =
        [
            May("egress", ListOf(Egress(experimental), null, 25)),
            May("ingress", ListOf(Ingress, null, 25)),
            Must("priority", Priority),
            Must("subject", OneOf("v1alpha2.ClusterNetworkPolicySubject",
                May("namespaces", LabelSelector), May("pods", PodsOfNamespaces))),
            Must("tier", new(CustomType.String) { Enum = Words("Admin", "Baseline") }),
        ],
    };

    private static CustomSchema Egress(bool experimental) =>
        new(CustomType.Object, "v1alpha2.ClusterNetworkPolicyEgressRule")
        {
            Properties =
            [
                Must("action", Action),
                May("name", RuleName),
                May("protocols", Protocols),
                Must("to", ListOf(EgressPeer(experimental), 1, 25)),
            ],
            Rules = experimental ? [NoNamedPortOnNamed()] : [],
        };

    private static CustomSchema EgressPeer(bool experimental)
    {
        const string Type = "v1alpha2.ClusterNetworkPolicyEgressPeer";
        var networks = May("networks", Networks(IsCidr));
        return experimental
            ? OneOf(Type, May("domainNames", DomainNames), May("namespaces", LabelSelector), networks,
                May("nodes", LabelSelector), May("pods", PodsOfNamespaces))
            : OneOf(Type, May("namespaces", LabelSelector), networks, May("pods", PodsOfNamespaces));
    }

    private static CustomSchema OfProtocol(string name) =>
        new(CustomType.Object, $"v1alpha2.ClusterNetworkPolicyProtocol{name}")
        {
            MinProperties = 1,
            Properties = [May("destinationPort", DestinationPort)],
        };

    private static CustomRule NoNamedPortOnNamed() => new(
        NamedPortOnNamed,
        "networks/nodes/domainNames peer cannot be set with namedPorts since there are no namedPorts for "
        + "networks/nodes/domainNames");
}

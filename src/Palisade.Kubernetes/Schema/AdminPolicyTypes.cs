using System.Collections.Immutable;
using Palisade.Kubernetes.Wire;
using static Palisade.Kubernetes.Schema.CustomDeclare;

namespace Palisade.Kubernetes.Schema;

/// <summary>
/// AdminNetworkPolicy and BaselineAdminNetworkPolicy of policy.networking.k8s.io/v1alpha1, the predecessors of
/// ClusterNetworkPolicy, with the fields of the experimental channel.
/// </summary>
/// <remarks>The Go types of network-policy-api v0.1, apis/v1alpha1.</remarks>
internal static class AdminPolicyTypes
{
    private static readonly CustomSchema Protocol = new(CustomType.String) { Default = new WireString("TCP", default) };

    private static readonly CustomSchema PodsOfNamespaces = new(CustomType.Object, "v1alpha1.NamespacedPod")
    {
        Properties = [Must("namespaceSelector", LabelSelector), Must("podSelector", LabelSelector)],
    };

    private static readonly CustomSchema Subject = OneOf("v1alpha1.AdminNetworkPolicySubject",
        May("namespaces", LabelSelector), May("pods", PodsOfNamespaces));

    private static readonly CustomSchema Peers = ListOf(
        OneOf("v1alpha1.AdminNetworkPolicyIngressPeer",
            May("namespaces", LabelSelector), May("pods", PodsOfNamespaces)),
        1, 100);

    private static readonly CustomSchema Ports = ListOf(
        OneOf("v1alpha1.AdminNetworkPolicyPort",
            May("namedPort", Text),
            May("portNumber", new(CustomType.Object, "v1alpha1.Port")
            {
                Properties = [Must("port", Port), Must("protocol", Protocol)],
            }),
            May("portRange", new(CustomType.Object, "v1alpha1.PortRange")
            {
                Properties = [Must("end", Port), May("protocol", Protocol), Must("start", Port)],
                Rules = [StartBeforeEnd],
            })),
        1, 100);

    // v1alpha1 is older than isCIDR: what is no block passes, and the enforcer must fail closed on it.
    private static readonly CustomSchema Blocks = Networks(new(
        "self.contains(':') != self.contains('.')",
        "CIDR must be either an IPv4 or IPv6 address. IPv4 address embedded in IPv6 addresses are not supported"));

    /// <summary>The Admin tier.</summary>
    public static CustomSchema Admin { get; } = Kind("AdminNetworkPolicy",
        new(CustomType.Object, "v1alpha1.AdminNetworkPolicySpec")
        {
            Properties =
            [
                May("egress", Egress("AdminNetworkPolicy", ["Allow", "Deny", "Pass"], domains: true)),
                May("ingress", Ingress("AdminNetworkPolicy", ["Allow", "Deny", "Pass"])),
                Must("priority", Priority),
                Must("subject", Subject),
            ],
        },
        []);

    /// <summary>The Baseline tier; there is one, by the name default.</summary>
    public static CustomSchema Baseline { get; } = Kind("BaselineAdminNetworkPolicy",
        new(CustomType.Object, "v1alpha1.BaselineAdminNetworkPolicySpec")
        {
            Properties =
            [
                May("egress", Egress("BaselineAdminNetworkPolicy", ["Allow", "Deny"], domains: false)),
                May("ingress", Ingress("BaselineAdminNetworkPolicy", ["Allow", "Deny"])),
                Must("subject", Subject),
            ],
        },
        [
            new(
                "self.metadata.name == 'default'",
                "Only one baseline admin network policy with metadata.name=\"default\" can be created in the cluster"),
        ]);

    private static CustomSchema Kind(string name, CustomSchema spec, ImmutableArray<CustomRule> rules) =>
        new(CustomType.Object, $"v1alpha1.{name}")
        {
            Properties =
            [
                May("apiVersion", Text),
                May("kind", Text),
                Must("metadata", Metadata),
                Must("spec", spec),
                May("status", Status($"v1alpha1.{name}Status")),
            ],
            Rules = rules,
        };

    private static CustomSchema Ingress(string kind, ImmutableArray<string> actions) => ListOf(
        new(CustomType.Object, $"v1alpha1.{kind}IngressRule")
        {
            Properties =
            [
                Must("action", new(CustomType.String) { Enum = Words(actions) }),
                Must("from", Peers),
                May("name", RuleName),
                May("ports", Ports),
            ],
        },
        null, 100);

    private static CustomSchema Egress(string kind, ImmutableArray<string> actions, bool domains) => ListOf(
        new(CustomType.Object, $"v1alpha1.{kind}EgressRule")
        {
            Properties =
            [
                Must("action", new(CustomType.String) { Enum = Words(actions) }),
                May("name", RuleName),
                May("ports", Ports),
                Must("to", ListOf(EgressPeer(kind, domains), 1, 100)),
            ],
            Rules = [NoNamedPortOnNamed(domains ? ["networks", "nodes", "domainNames"] : ["networks", "nodes"])],
        },
        null, 100);

    private static CustomSchema EgressPeer(string kind, bool domains)
    {
        ImmutableArray<CustomProperty> peers =
        [
            May("namespaces", LabelSelector), May("networks", Blocks), May("nodes", LabelSelector),
            May("pods", PodsOfNamespaces),
        ];
        return OneOf($"v1alpha1.{kind}EgressPeer",
            [.. domains ? [May("domainNames", DomainNames)] : ImmutableArray<CustomProperty>.Empty, .. peers]);
    }

    private static CustomRule NoNamedPortOnNamed(ImmutableArray<string> peers)
    {
        var names = string.Join('/', peers);
        var has = string.Join(" || ", peers.Select(peer => $"has(peer.{peer})"));
        return new(
            $"!(self.to.exists(peer, {has}) && has(self.ports) && self.ports.exists(port, has(port.namedPort)))",
            $"{names} peer cannot be set with namedPorts since there are no namedPorts for {names}");
    }
}

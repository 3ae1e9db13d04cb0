using System.Collections.Immutable;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Model;

/// <summary>A namespace: its name and labels, kubernetes.io/metadata.name always among them.</summary>
public sealed record Namespace(string Name, LabelSet Labels);

/// <summary>A node: every address of status.addresses that is an IP.</summary>
public sealed record Node(string Name, LabelSet Labels, ImmutableArray<Address> Addresses);

/// <summary>A port of a Service. The target is a number, or a container-port name (then TargetNumber is 0).</summary>
public readonly record struct ServicePort(
    string Name, Protocol Protocol, ushort Port, ushort TargetNumber, string? TargetName);

/// <summary>
/// A Service: its ports and, when it has a selector, the pods behind it. Selector null: no pods are selected.
/// </summary>
public sealed record Service(
    string Namespace,
    string Name,
    LabelSelector? Selector,
    ImmutableArray<Address> ClusterAddresses,
    ImmutableArray<ServicePort> Ports);

/// <summary>
/// All that decides verdicts, canonical and immutable: every list is sorted by (namespace, name), no key appears twice,
/// every namespace that an object names exists.
/// </summary>
public sealed record ClusterSnapshot
{
    /// <summary>The namespaces, by name.</summary>
    public ImmutableArray<Namespace> Namespaces { get; init; } = [];

    /// <summary>The pods that live, by namespace and name.</summary>
    public ImmutableArray<Endpoint> Endpoints { get; init; } = [];

    /// <summary>The NetworkPolicies, by namespace and name.</summary>
    public ImmutableArray<NetworkPolicy> NetworkPolicies { get; init; } = [];

    /// <summary>The Services, by namespace and name.</summary>
    public ImmutableArray<Service> Services { get; init; } = [];

    /// <summary>The nodes, by name.</summary>
    public ImmutableArray<Node> Nodes { get; init; } = [];

    /// <summary>The ClusterNetworkPolicies, by name.</summary>
    public ImmutableArray<ClusterNetworkPolicy> ClusterNetworkPolicies { get; init; } = [];

    /// <summary>What is known of domain names, by name: lower case, no final dot.</summary>
    public ImmutableArray<DomainName> DomainNames { get; init; } = [];

    /// <summary>
    /// The snapshot of these objects in canonical order. Namespaces that an object names but nobody declares are added
    /// with the
    /// name label only; of two objects with one key the last counts.
    /// </summary>
    public static ClusterSnapshot Of(
        IEnumerable<Namespace>? namespaces = null,
        IEnumerable<Endpoint>? endpoints = null,
        IEnumerable<NetworkPolicy>? networkPolicies = null,
        IEnumerable<Service>? services = null,
        IEnumerable<Node>? nodes = null,
        IEnumerable<ClusterNetworkPolicy>? clusterNetworkPolicies = null,
        IEnumerable<DomainName>? domainNames = null)
    {
        var pods = Canonical(endpoints, e => (e.Namespace, e.Name));
        var policies = Canonical(networkPolicies, p => (p.Namespace, p.Name));
        var svcs = Canonical(services, s => (s.Namespace, s.Name));
        var named = pods.Select(e => e.Namespace)
            .Concat(policies.Select(p => p.Namespace)).Concat(svcs.Select(s => s.Namespace));
        var all = named.Distinct(StringComparer.Ordinal).Select(name => new Namespace(name, LabelSet.Empty))
            .Concat(namespaces ?? [])
            .Select(ns => ns with { Labels = ns.Labels.With(NameLabel, ns.Name) });
        return new()
        {
            Namespaces = Canonical(all, n => (n.Name, "")),
            Endpoints = pods,
            NetworkPolicies = policies,
            Services = svcs,
            Nodes = Canonical(nodes, n => (n.Name, "")),
            ClusterNetworkPolicies = Canonical(clusterNetworkPolicies, p => (p.Name, "")),
            DomainNames = Canonical(Merged(domainNames ?? []), d => (d.Name, "")),
        };
    }

    /// <summary>The label that every namespace has and only the API server sets: its own name.</summary>
    public const string NameLabel = "kubernetes.io/metadata.name";

    /// <summary>One entry per name, with all that is known of it.</summary>
    private static IEnumerable<DomainName> Merged(IEnumerable<DomainName> names) => names
        .GroupBy(known => DomainName.Canonical(known.Name), StringComparer.Ordinal)
        .Select(same => new DomainName(
            same.Key, [.. same.SelectMany(known => known.Addresses).Distinct().Order()]));

    private static ImmutableArray<T> Canonical<T>(IEnumerable<T>? items, Func<T, (string Namespace, string Name)> key)
    {
        var ordinal = Comparer<(string Namespace, string Name)>.Create((a, b) =>
        {
            var order = string.CompareOrdinal(a.Namespace, b.Namespace);
            return order != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
        });
        var byKey = new SortedDictionary<(string Namespace, string Name), T>(ordinal);
        foreach (var item in items ?? [])
            byKey[key(item)] = item;
        return [.. byKey.Values];
    }
}

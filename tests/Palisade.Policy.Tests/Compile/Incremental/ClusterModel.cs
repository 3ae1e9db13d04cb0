using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Tests.Shared;

namespace Palisade.Policy.Tests.Compile.Incremental;

/// <summary>
/// What happened to one object: told to the engine as a change, and done here to a plain list of objects.
/// </summary>
internal sealed record Event(ClusterChange Change, Action<ClusterModel> Do, Func<string> Text)
{
    public static Event Put(Endpoint pod) => new(
        ClusterChange.Put(pod), model => model.Pods[(pod.Namespace, pod.Name)] = pod,
        () => "put " + ClusterText.Of(pod));

    public static Event Put(Namespace ns) => new(
        ClusterChange.Put(ns), model => model.Namespaces[ns.Name] = ns,
        () => $"put namespace {ns.Name} [{ns.Labels}]");

    public static Event Put(Node node) => new(
        ClusterChange.Put(node), model => model.Nodes[node.Name] = node, () => "put " + ClusterText.Of(node));

    public static Event Put(NetworkPolicy policy) => new(
        ClusterChange.Put(policy), model => model.Policies[(policy.Namespace, policy.Name)] = policy,
        () => $"put {policy.Origin} {ClusterText.Of(policy)}");

    public static Event Put(ClusterNetworkPolicy policy) => new(
        ClusterChange.Put(policy), model => model.ClusterPolicies[policy.Name] = policy,
        () => $"put {policy.Origin} {ClusterText.Of(policy)}");

    public static Event Put(Service service) => new(
        ClusterChange.Put(service), model => model.Services[(service.Namespace, service.Name)] = service,
        () => $"put service {service.Namespace}/{service.Name} [{service.Selector}] "
            + string.Join(' ', service.ClusterAddresses));

    public static Event Put(DomainName name) => new(
        ClusterChange.Put(name), model => model.Names[Canonical(name.Name)] = name with { Name = Canonical(name.Name) },
        () => $"put name {name.Name} {string.Join(' ', name.Addresses)}");

    public static Event RemovePod(string ns, string name) => new(
        ClusterChange.RemoveEndpoint(ns, name), model => model.Pods.Remove((ns, name)),
        () => $"remove pod {ns}/{name}");

    public static Event RemoveNamespace(string name) => new(
        ClusterChange.RemoveNamespace(name), model => model.Namespaces.Remove(name), () => $"remove namespace {name}");

    public static Event RemoveNode(string name) => new(
        ClusterChange.RemoveNode(name), model => model.Nodes.Remove(name), () => $"remove node {name}");

    public static Event RemovePolicy(string ns, string name) => new(
        ClusterChange.RemoveNetworkPolicy(ns, name), model => model.Policies.Remove((ns, name)),
        () => $"remove policy {ns}/{name}");

    public static Event RemoveClusterPolicy(string name) => new(
        ClusterChange.RemoveClusterNetworkPolicy(name), model => model.ClusterPolicies.Remove(name),
        () => $"remove cluster policy {name}");

    public static Event RemoveService(string ns, string name) => new(
        ClusterChange.RemoveService(ns, name), model => model.Services.Remove((ns, name)),
        () => $"remove service {ns}/{name}");

    public static Event RemoveName(string name) => new(
        ClusterChange.RemoveDomainName(name), model => model.Names.Remove(Canonical(name)),
        () => $"remove name {name}");

    /// <summary>The objects of a snapshot, one put each.</summary>
    public static IEnumerable<Event> Of(ClusterSnapshot cluster) =>
    [
        .. cluster.Namespaces.Select(Put), .. cluster.Nodes.Select(Put), .. cluster.Endpoints.Select(Put),
        .. cluster.NetworkPolicies.Select(Put), .. cluster.ClusterNetworkPolicies.Select(Put),
        .. cluster.Services.Select(Put), .. cluster.DomainNames.Select(Put),
    ];

    private static string Canonical(string name) => name.TrimEnd('.').ToLowerInvariant();
}

/// <summary>The objects that a cluster has, by key: what the engine ought to know, kept without it.</summary>
internal sealed class ClusterModel
{
    public Dictionary<(string Namespace, string Name), Endpoint> Pods { get; } = [];

    public Dictionary<string, Namespace> Namespaces { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Node> Nodes { get; } = new(StringComparer.Ordinal);

    public Dictionary<(string Namespace, string Name), NetworkPolicy> Policies { get; } = [];

    public Dictionary<string, ClusterNetworkPolicy> ClusterPolicies { get; } = new(StringComparer.Ordinal);

    public Dictionary<(string Namespace, string Name), Service> Services { get; } = [];

    public Dictionary<string, DomainName> Names { get; } = new(StringComparer.Ordinal);

    public static ClusterModel Of(IEnumerable<Event> events)
    {
        var model = new ClusterModel();
        foreach (var one in events)
            one.Do(model);
        // In a snapshot a namespace that nobody declared is one without labels, and stays.
        foreach (var ns in model.ToSnapshot().Namespaces)
            model.Namespaces.TryAdd(ns.Name, ns);
        return model;
    }

    public ClusterSnapshot ToSnapshot() => ClusterSnapshot.Of(
        Namespaces.Values, Pods.Values, Policies.Values, Services.Values, Nodes.Values, ClusterPolicies.Values,
        Names.Values);

    /// <summary>The labels of a namespace, whether somebody declared it or not.</summary>
    public LabelSet LabelsOf(string ns) => Namespaces.TryGetValue(ns, out var known) ? known.Labels : LabelSet.Empty;
}

using System.Collections.Immutable;
using System.Globalization;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Manifests.Generate;

/// <summary>
/// Gathers the objects of a generated cluster; nodes and addresses come last, when the pods are counted.
/// </summary>
internal sealed class ClusterBuilder
{
    /// <summary>The most pods a cluster can have: 32,768 nodes with a /24 of 10.0.0.0/9 each.</summary>
    public const int MostPods = 32_768 * PodsPerNode;

    // kubelet's default limit is 110.
    private const int PodsPerNode = 100;

    private static readonly Address FirstPod = Address.Parse("10.0.0.0");
    private static readonly Address FirstNode = Address.Parse("172.16.0.0");

    private readonly List<Namespace> _namespaces = [];
    private readonly List<Endpoint> _pods = [];
    private readonly List<NetworkPolicy> _policies = [];

    public void AddNamespace(string name, params (string Key, string Value)[] labels) =>
        _namespaces.Add(new(name, Labels(labels)));

    public void AddPolicy(NetworkPolicy policy) => _policies.Add(policy);

    /// <summary>Adds a bare pod.</summary>
    public void AddPod(string ns, string name, LabelSet labels) =>
        _pods.Add(new() { Namespace = ns, Name = name, Labels = labels, Workload = new("Pod", name) });

    /// <summary>
    /// Adds the pods of a Deployment: labels app and those given, and the template hash of a ReplicaSet.
    /// </summary>
    public void AddDeployment(
        string ns, string app, int replicas, ImmutableArray<NamedPort> ports, params (string, string)[] labels)
    {
        var hash = TemplateHash(ns, app);
        var all = Labels([("app", app), .. labels, ("pod-template-hash", hash)]);
        for (var i = 0; i < replicas; i++)
        {
            _pods.Add(new()
            {
                Namespace = ns,
                Name = $"{app}-{hash}-{i.ToString("x5", CultureInfo.InvariantCulture)}",
                Labels = all,
                NamedPorts = ports,
                Workload = new("Deployment", app),
            });
        }
    }

    /// <summary>The cluster: pods spread over nodes one by one, each node with a /24 for its pods.</summary>
    public ClusterSnapshot Build()
    {
        var count = Math.Max(1, (_pods.Count + PodsPerNode - 1) / PodsPerNode);
        var nodes = Enumerable.Range(0, count).Select(i => new Node(
            $"node-{i}", Labels([("kubernetes.io/hostname", $"node-{i}")]),
            [new(AddressFamily.V4, FirstNode.Bits + (uint)i + 1)])).ToArray();
        for (var i = 0; i < _pods.Count; i++)
        {
            var (slot, node) = Math.DivRem(i, count);
            var address = new Address(AddressFamily.V4, FirstPod.Bits + (uint)node * 256 + (uint)slot + 2);
            _pods[i] = _pods[i] with { Node = nodes[node].Name, Addresses = [address] };
        }

        return ClusterSnapshot.Of(_namespaces, _pods, _policies, nodes: nodes);
    }

    /// <summary>The selector key=value.</summary>
    public static LabelSelector Equal(string key, string value) => In(key, [value]);

    /// <summary>The selector key in (values).</summary>
    public static LabelSelector In(string key, IEnumerable<string> values) =>
        LabelSelector.Of([new(key, SelectorOperator.In, [.. values])]);

    private static LabelSet Labels((string Key, string Value)[] labels) =>
        LabelSet.Of(labels.Select(pair => KeyValuePair.Create(pair.Key, pair.Value)));

    // FNV-1a: string.GetHashCode differs from process to process.
    private static string TemplateHash(string ns, string app)
    {
        var hash = 2166136261u;
        foreach (var c in $"{ns}/{app}")
            hash = unchecked((hash ^ c) * 16777619);
        return hash.ToString("x8", CultureInfo.InvariantCulture);
    }
}

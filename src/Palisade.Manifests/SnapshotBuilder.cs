using System.Collections.Immutable;
using Palisade.Kubernetes.Convert;
using Palisade.Policy.Model;

namespace Palisade.Manifests;

/// <summary>
/// The cluster that manifests describe: what the API server would store, and one pod per workload that has none of
/// its own.
/// </summary>
internal sealed class SnapshotBuilder
{
    private readonly List<Namespace> _namespaces = [];
    private readonly List<Node> _nodes = [];
    private readonly List<Service> _services = [];
    private readonly List<NetworkPolicy> _policies = [];
    private readonly List<(ClusterNetworkPolicy Policy, string Kind)> _clusterPolicies = [];
    private readonly List<Endpoint> _pods = [];
    private readonly List<(Endpoint Pod, Workload? Owner)> _templates = [];

    /// <summary>Builds the snapshot of the documents that have a stored form.</summary>
    public static ClusterSnapshot Build(ImmutableArray<ManifestDocument> documents, ICollection<Diagnostic> diagnostics)
    {
        var builder = new SnapshotBuilder();
        foreach (var document in LastOfEach(documents, diagnostics))
            builder.Add(document, diagnostics);
        return builder.Snapshot();
    }

    private static IEnumerable<ManifestDocument> LastOfEach(
        ImmutableArray<ManifestDocument> documents,
        ICollection<Diagnostic> diagnostics)
    {
        var last = new Dictionary<(string, string, string, string), ManifestDocument>();
        foreach (var document in documents.Where(document => document is { Stored: not null, Name.Length: > 0 }))
        {
            var key = (document.Schema!.Group, document.Kind, document.Namespace, document.Name);
            if (last.TryGetValue(key, out var before))
                diagnostics.Add(Finding.Twice(document.At, before.At, document.Title));
            last[key] = document;
        }

        return last.Values;
    }

    private void Add(ManifestDocument document, ICollection<Diagnostic> diagnostics)
    {
        var (value, file) = (document.Stored!, document.At.File);
        switch (document.Kind)
        {
            case "Namespace":
                Keep(_namespaces, ClusterConvert.Namespace(value));
                break;
            case "Node":
                Keep(_nodes, ClusterConvert.Node(value));
                break;
            case "Service":
                Keep(_services, ClusterConvert.Service(value));
                break;
            case "Pod":
                Keep(_pods, ClusterConvert.Pod(value, file));
                break;
            case "NetworkPolicy":
                Keep(_policies, ClusterConvert.NetworkPolicy(value, file, diagnostics));
                break;
            case "ClusterNetworkPolicy" or "AdminNetworkPolicy" or "BaselineAdminNetworkPolicy":
                if (ClusterConvert.ClusterNetworkPolicy(value, document.Schema!, file, diagnostics) is { } policy)
                    _clusterPolicies.Add((policy, document.Kind));
                break;
            case "Deployment" or "StatefulSet" or "DaemonSet" or "ReplicaSet" or "ReplicationController":
            case "Job" or "CronJob":
                if (ClusterConvert.Template(value, document.Kind, file) is { } template)
                    _templates.Add((template, ClusterConvert.ControllerOf(value)));
                break;
        }
    }

    private static void Keep<T>(List<T> list, T? item)
        where T : class
    {
        if (item is not null)
            list.Add(item);
    }

    private ClusterSnapshot Snapshot()
    {
        var names = _pods.Select(pod => (pod.Namespace, pod.Name)).ToHashSet();
        var pods = _pods.ToList();
        foreach (var template in WithoutPods())
        {
            // Workloads of several kinds, and pods, may share a name; endpoints may not.
            var name = template.Name;
            if (!names.Add((template.Namespace, name)))
                name = $"{template.Name}-{template.Workload.Kind.ToLowerInvariant()}";
            names.Add((template.Namespace, name));
            pods.Add(template with { Name = name });
        }

        return ClusterSnapshot.Of(_namespaces, MadeUpAddresses.Give(pods, _nodes, _services), _policies, _services,
            _nodes, ClusterPolicies());
    }

    /// <summary>
    /// The workloads that have no pods: neither of their own nor of what they made, and not made by another one that
    /// is here. A dump holds a Deployment, every ReplicaSet it ever had, and the pods of the last.
    /// </summary>
    private IEnumerable<Endpoint> WithoutPods()
    {
        var owned = _pods.Select(pod => (pod.Namespace, pod.Workload)).ToHashSet();
        foreach (var (pod, owner) in _templates)
        {
            if (owner is { } maker && owned.Contains((pod.Namespace, pod.Workload)))
                owned.Add((pod.Namespace, maker));
        }

        var here = _templates.Select(template => (template.Pod.Namespace, template.Pod.Workload)).ToHashSet();
        return
            from template in _templates
            let ns = template.Pod.Namespace
            where !owned.Contains((ns, template.Pod.Workload))
            where template.Owner is not { } maker || !(owned.Contains((ns, maker)) || here.Contains((ns, maker)))
            select template.Pod;
    }

    // Objects of the three kinds may share a name, policies of the model may not.
    private IEnumerable<ClusterNetworkPolicy> ClusterPolicies() => _clusterPolicies
        .GroupBy(entry => entry.Policy.Name, StringComparer.Ordinal)
        .SelectMany(same => same.Count() == 1 ? same.Select(entry => entry.Policy)
            : same.Select(entry => entry.Policy with { Name = NameAmong(entry.Policy.Name, entry.Kind) }));

    private static string NameAmong(string name, string kind) =>
        kind == "ClusterNetworkPolicy" ? name : $"{name} ({kind})";
}

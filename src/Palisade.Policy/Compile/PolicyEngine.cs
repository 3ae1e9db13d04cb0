using System.Collections.Immutable;
using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>
/// Keeps a cluster's policy compiled while its objects come, change and go. One writer; nobody may read
/// <see cref="Policy"/> while it writes.
/// </summary>
public sealed class PolicyEngine
{
    private readonly ClusterObjects _objects;

    /// <summary>An engine of this cluster.</summary>
    public PolicyEngine(ClusterSnapshot snapshot)
    {
        _objects = new(snapshot);
        Policy = Compile();
    }

    /// <summary>
    /// The cluster's policy now. Ask for it again after each change: what was got before may be of any state.
    /// </summary>
    public CompiledPolicy Policy { get; private set; }

    /// <summary>Changes one object.</summary>
    public PolicyDelta Apply(ClusterChange change) => Apply([change]);

    /// <summary>Changes several objects, one after the other, and tells what all of them together did.</summary>
    public PolicyDelta Apply(IReadOnlyList<ClusterChange> changes)
    {
        var before = Policy;
        foreach (var change in changes)
            _objects.Apply(change);
        Policy = Compile();
        return new DeltaFinder(before, Policy).Find();
    }

    private CompiledPolicy Compile() => PolicyCompiler.Compile(_objects.ToSnapshot(), [.. _objects.Slots]);
}

/// <summary>The objects of a cluster by their keys, and the ids of its pods.</summary>
internal sealed class ClusterObjects
{
    private readonly Dictionary<string, Namespace> _namespaces;
    private readonly Dictionary<(string, string), int> _ids = [];
    private readonly Dictionary<(string, string), NetworkPolicy> _policies;
    private readonly Dictionary<(string, string), Service> _services;
    private readonly Dictionary<string, Node> _nodes;
    private readonly Dictionary<string, ClusterNetworkPolicy> _clusterPolicies;
    private readonly Dictionary<string, DomainName> _domainNames;

    public ClusterObjects(ClusterSnapshot snapshot)
    {
        _namespaces = snapshot.Namespaces.ToDictionary(n => n.Name, StringComparer.Ordinal);
        _policies = snapshot.NetworkPolicies.ToDictionary(p => (p.Namespace, p.Name));
        _services = snapshot.Services.ToDictionary(s => (s.Namespace, s.Name));
        _nodes = snapshot.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        _clusterPolicies = snapshot.ClusterNetworkPolicies.ToDictionary(p => p.Name, StringComparer.Ordinal);
        _domainNames = snapshot.DomainNames.ToDictionary(d => d.Name, StringComparer.Ordinal);
        foreach (var pod in snapshot.Endpoints)
            Put(pod);
    }

    /// <summary>The pods by id; null where an id is free.</summary>
    public List<Endpoint?> Slots { get; } = [];

    public ClusterSnapshot ToSnapshot() => ClusterSnapshot.Of(
        _namespaces.Values, Slots.OfType<Endpoint>(), _policies.Values, _services.Values, _nodes.Values,
        _clusterPolicies.Values, _domainNames.Values);

    public void Apply(ClusterChange change)
    {
        switch (change)
        {
            case ClusterChange.EndpointPut put: Put(put.Pod); break;
            case ClusterChange.EndpointRemoved gone: Remove(gone); break;
            case ClusterChange.NamespacePut put: _namespaces[put.Namespace.Name] = put.Namespace; break;
            case ClusterChange.NamespaceRemoved gone: _namespaces.Remove(gone.Name); break;
            case ClusterChange.NodePut put: _nodes[put.Node.Name] = put.Node; break;
            case ClusterChange.NodeRemoved gone: _nodes.Remove(gone.Name); break;
            case ClusterChange.NetworkPolicyPut put:
                _policies[(put.Policy.Namespace, put.Policy.Name)] = put.Policy;
                break;
            case ClusterChange.NetworkPolicyRemoved gone: _policies.Remove((gone.Namespace, gone.Name)); break;
            case ClusterChange.ClusterNetworkPolicyPut put: _clusterPolicies[put.Policy.Name] = put.Policy; break;
            case ClusterChange.ClusterNetworkPolicyRemoved gone: _clusterPolicies.Remove(gone.Name); break;
            case ClusterChange.ServicePut put: _services[(put.Service.Namespace, put.Service.Name)] = put.Service; break;
            case ClusterChange.ServiceRemoved gone: _services.Remove((gone.Namespace, gone.Name)); break;
            case ClusterChange.DomainNamePut put: _domainNames[Canonical(put.Name.Name)] = put.Name; break;
            case ClusterChange.DomainNameRemoved gone: _domainNames.Remove(Canonical(gone.Name)); break;
            default: throw new ArgumentException($"unknown change {change.GetType().Name}", nameof(change));
        }
    }

    private static string Canonical(string name) => name.TrimEnd('.').ToLowerInvariant();

    private void Put(Endpoint pod)
    {
        if (!_ids.TryGetValue((pod.Namespace, pod.Name), out var id))
        {
            id = Slots.IndexOf(null);
            if (id < 0)
            {
                id = Slots.Count;
                Slots.Add(null);
            }

            _ids[(pod.Namespace, pod.Name)] = id;
        }

        Slots[id] = pod;
    }

    private void Remove(ClusterChange.EndpointRemoved gone)
    {
        if (_ids.Remove((gone.Namespace, gone.Name), out var id))
            Slots[id] = null;
    }
}

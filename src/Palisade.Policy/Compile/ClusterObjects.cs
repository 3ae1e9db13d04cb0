using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>The objects of a cluster by their keys, and the ids of its pods. Tells the state what is new.</summary>
internal sealed class ClusterObjects
{
    private readonly PolicyState _state;
    private readonly Dictionary<string, Namespace> _namespaces;
    private readonly Dictionary<(string Namespace, string Name), int> _ids;
    private readonly Dictionary<(string Namespace, string Name), NetworkPolicy> _policies;
    private readonly Dictionary<(string Namespace, string Name), Service> _services;
    private readonly Dictionary<string, ClusterNetworkPolicy> _clusterPolicies;
    private readonly Stack<int> _free = [];
    private readonly List<(string Namespace, string Name)> _gone = [];

    public ClusterObjects(PolicyState state, ClusterSnapshot snapshot)
    {
        _state = state;
        _namespaces = snapshot.Namespaces.ToDictionary(n => n.Name, StringComparer.Ordinal);
        _policies = snapshot.NetworkPolicies.ToDictionary(p => (p.Namespace, p.Name));
        _services = snapshot.Services.ToDictionary(s => (s.Namespace, s.Name));
        _clusterPolicies = snapshot.ClusterNetworkPolicies.ToDictionary(p => p.Name, StringComparer.Ordinal);
        _ids = new(snapshot.Endpoints.Length);
        for (var i = 0; i < snapshot.Endpoints.Length; i++)
            _ids[(snapshot.Endpoints[i].Namespace, snapshot.Endpoints[i].Name)] = i;
    }

    public ClusterSnapshot ToSnapshot() => ClusterSnapshot.Of(
        _namespaces.Values, _state.Pods.OfType<Endpoint>(), _policies.Values, _services.Values,
        _state.Terms.Addresses.Nodes, _clusterPolicies.Values, _state.Terms.Addresses.DomainNames);

    /// <summary>Makes a change, and says whether it is one.</summary>
    public bool Apply(ClusterChange change, DeltaRecorder recorder) => change switch
    {
        ClusterChange.EndpointPut put => Put(put.Pod, recorder),
        ClusterChange.EndpointRemoved gone => Remove(gone, recorder),
        ClusterChange.NamespacePut put => Put(put.Namespace),
        ClusterChange.NamespaceRemoved gone => Remove(gone),
        ClusterChange.NodePut put => Put(put.Node),
        ClusterChange.NodeRemoved gone => _state.Terms.Addresses.Remove(gone.Name),
        ClusterChange.NetworkPolicyPut put => Put(put.Policy),
        ClusterChange.NetworkPolicyRemoved gone => Remove(gone),
        ClusterChange.ClusterNetworkPolicyPut put => Put(put.Policy),
        ClusterChange.ClusterNetworkPolicyRemoved gone => Remove(gone),
        ClusterChange.ServicePut put => Put(put.Service),
        ClusterChange.ServiceRemoved gone => _services.Remove((gone.Namespace, gone.Name)),
        ClusterChange.DomainNamePut put => Put(put.Name),
        ClusterChange.DomainNameRemoved gone => _state.Terms.Addresses.RemoveName(gone.Name),
        _ => throw new ArgumentException($"unknown change {change.GetType().Name}", nameof(change)),
    };

    /// <summary>Ends a change: the ids of pods that are gone may be given again.</summary>
    public void Close()
    {
        foreach (var key in _gone)
        {
            if (!_ids.TryGetValue(key, out var id) || _state.Pods[id] is not null)
                continue;
            _ids.Remove(key);
            _free.Push(id);
        }

        _gone.Clear();
    }

    private bool Put(Endpoint pod, DeltaRecorder recorder)
    {
        if (!_ids.TryGetValue((pod.Namespace, pod.Name), out var id))
            _ids[(pod.Namespace, pod.Name)] = id = _free.TryPop(out var free) ? free : _state.NewPod();
        if (_state.Pods[id] is { } before && before.IsSame(pod))
            return false;
        recorder.Touch(id);
        _state.Put(id, pod);
        return true;
    }

    private bool Remove(ClusterChange.EndpointRemoved gone, DeltaRecorder recorder)
    {
        if (!_ids.TryGetValue((gone.Namespace, gone.Name), out var id) || _state.Pods[id] is null)
            return false;
        recorder.Touch(id);
        _state.RemovePod(id);
        _gone.Add((gone.Namespace, gone.Name));
        return true;
    }

    private bool Put(Namespace given)
    {
        // Only the API server sets the label of the name; whoever writes another value is not believed.
        var ns = given.Labels.ValueOf(ClusterSnapshot.NameLabel) == given.Name
            ? given
            : given with { Labels = given.Labels.With(ClusterSnapshot.NameLabel, given.Name) };
        if (_namespaces.TryGetValue(ns.Name, out var before) && before == ns)
            return false;
        _namespaces[ns.Name] = ns;
        _state.Classes.Namespaces.Put(ns);
        return true;
    }

    private bool Remove(ClusterChange.NamespaceRemoved gone)
    {
        if (!_namespaces.Remove(gone.Name))
            return false;
        _state.Classes.Namespaces.Remove(gone.Name);
        return true;
    }

    private bool Put(Node node)
    {
        if (_state.Terms.Addresses.Find(node.Name) is { } before && before.Labels.Equals(node.Labels)
            && before.Addresses.AsSpan().SequenceEqual(node.Addresses.AsSpan()))
            return false;
        _state.Terms.Addresses.Put(node);
        return true;
    }

    private bool Put(NetworkPolicy policy)
    {
        _policies[(policy.Namespace, policy.Name)] = policy;
        _state.Put(policy);
        return true;
    }

    private bool Remove(ClusterChange.NetworkPolicyRemoved gone)
    {
        if (!_policies.Remove((gone.Namespace, gone.Name)))
            return false;
        _state.RemoveNetworkPolicy(gone.Namespace, gone.Name);
        return true;
    }

    private bool Put(ClusterNetworkPolicy policy)
    {
        _clusterPolicies[policy.Name] = policy;
        _state.Put(policy);
        return true;
    }

    private bool Remove(ClusterChange.ClusterNetworkPolicyRemoved gone)
    {
        if (!_clusterPolicies.Remove(gone.Name))
            return false;
        _state.RemoveClusterNetworkPolicy(gone.Name);
        return true;
    }

    private bool Put(Service service)
    {
        _services[(service.Namespace, service.Name)] = service;
        return true;
    }

    private bool Put(DomainName given)
    {
        var name = new DomainName(DomainName.Canonical(given.Name), [.. given.Addresses.Distinct().Order()]);
        if (_state.Terms.Addresses.FindName(name.Name) is { } before
            && before.Addresses.AsSpan().SequenceEqual(name.Addresses.AsSpan()))
            return false;
        _state.Terms.Addresses.Put(name);
        return true;
    }
}

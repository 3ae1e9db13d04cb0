using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// What changes did to classes: those that have pods now and had none, those that have none any more, and those that
/// stay and may have other gates now.
/// </summary>
internal sealed record Settled(
    IReadOnlyCollection<EndpointClass> Appeared, IReadOnlyCollection<EndpointClass> Vanished,
    IReadOnlyCollection<EndpointClass> Recheck);

/// <summary>
/// What the policies of a cluster mean, kept up to date in three steps: objects change, in any order (the methods
/// here); <see cref="Settle"/> finds what that does to classes and gates; <see cref="Close"/> forgets what is gone.
/// Between the first and the last step nobody may read.
/// </summary>
internal sealed class PolicyState
{
    private readonly RuleCompiler _rules;
    private readonly ClusterCompiler _cluster;
    private readonly HashSet<NamespaceName> _lostPolicies = [];
    private readonly HashSet<EndpointClass> _recheck = [];
    private readonly List<(NamespaceName Namespace, SelectorTerm Subject)> _recheckIn = [];
    private readonly List<PodTerm> _recheckAll = [];
    private readonly List<EndpointClass> _vanished = [];
    private int _slots;

    public PolicyState()
    {
        var pool = new PortSetPool();
        _rules = new(Terms, pool);
        _cluster = new(_rules);
        Gates = new(Terms, new(Classes.Ports, Terms.Find(PodSet.Every)!, pool));
    }

    public TermTable Terms { get; } = new();

    public ClassTable Classes => Terms.Classes;

    public GateTable Gates { get; }

    /// <summary>The pods by id; null where an id is free.</summary>
    public List<Endpoint?> Pods { get; } = [];

    /// <summary>Takes in a whole cluster; pods have their indices as ids.</summary>
    public void Load(ClusterSnapshot snapshot)
    {
        foreach (var ns in snapshot.Namespaces)
            Classes.Namespaces.Put(ns);
        foreach (var node in snapshot.Nodes)
            Terms.Addresses.Put(node);
        foreach (var name in snapshot.DomainNames)
            Terms.Addresses.Put(name);
        foreach (var policy in snapshot.NetworkPolicies)
            Put(policy);
        foreach (var policy in snapshot.ClusterNetworkPolicies)
            Put(policy);
        Pods.EnsureCapacity(snapshot.Endpoints.Length);
        Classes.Reserve(snapshot.Endpoints.Length);
        for (var i = 0; i < snapshot.Endpoints.Length; i++)
            Put(NewPod(), snapshot.Endpoints[i]);
        _recheckIn.Clear();
        _recheckAll.Clear();
        Terms.DropUnused();
        Classes.Settle();
        Close();
    }

    /// <summary>An id that no pod has had yet.</summary>
    public int NewPod()
    {
        Pods.Add(null);
        return Pods.Count - 1;
    }

    /// <summary>A pod that came or changed.</summary>
    public void Put(int id, Endpoint pod)
    {
        if (Pods[id] is { HostNetwork: true } before)
            Terms.Addresses.Remove(before);
        Pods[id] = pod;
        Classes.Put(id, pod);
        if (pod.HostNetwork)
            Terms.Addresses.Add(pod);
    }

    public void RemovePod(int id)
    {
        if (Pods[id] is { HostNetwork: true } before)
            Terms.Addresses.Remove(before);
        Classes.Remove(id);
        Pods[id] = null;
    }

    public void Put(NetworkPolicy policy)
    {
        var slot = SlotOf(policy);
        Gates.TouchAll(slot);
        var before = slot.Compiled;
        if (before is null)
            Classes.Namespaces.Mention(slot.Namespace);
        slot.Compiled = new(
            policy, Classes.Pods.Use(policy.Subject), _rules.Compile(policy, Direction.Ingress),
            _rules.Compile(policy, Direction.Egress));
        Gates.SetEgressNames(slot, NamesOf(slot.Compiled.Egress));
        _recheckIn.Add((slot.Namespace, slot.Compiled.Subject));
        if (before is not null)
            Release(slot, before);
    }

    public void RemoveNetworkPolicy(string ns, string name)
    {
        if (Classes.Namespaces.Find(ns) is not { } place || Find(place, name) is not { Compiled: { } before } slot)
            return;
        Gates.TouchAll(slot);
        slot.Compiled = null;
        Gates.SetEgressNames(slot, []);
        Release(slot, before);
        Classes.Namespaces.Unmention(place);
        _lostPolicies.Add(place);
    }

    public void Put(ClusterNetworkPolicy policy)
    {
        var slot = Gates.Cluster.Find(known => known.Name == policy.Name);
        if (slot is null)
            Gates.Cluster.Add(slot = new(policy.Name, _slots++));
        else
            Gates.TouchAll(slot);
        var before = slot.Compiled;
        slot.Compiled = _cluster.Compile(policy);
        Gates.SetEgressNames(slot, NamesOf(slot.Compiled.Egress.Select(rule => rule.Rule)));
        _recheckAll.Add(slot.Compiled.Subject);
        if (before is not null)
            Release(before);
    }

    public void RemoveClusterNetworkPolicy(string name)
    {
        if (Gates.Cluster.Find(known => known.Name == name) is not { Compiled: { } before } slot)
            return;
        Gates.TouchAll(slot);
        slot.Compiled = null;
        Gates.SetEgressNames(slot, []);
        Release(before);
    }

    /// <summary>
    /// Touches the gates in which an address set's members have port names looked up; before its members change.
    /// </summary>
    public void TouchNamed(AddressTerm term)
    {
        foreach (var slot in Gates.Cluster)
        {
            if (slot.EgressNames.IsEmpty || slot.Compiled is not { } p)
                continue;
            if (p.Egress.Any(rule => rule.Rule.Peers.Any(peer => ReferenceEquals(peer.Addresses, term))))
                Gates.TouchAll(slot);
        }
    }

    /// <summary>Finds what the changes do to classes.</summary>
    public Settled Settle()
    {
        Terms.DropUnused();
        var appeared = Classes.Settle();
        _vanished.AddRange(Classes.Sweep());
        foreach (var (ns, subject) in _recheckIn)
        {
            if (ns.Entry?.Group is { } group)
                _recheck.UnionWith(group.Classes.Where(pods => subject.Contains(pods.RestrictedLabels)));
        }

        foreach (var subject in _recheckAll)
            _recheck.UnionWith(Classes.All.Where(subject.Contains));
        _recheck.ExceptWith(appeared);
        return new(appeared, _vanished, _recheck);
    }

    /// <summary>Ends a change.</summary>
    public void Close()
    {
        Gates.Close();
        foreach (var place in _lostPolicies)
            place.Policies.RemoveAll(slot => slot.Compiled is null);
        Classes.Close(_vanished);
        Terms.Addresses.Close();
        _lostPolicies.Clear();
        _recheck.Clear();
        _recheckIn.Clear();
        _recheckAll.Clear();
        _vanished.Clear();
    }

    private void Release(PolicySlot slot, CompiledNetworkPolicy before)
    {
        _recheckIn.Add((slot.Namespace, before.Subject));
        Terms.Release(before.Ingress.Concat(before.Egress));
        Classes.Pods.Release(before.Subject);
    }

    private void Release(CompiledClusterPolicy before)
    {
        _recheckAll.Add(before.Subject);
        Terms.Release(before.All);
        Terms.Release(before.Subject);
    }

    private static ImmutableArray<PortName> NamesOf(IEnumerable<CompiledRule> rules) =>
        [.. rules.SelectMany(rule => rule.Names).Distinct()];

    private PolicySlot SlotOf(NetworkPolicy policy)
    {
        var place = Classes.Namespaces.NameOf(policy.Namespace);
        var at = IndexOf(place, policy.Name);
        if (at < 0)
            place.Policies.Insert(~at, new(place, policy.Name, _slots++));
        return place.Policies[at < 0 ? ~at : at];
    }

    private static PolicySlot? Find(NamespaceName place, string name) =>
        IndexOf(place, name) is >= 0 and var at ? place.Policies[at] : null;

    /// <summary>Where a policy stands in its namespace, or the complement of where it would.</summary>
    private static int IndexOf(NamespaceName place, string name)
    {
        var (low, high) = (0, place.Policies.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(place.Policies[middle].Name, name);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }
}

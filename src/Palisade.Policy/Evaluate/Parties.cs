using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>
/// Finds the ends of connections in a snapshot. An address that belongs to a pod or a node is that pod or node; a
/// hostNetwork pod is
/// its node. Of several pods with one address the first by namespace and name stands for all of them.
/// </summary>
public sealed class Parties
{
    private readonly CompiledPolicy _policy;
    private readonly Lazy<Dictionary<(string Namespace, string Name), int>> _podsByName;
    private readonly Lazy<Dictionary<string, Node>> _nodesByName;

    /// <summary>The parties of a compiled policy's cluster as it is now.</summary>
    public Parties(CompiledPolicy policy)
    {
        _policy = policy;
        Places = new(policy);
        _podsByName = new(() => Enumerable.Range(0, policy.EndpointLimit).Where(id => policy.EndpointAt(id) is not null)
            .ToDictionary(id => (policy.EndpointAt(id)!.Namespace, policy.EndpointAt(id)!.Name)));
        _nodesByName = new(() => policy.Nodes.ToDictionary(node => node.Name, StringComparer.Ordinal));
    }

    /// <summary>The same for judging alone.</summary>
    internal PlaceTable Places { get; }

    /// <summary>The pod's id, or -1.</summary>
    public int IndexOf(string ns, string name) => _podsByName.Value.GetValueOrDefault((ns, name), -1);

    /// <summary>
    /// A pod by its id, at its address of a family (null if it has none).
    /// </summary>
    public Party OfPod(int endpoint, AddressFamily family) =>
        OfPod(endpoint, family, _policy.EndpointAt(endpoint)!.AddressOf(family));

    /// <summary>A node by name, at its first address of a family. Null: there is no such node.</summary>
    public Party? OfNode(string name, AddressFamily family)
    {
        if (!_nodesByName.Value.TryGetValue(name, out var node))
            return null;
        var addresses = node.Addresses.Where(a => a.Family == family).Select(a => (Address?)a);
        return new(PartyKind.Node, -1, name, family, addresses.FirstOrDefault());
    }

    /// <summary>Whoever has the address: a pod, a node, or nobody of the cluster.</summary>
    public Party OfAddress(Address address)
    {
        if (!Places.TryFind(address, out var place))
            return new(PartyKind.External, -1, "", address.Family, address);
        return place.Endpoint >= 0
            ? OfPod(place.Endpoint, address.Family, address)
            : new(PartyKind.Node, -1, Places.NodeName(place.Node), address.Family, address);
    }

    /// <summary>The same; of several pods that claim the address one on this node, if there is any.</summary>
    public Party OfAddress(Address address, string node)
    {
        var first = OfAddress(address);
        return Claimants(first).Where(pod => pod.Node == node).FirstOrDefault(first);
    }

    /// <summary>The same for judging alone.</summary>
    internal Place PlaceOf(Party party) => new(
        party.Endpoint, Places.ClassAt(party.ClassIn(_policy), party.Address), Places.NumberOf(party.Node),
        _policy.Atoms.NumberOf(party.Address));

    /// <summary>The pods that a party may be: those that claim its address, or itself alone.</summary>
    internal ImmutableArray<Party> Claimants(Party party) => PlaceOf(party) is { IsShared: true } place
        ? [.. Places.Claimants(place).Select(p => OfPod(p.Endpoint, party.Family, party.Address))]
        : [party];

    private Party OfPod(int endpoint, AddressFamily family, Address? address)
    {
        var pod = _policy.EndpointAt(endpoint)!;
        return pod.HostNetwork
            ? new(PartyKind.Node, -1, pod.Node, family, address)
            : new(PartyKind.Pod, endpoint, pod.Node, family, address);
    }
}

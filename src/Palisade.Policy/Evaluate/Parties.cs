using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>
/// Finds the ends of connections in a snapshot. An address that belongs to a pod or a node is that pod or node; a
/// hostNetwork pod is
/// its node. Of two pods with one address the first in the snapshot's order has it.
/// </summary>
public sealed class Parties
{
    private readonly ClusterSnapshot _snapshot;
    private readonly Dictionary<Address, int> _pods = [];
    private readonly Dictionary<Address, string> _nodes = [];
    private readonly Dictionary<(string Namespace, string Name), int> _podsByName = [];
    private readonly Dictionary<string, Node> _nodesByName = new(StringComparer.Ordinal);

    /// <summary>The parties of a snapshot.</summary>
    public Parties(ClusterSnapshot snapshot)
    {
        _snapshot = snapshot;
        foreach (var node in snapshot.Nodes)
        {
            _nodesByName[node.Name] = node;
            foreach (var address in node.Addresses)
                _nodes.TryAdd(address, node.Name);
        }

        for (var i = 0; i < snapshot.Endpoints.Length; i++)
        {
            var pod = snapshot.Endpoints[i];
            _podsByName[(pod.Namespace, pod.Name)] = i;
            foreach (var address in pod.Addresses)
            {
                if (pod.HostNetwork)
                    _nodes.TryAdd(address, pod.Node);
                else
                    _pods.TryAdd(address, i);
            }
        }
    }

    /// <summary>The pod's index in the snapshot's endpoints, or -1.</summary>
    public int IndexOf(string ns, string name) => _podsByName.GetValueOrDefault((ns, name), -1);

    /// <summary>
    /// A pod by its index in the snapshot's endpoints, at its address of a family (null if it has none).
    /// </summary>
    public Party OfPod(int endpoint, AddressFamily family) =>
        OfPod(endpoint, family, _snapshot.Endpoints[endpoint].AddressOf(family));

    /// <summary>A node by name, at its first address of a family. Null: there is no such node.</summary>
    public Party? OfNode(string name, AddressFamily family)
    {
        if (!_nodesByName.TryGetValue(name, out var node))
            return null;
        var addresses = node.Addresses.Where(a => a.Family == family).Select(a => (Address?)a);
        return new(PartyKind.Node, -1, name, family, addresses.FirstOrDefault());
    }

    /// <summary>Whoever has the address: a pod, a node, or nobody of the cluster.</summary>
    public Party OfAddress(Address address)
    {
        if (_pods.TryGetValue(address, out var pod))
            return OfPod(pod, address.Family, address);
        return _nodes.TryGetValue(address, out var node)
            ? new(PartyKind.Node, -1, node, address.Family, address)
            : new(PartyKind.External, -1, "", address.Family, address);
    }

    private Party OfPod(int endpoint, AddressFamily family, Address? address)
    {
        var pod = _snapshot.Endpoints[endpoint];
        return pod.HostNetwork
            ? new(PartyKind.Node, -1, pod.Node, family, address)
            : new(PartyKind.Pod, endpoint, pod.Node, family, address);
    }
}

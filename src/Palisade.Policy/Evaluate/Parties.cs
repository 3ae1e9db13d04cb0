using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>
/// Finds the ends of connections in a snapshot. An address that belongs to a pod or a node is that pod or node; a
/// hostNetwork pod is
/// its node. Of two pods with one address the first by namespace and name has it.
/// </summary>
public sealed class Parties
{
    private readonly CompiledPolicy _policy;
    private readonly Dictionary<Address, int> _pods = [];
    private readonly Dictionary<Address, string> _nodes = [];
    private readonly Dictionary<(string Namespace, string Name), int> _podsByName = [];
    private readonly Dictionary<string, Node> _nodesByName = new(StringComparer.Ordinal);

    /// <summary>The parties of a compiled policy's cluster.</summary>
    public Parties(CompiledPolicy policy)
    {
        _policy = policy;
        var hostPods = new Dictionary<Address, int>();
        foreach (var node in policy.Nodes)
        {
            _nodesByName[node.Name] = node;
            foreach (var address in node.Addresses)
                _nodes.TryAdd(address, node.Name);
        }

        for (var i = 0; i < policy.EndpointLimit; i++)
        {
            if (policy.EndpointAt(i) is not { } pod)
                continue;
            _podsByName[(pod.Namespace, pod.Name)] = i;
            foreach (var address in pod.Addresses)
            {
                var owners = pod.HostNetwork ? hostPods : _pods;
                if (!owners.TryAdd(address, i) && IsBefore(pod, policy.EndpointAt(owners[address])!))
                    owners[address] = i;
            }
        }

        foreach (var (address, pod) in hostPods)
            _nodes.TryAdd(address, policy.EndpointAt(pod)!.Node);
    }

    private static bool IsBefore(Endpoint one, Endpoint other)
    {
        var order = string.CompareOrdinal(one.Namespace, other.Namespace);
        return order != 0 ? order < 0 : string.CompareOrdinal(one.Name, other.Name) < 0;
    }

    /// <summary>The pod's id, or -1.</summary>
    public int IndexOf(string ns, string name) => _podsByName.GetValueOrDefault((ns, name), -1);

    /// <summary>
    /// A pod by its id, at its address of a family (null if it has none).
    /// </summary>
    public Party OfPod(int endpoint, AddressFamily family) =>
        OfPod(endpoint, family, _policy.EndpointAt(endpoint)!.AddressOf(family));

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
        var pod = _policy.EndpointAt(endpoint)!;
        return pod.HostNetwork
            ? new(PartyKind.Node, -1, pod.Node, family, address)
            : new(PartyKind.Pod, endpoint, pod.Node, family, address);
    }
}

using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>
/// A pod of the node at one of its addresses, with its link (null: nobody knows it yet) and its gates.
/// </summary>
internal sealed record LocalEnd(
    int Id, Endpoint Pod, Address Address, string? Link, int Class, Gate? Ingress, Gate? Egress)
{
    public Gate? GateOf(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;
}

/// <summary>
/// The ends of connections that a node judges, and addresses about which the cluster contradicts itself.
/// </summary>
internal sealed class LocalEnds
{
    public LocalEnds(CompiledPolicy policy, string node, PodInterfaces interfaces)
    {
        var owners = new Dictionary<Address, int>();
        var contested = new HashSet<Address>();
        var hosts = policy.Nodes.SelectMany(n => n.Addresses).ToHashSet();
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            if (policy.EndpointAt(id) is not { HostNetwork: false } pod)
                continue;
            foreach (var address in pod.Addresses)
            {
                if (!owners.TryAdd(address, id) || hosts.Contains(address))
                    contested.Add(address);
            }
        }

        (OwnerOf, Contested) = (owners, contested);
        var links = interfaces.Sources.ToLookup(source => source.Address, source => source.Interface);
        Ends =
        [
            .. owners.Where(pair => !contested.Contains(pair.Key) && policy.EndpointAt(pair.Value)!.Node == node)
                .OrderBy(pair => pair.Key)
                .Select(pair => Make(policy, pair.Value, pair.Key, links[pair.Key].FirstOrDefault())),
        ];
    }

    /// <summary>The pods of the node by address, in the order of addresses.</summary>
    public ImmutableArray<LocalEnd> Ends { get; }

    /// <summary>Whose address it is.</summary>
    public IReadOnlyDictionary<Address, int> OwnerOf { get; }

    /// <summary>Addresses of several pods, or of a pod and a node: which of them is meant nobody can say.</summary>
    public IReadOnlySet<Address> Contested { get; }

    private static LocalEnd Make(CompiledPolicy policy, int id, Address address, string? link)
    {
        var of = policy.ClassOf(id);
        return new(
            id, policy.EndpointAt(id)!, address, link, of,
            policy.GateOf(of, Direction.Ingress), policy.GateOf(of, Direction.Egress));
    }
}

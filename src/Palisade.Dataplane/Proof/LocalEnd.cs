using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>
/// The pods of the node that have an address, mostly one, with its link (null: nobody knows it yet) and their gates:
/// what all of these allow is allowed.
/// </summary>
internal sealed record LocalEnd(
    Address Address, ImmutableArray<Endpoint> Pods, string? Link, ImmutableArray<Gate> Ingress,
    ImmutableArray<Gate> Egress)
{
    public ImmutableArray<Gate> GatesOf(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;

    /// <summary>Whether NetworkPolicies isolate one of the pods.</summary>
    public bool IsClosed(Direction direction) => GatesOf(direction).Any(gate => gate.IsIsolated);
}

/// <summary>
/// The ends of connections that a node judges, and addresses about which the cluster contradicts itself.
/// </summary>
internal sealed class LocalEnds
{
    public LocalEnds(CompiledPolicy policy, string node, PodInterfaces interfaces)
    {
        var owners = new Dictionary<Address, ImmutableArray<int>>();
        var contested = new HashSet<Address>();
        var hosts = policy.Nodes.SelectMany(n => n.Addresses).ToHashSet();
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            if (policy.EndpointAt(id) is not { HostNetwork: false } pod)
                continue;
            foreach (var address in pod.Addresses)
            {
                var others = owners.GetValueOrDefault(address, []);
                owners[address] = others.Contains(id) ? others : others.Add(id);
                if (hosts.Contains(address))
                    contested.Add(address);
            }
        }

        (OwnersOf, Contested) = (owners, contested);
        var links = interfaces.Sources.ToLookup(source => source.Address, source => source.Interface);
        Ends =
        [
            .. owners.Where(pair => !contested.Contains(pair.Key)).OrderBy(pair => pair.Key)
                .Select(pair => (
                    Address: pair.Key, Here: pair.Value.RemoveAll(id => policy.EndpointAt(id)!.Node != node)))
                .Where(end => !end.Here.IsEmpty)
                .Select(end => Make(policy, end.Here, end.Address, links[end.Address].FirstOrDefault())),
        ];
    }

    /// <summary>The pods of the node by address, in the order of addresses.</summary>
    public ImmutableArray<LocalEnd> Ends { get; }

    /// <summary>Whose address it is, on any node.</summary>
    public IReadOnlyDictionary<Address, ImmutableArray<int>> OwnersOf { get; }

    /// <summary>Addresses of a pod and a node: which of them is meant nobody can say.</summary>
    public IReadOnlySet<Address> Contested { get; }

    private static LocalEnd Make(CompiledPolicy policy, ImmutableArray<int> pods, Address address, string? link)
    {
        return new(
            address, [.. pods.Select(id => policy.EndpointAt(id)!)], link, Gates(Direction.Ingress),
            Gates(Direction.Egress));

        ImmutableArray<Gate> Gates(Direction direction) =>
        [
            .. pods.Select(id => policy.GateOf(policy.ClassOf(id), direction)).OfType<Gate>()
                .DistinctBy(gate => gate.Id),
        ];
    }
}

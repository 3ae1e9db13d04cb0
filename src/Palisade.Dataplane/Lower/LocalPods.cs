using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// A pod of the node that has a network of its own, and the gates its policies give it (null: not isolated there).
/// </summary>
internal sealed record LocalPod(Endpoint Pod, Gate? Ingress, Gate? Egress)
{
    public Gate? Of(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;

    /// <summary>The pods of a node, in the snapshot's order.</summary>
    public static ImmutableArray<LocalPod> On(CompiledPolicy policy, string node)
    {
        var pods = ImmutableArray.CreateBuilder<LocalPod>();
        for (var i = 0; i < policy.Snapshot.Endpoints.Length; i++)
        {
            var pod = policy.Snapshot.Endpoints[i];
            var of = policy.ClassOf(i);
            if (pod.Node == node && !pod.HostNetwork && of >= 0)
                pods.Add(new(pod, policy.GateOf(of, Direction.Ingress), policy.GateOf(of, Direction.Egress)));
        }

        return pods.ToImmutable();
    }

    /// <summary>
    /// Which gate judges an address. Two pods of one address are a cluster's mistake: then an isolated one decides, the
    /// first by name, because an address that some policy closes must not stand open.
    /// </summary>
    public static SortedDictionary<Address, Gate> GateByAddress(
        ImmutableArray<LocalPod> pods, Direction direction, AddressFamily family)
    {
        var gates = new SortedDictionary<Address, Gate>();
        foreach (var pod in pods)
        {
            foreach (var address in pod.Pod.Addresses)
            {
                if (address.Family == family && pod.Of(direction) is { } gate)
                    gates.TryAdd(address, gate);
            }
        }

        return gates;
    }
}

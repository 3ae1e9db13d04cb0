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
    /// Which gates judge an address. Two pods of one address are a cluster's mistake, or a moment of it: then every
    /// gate of theirs must allow, because nobody knows which of them the address reaches.
    /// </summary>
    public static SortedDictionary<Address, ImmutableArray<Gate>> GatesByAddress(
        ImmutableArray<LocalPod> pods, Direction direction, AddressFamily family)
    {
        var gates = new SortedDictionary<Address, ImmutableArray<Gate>>();
        foreach (var pod in pods)
        {
            foreach (var address in pod.Pod.Addresses)
            {
                if (address.Family == family && pod.Of(direction) is { } gate)
                    gates[address] = gates.TryGetValue(address, out var others) ? With(others, gate) : [gate];
            }
        }

        return gates;
    }

    private static ImmutableArray<Gate> With(ImmutableArray<Gate> gates, Gate gate) =>
        gates.Any(other => other.Id == gate.Id)
            ? gates
            : gates.Add(gate).Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
}

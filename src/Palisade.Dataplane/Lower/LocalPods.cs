using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// A pod of the node that has a network of its own, its class, and the gates its policies give it (null: not isolated
/// there).
/// </summary>
internal sealed record LocalPod(Endpoint Pod, int Class, Gate? Ingress, Gate? Egress)
{
    public Gate? Of(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;

    /// <summary>The pods of a node, by namespace and name.</summary>
    public static ImmutableArray<LocalPod> On(CompiledPolicy policy, string node)
    {
        var pods = ImmutableArray.CreateBuilder<LocalPod>();
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            var of = policy.ClassOf(id);
            if (of >= 0 && policy.EndpointAt(id) is { } pod && pod.Node == node)
                pods.Add(new(pod, of, policy.GateOf(of, Direction.Ingress), policy.GateOf(of, Direction.Egress)));
        }

        // Ids need not be in the order of names.
        pods.Sort((one, other) => (string.CompareOrdinal(one.Pod.Namespace, other.Pod.Namespace),
            string.CompareOrdinal(one.Pod.Name, other.Pod.Name)).CompareTo((0, 0)));
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

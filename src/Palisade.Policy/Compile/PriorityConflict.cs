using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// Two ClusterNetworkPolicies of one tier and priority that decide otherwise about some connection. The API leaves
/// open which of them
/// counts; here it is <paramref name="First"/>, the one with the lower name.
/// </summary>
/// <param name="Tier">Their tier.</param>
/// <param name="Priority">Their priority.</param>
/// <param name="First">The policy that is asked first.</param>
/// <param name="Second">The other policy.</param>
/// <param name="Direction">The direction in which they disagree.</param>
/// <param name="Subject">A class of pods that both are about.</param>
/// <param name="Ports">The ports about which they disagree with some peer.</param>
public sealed record PriorityConflict(
    ClusterTier Tier, int Priority, ClusterNetworkPolicy First, ClusterNetworkPolicy Second, Direction Direction,
    int Subject, PortSet Ports)
{
    /// <summary>The conflict for people.</summary>
    public override string ToString()
    {
        var direction = Direction == Direction.Ingress ? "ingress" : "egress";
        return $"{First} and {Second} both have priority {Priority} in tier {Tier} and disagree about {direction} on "
            + $"{Ports}: which of them decides is not defined; {First} does here";
    }
}

/// <summary>Finds policies that users cannot rely on: equals in one tier that disagree.</summary>
internal sealed class ConflictFinder(CompiledPolicy policy)
{
    private readonly ImmutableArray<(int Class, AddressAtom? Atom)> _peers = PeersOf(policy);

    /// <summary>At most one conflict per two policies and direction, in their order.</summary>
    public ImmutableArray<PriorityConflict> Find(ImmutableArray<CompiledClusterPolicy> policies) =>
    [
        .. Pairs(policies, compiled => compiled.Policy)
            .SelectMany(pair => new[] { Direction.Ingress, Direction.Egress }
                .Select(direction => Between(pair.First, pair.Second, direction)).OfType<PriorityConflict>()),
    ];

    /// <summary>Every two policies of one tier and priority.</summary>
    public static IEnumerable<(T First, T Second)> Pairs<T>(
        IEnumerable<T> policies, Func<T, ClusterNetworkPolicy> policyOf)
    {
        foreach (var equals in policies.GroupBy(item => (policyOf(item).Tier, policyOf(item).Priority)))
        {
            var list = equals.ToList();
            for (var i = 0; i < list.Count; i++)
            {
                for (var j = i + 1; j < list.Count; j++)
                    yield return (list[i], list[j]);
            }
        }
    }

    private PriorityConflict? Between(CompiledClusterPolicy first, CompiledClusterPolicy second, Direction direction)
    {
        if (first.Rules(direction).IsEmpty || second.Rules(direction).IsEmpty)
            return null;
        foreach (var subject in policy.Classes.Select(pods => pods.Id))
        {
            if (!first.Subject.Contains(subject) || !second.Subject.Contains(subject))
                continue;
            foreach (var (peer, atom) in _peers)
            {
                var ports = Disagreement(
                    Decide(first, direction, subject, peer, atom), Decide(second, direction, subject, peer, atom));
                if (!ports.IsEmpty)
                {
                    var one = first.Policy;
                    return new(one.Tier, one.Priority, one, second.Policy, direction, subject, ports);
                }
            }
        }

        return null;
    }

    /// <summary>What both decide, and not the same way.</summary>
    private static PortSet Disagreement(PortSet[] one, PortSet[] other)
    {
        var ports = PortSet.Nothing;
        for (var i = 0; i < one.Length; i++)
        {
            for (var j = 0; j < other.Length; j++)
            {
                if (i != j)
                    ports = ports.Union(one[i].Intersect(other[j]));
            }
        }

        return ports;
    }

    /// <summary>The ports on which a policy by itself accepts, denies and passes, by action.</summary>
    private PortSet[] Decide(
        CompiledClusterPolicy from, Direction direction, int subject, int peer, AddressAtom? atom)
    {
        var decided = new[] { PortSet.Nothing, PortSet.Nothing, PortSet.Nothing };
        var undecided = PortSet.Everything;
        foreach (var rule in from.Rules(direction))
        {
            if (!rule.Rule.MatchesPeer(peer, atom))
                continue;
            var ports = rule.Rule.Numbers;
            foreach (var name in rule.Rule.Names)
                ports = ports.Union(policy.NumbersOf(direction == Direction.Ingress ? subject : peer, name));
            var matched = undecided.Intersect(ports);
            decided[(int)rule.Action] = decided[(int)rule.Action].Union(matched);
            undecided = undecided.Except(matched);
        }

        return decided;
    }

    /// <summary>
    /// Every kind of peer there is: pods by class and atom of their addresses, the rest by atom alone.
    /// </summary>
    private static ImmutableArray<(int Class, AddressAtom? Atom)> PeersOf(CompiledPolicy policy)
    {
        var peers = new HashSet<(int, AddressAtom?)>();
        foreach (var pods in policy.Classes)
        {
            foreach (var address in pods.Endpoints.SelectMany(i => policy.EndpointAt(i)!.Addresses))
                peers.Add((pods.Id, policy.AtomOf(address)));
        }

        foreach (var family in new[] { AddressFamily.V4, AddressFamily.V6 })
        {
            for (var atom = 0; atom < policy.Atoms.Count(family); atom++)
                peers.Add((-1, new(family, atom)));
        }

        return [.. peers];
    }
}

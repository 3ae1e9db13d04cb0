using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// What a gate lets through for one peer, by asking its rules one after the other, all tiers: the one place where tiers
/// are put together. Everything faster keeps answers of it.
/// </summary>
internal sealed class TierWalk(CompiledPolicy policy)
{
    /// <summary>
    /// The ports for a peer of this class (-1: no pod) in this atom (null: no address); exempt: what NetworkPolicies
    /// say does not count.
    /// </summary>
    public PortSet PortsFor(Gate gate, int peerClass, AddressAtom? atom, bool exempt)
    {
        var (accepted, left) = Ask(gate.Admin, PortSet.Everything, peerClass, atom);
        if (gate.IsIsolated)
        {
            var allowed = exempt ? PortSet.Everything : Entries(gate, peerClass, atom);
            return accepted.Union(left.Intersect(allowed));
        }

        var (acceptedLast, unjudged) = Ask(gate.Baseline, left, peerClass, atom);
        return accepted.Union(acceptedLast).Union(unjudged);
    }

    /// <summary>
    /// Asks a tier about ports: which it accepts, and which it leaves to the next tier, passed or not matched.
    /// </summary>
    private (PortSet Accepted, PortSet Left) Ask(
        ImmutableArray<TierRule> tier, PortSet ports, int peerClass, AddressAtom? atom)
    {
        var (accepted, passed, undecided) = (PortSet.Nothing, PortSet.Nothing, ports);
        foreach (var rule in tier)
        {
            if (!rule.Gate.Rule.MatchesPeer(peerClass, atom))
                continue;
            var matched = undecided.Intersect(PortsOf(rule.Gate, peerClass));
            undecided = undecided.Except(matched);
            if (rule.Action == ClusterAction.Accept)
                accepted = accepted.Union(matched);
            else if (rule.Action == ClusterAction.Pass)
                passed = passed.Union(matched);
        }

        return (accepted, undecided.Union(passed));
    }

    private PortSet Entries(Gate gate, int peerClass, AddressAtom? atom)
    {
        var ports = PortSet.Nothing;
        foreach (var rule in gate.Rules)
        {
            if (!rule.Rule.MatchesPeer(peerClass, atom))
                continue;
            ports = ports.Union(PortsOf(rule, peerClass));
        }

        return ports;
    }

    private PortSet PortsOf(GateRule rule, int peerClass)
    {
        var ports = rule.Ports;
        foreach (var name in rule.PeerNames)
            ports = ports.Union(policy.NumbersOf(peerClass, name));
        return ports;
    }
}

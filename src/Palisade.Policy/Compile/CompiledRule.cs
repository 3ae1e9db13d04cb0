using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// A port name with its protocol, as a rule mentions it. Only the destination pod says which numbers it stands for.
/// </summary>
internal readonly record struct PortName(string Name, Protocol Protocol);

/// <summary>A peer of a rule: pods by a set, or addresses by a block; exactly one of the two.</summary>
internal readonly record struct CompiledPeer(PodTerm? Pods, BlockTerm? Block)
{
    /// <summary>Whether a peer of this class (-1: not a pod) at this address (null: none) is meant.</summary>
    public bool Matches(int peerClass, AddressAtom? atom) =>
        Pods is null ? atom is { } at && Block!.Contains(at) : peerClass >= 0 && Pods.Contains(peerClass);
}

/// <summary>
/// A rule without its wording: peers as shared terms, numeric ports as one set, port names apart.
/// No peers: everyone. A rule without ports has every port and no names.
/// </summary>
internal sealed record CompiledRule(
    RuleRef Ref, PolicyRule Source, ImmutableArray<CompiledPeer> Peers, PortSet Numbers, ImmutableArray<PortName> Names)
{
    /// <summary>Whether the peer side of the rule matches.</summary>
    public bool MatchesPeer(int peerClass, AddressAtom? atom)
    {
        if (Peers.IsEmpty)
            return true;
        foreach (var peer in Peers)
        {
            if (peer.Matches(peerClass, atom))
                return true;
        }

        return false;
    }
}

/// <summary>
/// A rule as it stands in one gate. Ingress: <paramref name="Ports"/> holds what the names stand for on the subject and
/// <paramref name="PeerNames"/> is empty. Egress: the names are left for each peer pod to resolve.
/// </summary>
internal readonly record struct GateRule(CompiledRule Rule, PortSet Ports, ImmutableArray<PortName> PeerNames);

using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// A port name with its protocol, as a rule mentions it. Only the destination pod says which numbers it stands for.
/// </summary>
internal readonly record struct PortName(string Name, Protocol Protocol)
{
    /// <summary>The name by which rules ask for a port of a pod.</summary>
    public static PortName Of(NamedPort port) => new(port.Name, port.Protocol);
}

/// <summary>
/// A peer of a rule: pods by a set, addresses by a block, or addresses by what has them; exactly one of the three.
/// The index is that of the rule's entry, which may become several peers.
/// </summary>
internal readonly record struct CompiledPeer(PodTerm? Pods, BlockTerm? Block, AddressTerm? Addresses, int Index)
{
    /// <summary>Whether a peer of this class (-1: not a pod) at this address (null: none) is meant.</summary>
    public bool Matches(int peerClass, AddressAtom? atom)
    {
        if (Pods is not null)
            return peerClass >= 0 && Pods.Contains(peerClass);
        return atom is { } at && (Block is null ? Addresses!.Contains(at) : Block.Contains(at));
    }
}

/// <summary>One entry of a rule's ports: numbers, or names that the destination pod resolves.</summary>
internal readonly record struct CompiledPort(PortSet Numbers, ImmutableArray<PortName> Names);

/// <summary>
/// A rule without its wording: peers as shared terms, numeric ports as one set, port names apart.
/// No peers: everyone. A rule without ports has every port and no names.
/// </summary>
internal sealed record CompiledRule(
    RuleRef Ref, SourceLocation Origin, ImmutableArray<CompiledPeer> Peers, ImmutableArray<CompiledPort> Ports,
    PortSet Numbers, ImmutableArray<PortName> Names)
{
    private PeerUnion? _union;

    /// <summary>Its peers for people and kernels: one object for all gates that the rule is part of.</summary>
    public PeerUnion Union => _union ??= UnionBuilder.Of(this);

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

/// <summary>A rule of a ClusterNetworkPolicy as it stands in one gate, with what it does.</summary>
internal readonly record struct TierRule(GateRule Gate, ClusterAction Action, bool FailsClosed);

using System.Collections.Immutable;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

using Parts = ImmutableArray<Expression>;

/// <summary>
/// Makes the rules of gates: peers and ports are one rule per (address set, protocol), at most two set lookups each.
/// </summary>
/// <param name="sets">Where peers are looked up.</param>
/// <param name="podFamilies">The families in which pods have addresses.</param>
internal sealed class RuleMaker(AddressSets sets, ImmutableArray<AddressFamily> podFamilies)
{
    private static readonly ImmutableArray<AddressFamily> Families = [AddressFamily.V4, AddressFamily.V6];

    /// <summary>What happens to connections of these peers to these ports, and which rules say so.</summary>
    /// <param name="direction">The direction of the gate.</param>
    /// <param name="ports">The ports.</param>
    /// <param name="peers">The peers.</param>
    /// <param name="rules">The rules that say so.</param>
    /// <param name="then">What happens.</param>
    /// <param name="unions">The kernel sets of the peers that are pods; absent: one of all of them.</param>
    public IEnumerable<Rule> Of(
        Direction direction, PortSet ports, PeerUnion peers, IEnumerable<RuleRef> rules, Parts then,
        ImmutableArray<ImmutableArray<PodSet>> unions = default)
    {
        var says = NftComment.Fit(string.Join(", ", rules));
        if (unions.IsDefault)
            unions = peers.Pods.IsEmpty ? [] : [peers.Pods];
        foreach (var peer in PeersOf(direction, peers, unions))
        {
            // Ports first: most often a comparison, and then packets of other protocols look nobody up.
            foreach (var port in PortsOf(ports))
                yield return Rule.Of(port, peer, then) with { Comment = says };
        }
    }

    /// <summary>The matches of which one must hold for a peer to be in the union.</summary>
    private IEnumerable<Parts> PeersOf(
        Direction direction, PeerUnion peers, ImmutableArray<ImmutableArray<PodSet>> unions)
    {
        if (peers.Anyone)
        {
            yield return [];
            yield break;
        }

        foreach (var family in Families)
        {
            // Of a family no pod has, sets whose members come and go would stay empty for ever, or for nobody to meet;
            // blocks are the policy's own and always count.
            var hasPods = podFamilies.Contains(family);
            foreach (var pods in hasPods ? unions : [])
                yield return InSet(direction, family, sets.OfPods(pods, family));
            if (sets.OfBlocks(peers.Blocks, family) is { } blocks)
                yield return InSet(direction, family, blocks);
            if (!peers.Addresses.IsEmpty && hasPods)
                yield return InSet(direction, family, sets.OfAddresses(peers.Addresses, family));
        }
    }

    private static Parts InSet(Direction direction, AddressFamily family, SetDefinition set) =>
        direction == Direction.Ingress
            ? Match.Source((int)family, set.Name)
            : Match.Destination((int)family, set.Name);

    /// <summary>
    /// The matches of which one must hold for a packet's protocol and destination port to be in the set.
    /// </summary>
    public static IEnumerable<Parts> PortsOf(PortSet ports)
    {
        if (ports.IsEverything)
        {
            yield return [];
            yield break;
        }

        var whole = new List<byte>();
        foreach (var protocol in (Protocol[])[Protocol.Tcp, Protocol.Udp, Protocol.Sctp])
        {
            var ranges = ports.Ranges(protocol);
            if (ranges is [var only] && only == PortRange.All)
                whole.Add(NumberOf(protocol));
            else if (!ranges.IsEmpty)
                yield return Match.DestinationPorts(NumberOf(protocol), [.. ranges.Select(r => (r.First, r.Last))]);
        }

        if (whole is [var one])
            yield return Match.Protocol(one);
        else if (whole.Count > 1)
            yield return Match.ProtocolIn([.. whole]);
        if (ports.HasOther)
            yield return Match.ProtocolIn(
                [NumberOf(Protocol.Tcp), NumberOf(Protocol.Udp), NumberOf(Protocol.Sctp)], not: true);
    }

    /// <summary>IANA's protocol numbers.</summary>
    private static byte NumberOf(Protocol protocol) => protocol switch
    {
        Protocol.Tcp => 6,
        Protocol.Udp => 17,
        _ => 132,
    };
}

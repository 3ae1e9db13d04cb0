using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

using Parts = ImmutableArray<Expression>;

/// <summary>
/// A gate as a chain. Entered by the verdict maps with packets that open a connection to (ingress) or from (egress) a
/// pod the gate judges. Peers and ports of one entry are one rule per (address set, protocol): at most two set lookups
/// each. An allowing ingress gate accepts; an allowing egress gate returns, because the other pod's ingress is still to
/// be judged. What no rule allows is dropped in silence.
/// </summary>
internal sealed class GateChain(
    Gate gate, AddressSets sets, ImmutableArray<AddressFamily> podFamilies, EnforcementMode mode)
{
    private bool IsIngress => gate.Direction == Direction.Ingress;

    private Parts Allow => IsIngress ? Statement.Accept : Statement.Return;

    public Chain ToChain()
    {
        var rules = ImmutableArray.CreateBuilder<Rule>();
        rules.Add(Rule.Of(
            Match.CtState(CtState.Invalid | CtState.Untracked),
            Statement.Goto(IsIngress ? Names.OddIngress : Names.OddEgress)));
        foreach (var entry in gate.Entries)
            rules.AddRange(RulesOf(entry));
        rules.Add(Rule.Of(
            Statement.CountOn(IsIngress ? Names.DeniedIngress : Names.DeniedEgress), BaseChains.End(mode, Allow)));
        return new(gate.Id) { Comment = NftComment.Fit(gate.Title), Rules = rules.ToImmutable() };
    }

    private IEnumerable<Rule> RulesOf(GateEntry entry)
    {
        var says = NftComment.Fit(string.Join(", ", entry.Rules));
        foreach (var peers in PeersOf(entry.Peers))
        {
            foreach (var ports in PortsOf(entry.Ports))
                yield return Rule.Of(peers, ports, Allow) with { Comment = says };
        }
    }

    /// <summary>The matches of which one must hold for a peer to be in the union.</summary>
    private IEnumerable<Parts> PeersOf(PeerUnion peers)
    {
        if (peers.Anyone)
        {
            yield return [];
            yield break;
        }

        foreach (var family in (AddressFamily[])[AddressFamily.V4, AddressFamily.V6])
        {
            // Of a family no pod has, pods' sets would stay empty for ever; blocks are the policy's own and always
            // count.
            if (!peers.Pods.IsEmpty && podFamilies.Contains(family))
                yield return InSet(family, sets.OfPods(peers.Pods, family));
            if (sets.OfBlocks(peers.Blocks, family) is { } blocks)
                yield return InSet(family, blocks);
        }
    }

    private Parts InSet(AddressFamily family, SetDefinition set) =>
        IsIngress ? Match.Source((int)family, set.Name) : Match.Destination((int)family, set.Name);

    /// <summary>
    /// The matches of which one must hold for a packet's protocol and destination port to be in the set.
    /// </summary>
    private static IEnumerable<Parts> PortsOf(PortSet ports)
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

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
/// What passes between pods of this node and addresses that several live pods claim: what the gates of this node allow
/// with every one of them. A set of peers holds an address or does not, so gates cannot say that. Each such pair of
/// addresses leads, before the gates, to a chain of the ports that are left; pairs of the same ports share it.
/// </summary>
internal sealed class ClaimChains
{
    private readonly record struct Pair(Address From, Address To);

    private readonly CompiledPolicy _policy;
    private readonly EnforcementMode _mode;
    private readonly ILookup<Address, LocalPod> _local;
    private readonly Dictionary<Address, AddressClaim> _claims;
    private readonly SortedDictionary<string, Chain> _chains = new(StringComparer.Ordinal);
    private readonly Dictionary<Pair, string> _pairs = [];
    private readonly Dictionary<(Gate Gate, int Class, Address Peer, bool Exempt), PortSet> _ports = [];

    public ClaimChains(CompiledPolicy policy, NodeView node)
    {
        (_policy, _mode) = (policy, node.Settings.Mode);
        _claims = node.Claims.ToDictionary(claim => claim.Address);
        _local = node.Claims.IsEmpty
            ? Enumerable.Empty<LocalPod>().ToLookup(_ => default(Address))
            : node.Pods.SelectMany(pod => pod.Pod.Addresses, (pod, address) => (pod, address))
                .ToLookup(pair => pair.address, pair => pair.pod);
        foreach (var claim in node.Claims)
        {
            foreach (var own in _local.Select(pods => pods.Key).Where(own => own.Family == claim.Address.Family))
            {
                Add(new(claim.Address, own));
                Add(new(own, claim.Address));
            }
        }
    }

    /// <summary>The chains that the maps lead to, by name.</summary>
    public IEnumerable<Chain> Chains => _chains.Values;

    /// <summary>The maps of both families, empty while no address is claimed twice.</summary>
    public IEnumerable<NftSet> Maps => [Map(AddressFamily.V4), Map(AddressFamily.V6)];

    private NftSet Map(AddressFamily family)
    {
        var address = AddressSets.TypeOf(family);
        var pairs = _pairs.Where(pair => pair.Key.From.Family == family)
            .OrderBy(pair => pair.Key.From).ThenBy(pair => pair.Key.To);
        return new(new($"{Names.Claims}{(int)family}", KeyType.Concatenate(address, address))
        {
            IsVerdictMap = true,
            Comment = "an address that several pods claim and a local pod's, or the other way round",
        })
        {
            Elements =
            [
                .. pairs.Select(pair => new Element(NftKey.Concatenate(
                    AddressSets.KeyOf(pair.Key.From), AddressSets.KeyOf(pair.Key.To)))
                {
                    Verdict = NftVerdict.Jump(pair.Value),
                }),
            ],
        };
    }

    private void Add(Pair pair)
    {
        // With itself, through a service: cluster policies alone are asked.
        var self = pair.From == pair.To;
        var (egress, ingress) = (
            Gates(pair.From, Direction.Egress, self), Gates(pair.To, Direction.Ingress, self));
        var isJudged = (_claims.ContainsKey(pair.To) && !egress.IsEmpty)
            || (_claims.ContainsKey(pair.From) && !ingress.IsEmpty);
        if (!isJudged || _pairs.ContainsKey(pair))
            return;
        _pairs[pair] = ChainOf(
            Ports(egress, pair.To, self), Ports(ingress, pair.From, self),
            !self && egress.Any(gate => gate.IsIsolated), !self && ingress.Any(gate => gate.IsIsolated));
    }

    private ImmutableArray<Gate> Gates(Address address, Direction direction, bool clusterOnly) =>
    [
        .. _local[address].Select(pod => pod.Of(direction)).OfType<Gate>().DistinctBy(gate => gate.Id)
            .Where(gate => !clusterOnly || !gate.ClusterPolicies.IsEmpty),
    ];

    /// <summary>What every gate allows with every pod that has an address.</summary>
    private PortSet Ports(ImmutableArray<Gate> gates, Address peer, bool exempt)
    {
        var classes = _claims.TryGetValue(peer, out var claim)
            ? claim.Classes.Select(pods => pods.Id)
            : _local[peer].Select(pod => pod.Class).Take(1);
        var ports = PortSet.Everything;
        foreach (var (gate, of) in gates.SelectMany(_ => classes, (gate, of) => (gate, of)))
        {
            var key = (gate, of, peer, exempt);
            if (!_ports.TryGetValue(key, out var allowed))
                _ports[key] = allowed = _policy.PortsFor(gate, of, peer, exempt);
            ports = ports.Intersect(allowed);
        }

        return ports;
    }

    private string ChainOf(PortSet egress, PortSet ingress, bool isEgressClosed, bool isIngressClosed)
    {
        var meaning = $"{egress}\n{ingress}\n{isEgressClosed} {isIngressClosed}";
        var name = $"{Names.Claims}-{GateChains.Hash(meaning)}";
        if (_chains.ContainsKey(name))
            return name;
        var both = egress.Intersect(ingress);
        _chains[name] = new(name)
        {
            Comment = "with an address that several pods claim: what is allowed with all of them",
            Rules =
            [
                .. isEgressClosed ? ImmutableArray.Create(GateChains.Odd(Direction.Egress)) : [],
                .. isIngressClosed ? ImmutableArray.Create(GateChains.Odd(Direction.Ingress)) : [],
                .. RuleMaker.PortsOf(both).Select(ports => Rule.Of(ports, Statement.Accept)),
                .. Ends(egress, ingress, both),
            ],
        };
        return name;
    }

    /// <summary>Counted for the first of the two that stops it.</summary>
    private IEnumerable<Rule> Ends(PortSet egress, PortSet ingress, PortSet both)
    {
        if (both.IsEverything)
            yield break;
        var (atEgress, atIngress) = (Counted(Names.DeniedEgress), Counted(Names.DeniedIngress));
        if (!egress.IsEverything && !ingress.IsEverything)
        {
            foreach (var ports in RuleMaker.PortsOf(egress.Except(both)))
                yield return Rule.Of(ports, atIngress);
        }

        yield return Rule.Of(egress.IsEverything ? atIngress : atEgress);
    }

    private Parts Counted(string counter) => BaseChains.Counted(counter, _mode);
}

using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Tests.Shared;

/// <summary>
/// The second judge: NetworkPolicy as semantics.md §1 tells it and the tiers around it (§3), rule by rule, over the
/// model. It shares nothing with Palisade.Policy.Compile, and matches labels, blocks and ports by itself.
/// </summary>
public sealed class NaiveEvaluator(ClusterSnapshot cluster)
{
    private readonly NaiveClusterTiers _tiers = new(cluster);

    public bool Allows(Probe probe) => SideAllows(probe, Direction.Egress) && SideAllows(probe, Direction.Ingress);

    /// <summary>
    /// Whichever pods speak and listen: an address that several live pods have may be any one's of them, but who judges
    /// are the pods of one node.
    /// </summary>
    public bool SideAllows(Probe probe, Direction direction)
    {
        var from = Find(probe.From, probe.Family);
        var to = Find(probe.To, probe.Family);
        var self = from.Pod is not null && to.Pod is not null
            && (from.Pod == to.Pod || (from.Address is not null && from.Address == to.Address));
        var here = (direction == Direction.Ingress ? to : from).Pod?.Node;
        var pairs = Claimants(from).SelectMany(_ => Claimants(to), (sender, receiver) => (sender, receiver))
            .Where(pair => here is null
                || here == (direction == Direction.Ingress ? pair.receiver : pair.sender).Pod!.Node);
        return pairs.All(pair => SideAllows(pair.sender, pair.receiver, self, Exactly(pair, probe), direction));
    }

    /// <summary>The same connection, its ends called by the pods' names.</summary>
    private static Probe Exactly((Who Sender, Who Receiver) pair, Probe probe) => probe with
    {
        From = pair.Sender.Pod is { } sender ? ProbeEnd.OfPod(sender.Namespace, sender.Name) : probe.From,
        To = pair.Receiver.Pod is { } receiver ? ProbeEnd.OfPod(receiver.Namespace, receiver.Name) : probe.To,
    };

    private IEnumerable<Who> Claimants(Who who) => who is { Pod: not null, Address: { } address }
        ? cluster.Endpoints.Where(p => !p.HostNetwork && p.Addresses.Contains(address))
            .Select(p => who with { Pod = p })
        : [who];

    private bool SideAllows(Who from, Who to, bool self, Probe probe, Direction direction)
    {
        var (subject, peer) = direction == Direction.Ingress ? (to, from) : (from, to);

        // §1.7 b: a hostNetwork pod is its node, and policies do not isolate nodes or the outside.
        if (subject.Pod is not { } pod)
            return true;
        // §1.3: a pod always reaches itself; §3.3: through a Service cluster policies are asked all the same.
        if (self && !probe.ThroughService)
            return true;
        // §3.3: 1. Admin; Pass and no match go on.
        var admin = _tiers.Decide(ClusterTier.Admin, direction, pod, peer, to, probe);
        if (admin is ClusterAction.Accept or ClusterAction.Deny)
            return admin == ClusterAction.Accept;
        // §3.3: 2. isolated in this direction: final.
        var isolating = Isolating(pod, direction);
        if (isolating.Count > 0)
        {
            // §1.3: the pod's own node is exempt, both ways, whatever the address.
            if (self || (peer.Node is { Length: > 0 } node && node == pod.Node))
                return true;
            return isolating.Any(p => p.Rules(direction).Any(r => RuleMatches(p, r, probe, direction)));
        }

        // §3.3: 3. Baseline, 4. allow.
        return _tiers.Decide(ClusterTier.Baseline, direction, pod, peer, to, probe) != ClusterAction.Deny;
    }

    /// <summary>Whether a rule of a cluster policy matches, or fails closed.</summary>
    public bool RuleMatches(ClusterRule rule, Probe probe, Direction direction)
    {
        var (from, to) = (Find(probe.From, probe.Family), Find(probe.To, probe.Family));
        if (!NaiveClusterTiers.IsClear(rule, direction))
            return rule.Action != ClusterAction.Accept;
        return _tiers.Matches(rule, direction == Direction.Ingress ? from : to, to, probe);
    }

    public bool IsIsolated(Endpoint pod, Direction direction) => Isolating(pod, direction).Count > 0;

    /// <summary>§1.3: ports AND peers, of this one rule.</summary>
    public bool RuleMatches(NetworkPolicy policy, PolicyRule rule, Probe probe, Direction direction)
    {
        var from = Find(probe.From, probe.Family);
        var to = Find(probe.To, probe.Family);
        var peer = direction == Direction.Ingress ? from : to;
        var peerMatches = rule.Peers.Length == 0 || rule.Peers.Any(p => PeerMatches(policy, p, peer));
        var portMatches = rule.Ports.Length == 0 || rule.Ports.Any(p => PortMatches(p, probe, to.Pod));
        return peerMatches && portMatches;
    }

    private List<NetworkPolicy> Isolating(Endpoint pod, Direction direction) =>
    [
        .. cluster.NetworkPolicies.Where(p => p.Namespace == pod.Namespace
            && Selects(p.Subject, pod.Labels)
            && (direction == Direction.Ingress ? p.IsolatesIngress : p.IsolatesEgress)),
    ];

    private bool PeerMatches(NetworkPolicy policy, PolicyPeer peer, Who who)
    {
        if (peer is BlockPeer block)
        {
            return who.Address is { } address && InBlock(block.Block, address)
                && !block.Except.Any(except => InBlock(except, address));
        }

        var pods = (PodPeer)peer;
        if (who.Pod is not { } pod)
            return false;
        var inNamespace = pods.Namespaces is null
            ? pod.Namespace == policy.Namespace
            : Selects(pods.Namespaces, cluster.Namespaces.Single(ns => ns.Name == pod.Namespace).Labels);
        return inNamespace && Selects(pods.Pods, pod.Labels);
    }

    /// <summary>
    /// §1.5: a named port is name and protocol, on the destination pod; §1.6: other protocols only without ports.
    /// </summary>
    private static bool PortMatches(PolicyPort port, Probe probe, Endpoint? destination)
    {
        if (probe.Protocol == Protocol.Other || port.Protocol != probe.Protocol)
            return false;
        if (port.Name is null)
            return probe.Port >= port.First && probe.Port <= port.Last;
        return destination is not null && destination.NamedPorts.Any(declared =>
            declared.Name == port.Name && declared.Protocol == port.Protocol && declared.Number == probe.Port);
    }

    internal static bool Selects(LabelSelector selector, LabelSet labels) => selector.Requirements.All(requirement =>
    {
        var values = labels.Pairs.Where(pair => pair.Key == requirement.Key).Select(pair => pair.Value).ToList();
        var present = values.Count == 1;
        return requirement.Operator switch
        {
            SelectorOperator.In => present && requirement.Values.Contains(values[0], StringComparer.Ordinal),
            SelectorOperator.NotIn => !present || !requirement.Values.Contains(values[0], StringComparer.Ordinal),
            SelectorOperator.Exists => present,
            _ => !present,
        };
    });

    /// <summary>Compares bit by bit, as a router would.</summary>
    internal static bool InBlock(Cidr block, Address address)
    {
        if (block.Family != address.Family)
            return false;
        var (mine, its) = (address.ToBytes(), block.First.ToBytes());
        return Enumerable.Range(0, block.Length).All(bit => Bit(mine, bit) == Bit(its, bit));
    }

    private static int Bit(byte[] bytes, int bit) => (bytes[bit / 8] >> (7 - bit % 8)) & 1;

    private Who Find(ProbeEnd end, AddressFamily family)
    {
        if (end.Address is { } address)
        {
            var pod = cluster.Endpoints.FirstOrDefault(p => !p.HostNetwork && p.Addresses.Contains(address));
            if (pod is not null)
                return new(pod, null, address);
            var node = cluster.Nodes.FirstOrDefault(n => n.Addresses.Contains(address))?.Name
                ?? cluster.Endpoints.FirstOrDefault(p => p.HostNetwork && p.Addresses.Contains(address))?.Node;
            return new(null, node, address);
        }

        var named = cluster.Endpoints.Single(p => p.Namespace == end.Namespace && p.Name == end.Pod);
        var own = named.Addresses.Where(a => a.Family == family).Select(a => (Address?)a).FirstOrDefault();
        return named.HostNetwork ? new(null, named.Node, own) : new(named, null, own);
    }
}

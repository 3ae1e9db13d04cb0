using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>
/// One cluster before all judges in memory: the evaluator, its explanation, the gates' entries, and the naive
/// evaluator.
/// </summary>
internal sealed class Judges
{
    private readonly Dictionary<(PodSet, AddressFamily), HashSet<Address>> _members = [];

    public Judges(ClusterSnapshot cluster)
        : this(cluster, cluster)
    {
    }

    /// <summary>The same cluster read in two ways: the first for all judges but the naive one.</summary>
    public Judges(ClusterSnapshot cluster, ClusterSnapshot forNaive)
    {
        Policy = PolicyCompiler.Compile(cluster);
        Evaluator = new(Policy);
        Naive = new(forNaive);
    }

    public CompiledPolicy Policy { get; }

    public Evaluator Evaluator { get; }

    public NaiveEvaluator Naive { get; }

    public Connection Connection(Probe probe) =>
        new(Party(probe.From, probe.Family), Party(probe.To, probe.Family), probe.Protocol, probe.Port)
        {
            ThroughService = probe.ThroughService,
        };

    public bool Allows(Probe probe) => Evaluator.Verdict(Connection(probe)) == Verdict.Allow;

    /// <summary>
    /// The verdict by the pods' ids and by the ends' addresses, where they have them; null where the question has none.
    /// </summary>
    public (bool? ById, bool? ByAddress) AllowsByTable(Probe probe)
    {
        var (from, to, _, _) = Connection(probe);
        bool? byId = (from, to) is ({ Kind: PartyKind.Pod }, { Kind: PartyKind.Pod }) && IsById(probe)
            ? Evaluator.Verdict(from.Endpoint, to.Endpoint, probe.Family, probe.Protocol, probe.Port) == Verdict.Allow
            : null;
        bool? byAddress = from.Address is { } sender && to.Address is { } receiver && IsAt(from) && IsAt(to)
            ? Evaluator.Verdict(sender, receiver, probe.Protocol, probe.Port) == Verdict.Allow
            : null;
        return probe.ThroughService ? (null, null) : (byId, byAddress);
    }

    /// <summary>
    /// Not where a hostNetwork pod asked for by name is on an unknown node and its address is a known node's.
    /// </summary>
    private bool IsAt(Party party) => Evaluator.Parties.OfAddress(party.Address!.Value) == party;

    private static bool IsById(Probe probe) => probe.From.Pod is not null && probe.To.Pod is not null;

    /// <summary>Whether the naive evaluator, too, finds that the rule matches.</summary>
    public bool NaiveMatches(RuleMatch match, Probe probe)
    {
        var (kind, ns, name, _) = match.Policy;
        if (kind == PolicyKind.ClusterNetworkPolicy)
        {
            var cluster = Policy.Snapshot.ClusterNetworkPolicies.Single(p => p.Name == name);
            return Naive.RuleMatches(cluster.Rules(match.Direction)[match.Rule], probe, match.Direction);
        }

        var policy = Policy.Snapshot.NetworkPolicies.Single(p => p.Namespace == ns && p.Name == name);
        return Naive.RuleMatches(policy, policy.Rules(match.Direction)[match.Rule], probe, match.Direction);
    }

    /// <summary>
    /// As the dataplane decides: the pod's gate by its entries, peers by their address alone. Null when that cannot
    /// say: the peer has no
    /// address in the family, so there is no packet.
    /// </summary>
    public bool? EntriesAllow(Probe probe, Direction direction)
    {
        var connection = Connection(probe);
        var (subject, peer) = direction == Direction.Ingress
            ? (connection.To, connection.From)
            : (connection.From, connection.To);
        var self = peer.Kind == PartyKind.Pod && peer.Endpoint == subject.Endpoint;
        if (subject.Kind != PartyKind.Pod || (self && !probe.ThroughService))
            return true;
        if (Policy.GateOf(Policy.ClassOf(subject.Endpoint), direction) is not { } gate)
            return true;
        var exempt = self || (peer.Kind == PartyKind.Node && peer.Node.Length > 0 && peer.Node == subject.Node);
        // Entries know nothing of claims, and who called an end by its name did not call the others.
        if (IsShared(subject) || IsShared(peer))
            return null;
        if (peer.Address is not { } address)
            return exempt && gate.ClusterPolicies.IsEmpty ? true : null;
        return StepsAllow(gate, ClusterTier.Admin, probe, address)
            ?? (gate.IsIsolated ? (bool?)(exempt || EntriesAllow(gate, probe, address)) : null)
            ?? (gate.IsIsolated ? null : StepsAllow(gate, ClusterTier.Baseline, probe, address))
            ?? true;
    }

    private bool IsShared(Party party) => party.Kind == PartyKind.Pod && party.Address is { } address
        && Policy.Snapshot.Endpoints.Count(pod => !pod.HostNetwork && pod.Addresses.Contains(address)) > 1;

    private bool EntriesAllow(Gate gate, Probe probe, Address address) => gate.Entries.Any(entry =>
        entry.Ports.Contains(probe.Protocol, probe.Port) && Contains(entry.Peers, address));

    /// <summary>The first step of a tier that matches; null: none does, or it passes.</summary>
    private bool? StepsAllow(Gate gate, ClusterTier tier, Probe probe, Address address)
    {
        var step = gate.Steps.FirstOrDefault(step => step.Tier == tier
            && step.Ports.Contains(probe.Protocol, probe.Port) && Contains(step.Peers, address));
        return step is null or { Action: ClusterAction.Pass } ? null : step.Action == ClusterAction.Accept;
    }

    private bool Contains(PeerUnion peers, Address address) =>
        peers.Anyone || peers.Blocks.Any(b => b.Contains(address))
            || peers.Pods.Any(p => Members(p, address.Family).Contains(address))
            || peers.Addresses.Any(set => Policy.MemberAddresses(set, address.Family).Contains(address));

    private HashSet<Address> Members(PodSet set, AddressFamily family)
    {
        if (!_members.TryGetValue((set, family), out var members))
            _members[(set, family)] = members = [.. Policy.MemberAddresses(set, family)];
        return members;
    }

    private Party Party(ProbeEnd end, AddressFamily family) => end.Address is { } address
        ? Evaluator.Parties.OfAddress(address)
        : Evaluator.Parties.OfPod(Evaluator.Parties.IndexOf(end.Namespace!, end.Pod!), family);
}

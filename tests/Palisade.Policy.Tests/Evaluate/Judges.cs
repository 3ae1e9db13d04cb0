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
        new(Party(probe.From, probe.Family), Party(probe.To, probe.Family), probe.Protocol, probe.Port);

    public bool Allows(Probe probe) => Evaluator.Verdict(Connection(probe)) == Verdict.Allow;

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
        if (subject.Kind != PartyKind.Pod || IsExempt(subject, peer))
            return true;
        if (Policy.GateOf(Policy.ClassOf(subject.Endpoint), direction) is not { } gate)
            return true;
        if (peer.Address is not { } address)
            return null;
        return gate.Entries.Any(entry => entry.Ports.Contains(probe.Protocol, probe.Port)
            && Contains(entry.Peers, address));
    }

    private static bool IsExempt(Party subject, Party peer) =>
        (peer.Kind == PartyKind.Pod && peer.Endpoint == subject.Endpoint)
        || (peer.Kind == PartyKind.Node && peer.Node.Length > 0 && peer.Node == subject.Node);

    private bool Contains(PeerUnion peers, Address address) =>
        peers.Anyone || peers.Blocks.Any(b => b.Contains(address))
            || peers.Pods.Any(p => Members(p, address.Family).Contains(address));

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

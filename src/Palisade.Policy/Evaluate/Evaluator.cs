using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>
/// Answers for single connections. Safe for many threads. Of the time at which it was made: who changes a policy in
/// place makes another.
/// </summary>
public sealed class Evaluator
{
    private readonly CompiledPolicy _policy;
    private readonly PlaceTable _places;
    private readonly CellTable _cells;

    /// <summary>An evaluator of a compiled policy.</summary>
    public Evaluator(CompiledPolicy policy)
    {
        _policy = policy;
        Parties = new(policy);
        (_places, _cells) = (Parties.Places, policy.Cells);
    }

    /// <summary>How many near misses a side lists.</summary>
    public const int NearMissLimit = 3;

    /// <summary>The ends that connections can have.</summary>
    public Parties Parties { get; }

    /// <summary>
    /// Whether the connection is allowed: by the egress of its sender and by the ingress of its receiver.
    /// </summary>
    public Verdict Verdict(Connection connection) => Allows(
        Parties.PlaceOf(connection.From), Parties.PlaceOf(connection.To), connection.Protocol, connection.Port,
        connection.ThroughService);

    /// <summary>
    /// The same between two pods by their ids, each at its first address of a family. Allocates nothing once the gates
    /// concerned were asked before.
    /// </summary>
    /// <exception cref="IndexOutOfRangeException">An id is not below the policy's limit.</exception>
    public Verdict Verdict(int from, int to, AddressFamily family, Protocol protocol, ushort port) =>
        Allows(_places.At(from, family), _places.At(to, family), protocol, port, throughService: false);

    /// <summary>The same between whoever has two addresses of one family.</summary>
    public Verdict Verdict(Address from, Address to, Protocol protocol, ushort port)
    {
        _places.TryFind(from, out var sender);
        _places.TryFind(to, out var receiver);
        return Allows(sender, receiver, protocol, port, throughService: false);
    }

    /// <summary>
    /// One side of a connection: whether a pod's own policies allow it with whoever has an address. Allocates nothing
    /// once the gate was asked before.
    /// </summary>
    /// <param name="pod">The id of the pod whose side it is; of others with its address nobody asks.</param>
    /// <param name="direction">Egress: the pod opens the connection; ingress: the other does.</param>
    /// <param name="peer">The other end.</param>
    /// <param name="exempt">
    /// The other end is the pod's own node by an address that the cluster does not know. What it does know, and a pod
    /// with itself through a Service, is exempt anyway.
    /// </param>
    /// <param name="protocol">The protocol.</param>
    /// <param name="port">The port that is connected to.</param>
    public bool Allows(int pod, Direction direction, Address peer, bool exempt, Protocol protocol, ushort port)
    {
        var subject = _places.At(pod, peer.Family) with { Class = _policy.ClassOf(pod) };
        if (subject.Class < 0)
            return true;
        _places.TryFind(peer, out var other);
        return Allows(subject, other, direction, exempt || other.Endpoint == pod, protocol, port);
    }

    /// <summary>The verdict with the deciding rule of each side, or the rules that came closest.</summary>
    public Explanation Explain(Connection connection)
    {
        var (egress, ingress) = (Explain(connection, Direction.Egress), Explain(connection, Direction.Ingress));
        var allowed = egress.Verdict == Evaluate.Verdict.Allow && ingress.Verdict == Evaluate.Verdict.Allow;
        return new(allowed ? Evaluate.Verdict.Allow : Evaluate.Verdict.Deny, egress, ingress);
    }

    private Verdict Allows(in Place from, in Place to, Protocol protocol, ushort port, bool throughService)
    {
        // What comes back to a pod through a Service is exempt as its own node is: cluster policies are asked.
        var self = IsSelf(from, to);
        if (self && !throughService)
            return Evaluate.Verdict.Allow;
        return Allows(from, to, Direction.Egress, self, protocol, port)
            && Allows(to, from, Direction.Ingress, self, protocol, port)
            ? Evaluate.Verdict.Allow
            : Evaluate.Verdict.Deny;
    }

    /// <summary>The same pod, or the same address, whichever pod's it is.</summary>
    private static bool IsSelf(in Place one, in Place other) =>
        (one.Endpoint >= 0 && one.Endpoint == other.Endpoint) || (one.IsShared && one.Class == other.Class);

    /// <param name="subject">Whose side it is.</param>
    /// <param name="peer">The other end.</param>
    /// <param name="direction">Whether it opens the connection, or the other does.</param>
    /// <param name="exempt">NetworkPolicies are not asked; nor are they about its node.</param>
    /// <param name="protocol">The protocol.</param>
    /// <param name="port">The port that is connected to.</param>
    private bool Allows(
        in Place subject, in Place peer, Direction direction, bool exempt, Protocol protocol, ushort port)
    {
        if (subject.Class < 0 || peer.IsShared)
            return subject.Class == Place.NoClass || AllAllow(subject, peer, direction, exempt, protocol, port);
        exempt = exempt || peer.IsNodeOf(subject);
        return _cells.Allows(subject.Class, direction, peer.Class, peer.Atom, exempt, protocol, port);
    }

    /// <summary>
    /// Nobody knows which of the pods that claim an address it reaches, or speaks by it: all must be allowed. Where it
    /// is the subject, those of one node: the others' gates are elsewhere.
    /// </summary>
    private bool AllAllow(
        in Place subject, in Place peer, Direction direction, bool exempt, Protocol protocol, ushort port)
    {
        var node = subject.Node;
        foreach (var one in subject.IsShared ? _places.Claimants(subject).RemoveAll(p => p.Node != node) : [subject])
        {
            foreach (var other in peer.IsShared ? _places.Claimants(peer) : [peer])
            {
                if (!Allows(one, other, direction, exempt, protocol, port))
                    return false;
            }
        }

        return true;
    }

    /// <summary>Of several pods with one address the first that may not; the first of all where all may.</summary>
    private Side Explain(Connection connection, Direction direction)
    {
        var self = IsSelf(Parties.PlaceOf(connection.From), Parties.PlaceOf(connection.To));
        var (senders, receivers) = (Parties.Claimants(connection.From), Parties.Claimants(connection.To));
        var (from, to) = direction == Direction.Egress
            ? (senders.RemoveAll(p => p.Node != connection.From.Node), receivers)
            : (senders, receivers.RemoveAll(p => p.Node != connection.To.Node));
        Side? first = null;
        foreach (var one in from)
        {
            foreach (var other in to)
            {
                var side = Explain(connection with { From = one, To = other }, direction, self) with
                {
                    Shared = direction == Direction.Egress
                        ? [.. SharedBy(senders, one), .. SharedBy(receivers, other)]
                        : [.. SharedBy(receivers, other), .. SharedBy(senders, one)],
                };
                if (side.Verdict == Evaluate.Verdict.Deny)
                    return side;
                first ??= side;
            }
        }

        return first!;
    }

    private IEnumerable<SharedAddress> SharedBy(ImmutableArray<Party> claimants, Party one) => claimants.Length == 1
        ? []
        : [new(one.Address!.Value, [.. claimants.Select(PodOf)], PodOf(one))];

    private Endpoint PodOf(Party party) => _policy.EndpointAt(party.Endpoint)!;

    private Side Explain(Connection connection, Direction direction, bool self)
    {
        var (reason, gate) = Judge(connection, direction, self);
        if (gate is null)
            return Undecided(reason, []);
        var trace = new RuleTrace(_policy, connection, direction);
        var passes = new List<RuleMatch>();
        if (Decided("Admin", trace.FirstMatch(gate.Admin), passes) is { } admin)
            return admin;
        if (gate.IsIsolated)
        {
            return IsExempt(reason)
                ? Undecided(reason, passes)
                : Isolated(trace, gate) with { PassedBy = [.. passes] };
        }

        return Decided("Baseline", trace.FirstMatch(gate.Baseline), passes) ?? Undecided(reason, passes);
    }

    /// <summary>The side that no rule decides: exempt, or allowed because nobody objects.</summary>
    private static Side Undecided(Reason reason, IReadOnlyList<RuleMatch> passes) => new()
    {
        Verdict = Evaluate.Verdict.Allow,
        Tier = IsExempt(reason) ? "Exempt" : "Default",
        Reason = reason,
        PassedBy = [.. passes],
    };

    /// <summary>The side that a tier of cluster policies decides; null when it does not, and a pass is noted.</summary>
    private static Side? Decided(string tier, TierMatch? match, List<RuleMatch> passes)
    {
        if (match is null)
            return null;
        var (rule, action) = match.Value;
        if (action == ClusterAction.Pass)
        {
            passes.Add(rule);
            return null;
        }

        var accepted = action == ClusterAction.Accept;
        return new()
        {
            Verdict = accepted ? Evaluate.Verdict.Allow : Evaluate.Verdict.Deny,
            Tier = tier,
            Reason = accepted ? Reason.Allowed : Reason.Denied,
            AllowedBy = accepted ? rule : null,
            DeniedBy = accepted ? null : rule,
            PassedBy = [.. passes],
        };
    }

    private static Side Isolated(RuleTrace trace, Gate gate)
    {
        var match = trace.FirstMatch(gate);
        return new()
        {
            Verdict = match is null ? Evaluate.Verdict.Deny : Evaluate.Verdict.Allow,
            Tier = "NetworkPolicy",
            Reason = match is null ? Reason.NoRuleMatches : Reason.Allowed,
            IsolatedBy = gate.Policies,
            AllowedBy = match,
            NearMisses = match is null ? trace.NearMisses(gate, NearMissLimit) : [],
        };
    }

    /// <summary>
    /// What decides a side before rules do: why it is allowed, or the gate whose rules are to be asked (then the reason
    /// is what holds where none of them decides).
    /// </summary>
    private (Reason Reason, Gate? Gate) Judge(Connection connection, Direction direction, bool self)
    {
        var (subject, peer) = direction == Direction.Ingress
            ? (connection.To, connection.From)
            : (connection.From, connection.To);
        if (subject.Kind != PartyKind.Pod)
            return (Reason.NotAPod, null);
        if (self)
            return (Reason.Self, connection.ThroughService ? ClusterGateOf(subject, direction) : null);
        if (peer.Kind == PartyKind.Node && peer.Node.Length > 0 && peer.Node == subject.Node)
            return (Reason.OwnNode, ClusterGateOf(subject, direction));
        return (Reason.NotIsolated, GateOf(subject, direction));
    }

    /// <summary>What NetworkPolicies never deny; cluster policies may.</summary>
    private static bool IsExempt(Reason reason) => reason is Reason.Self or Reason.OwnNode;

    /// <summary>The gate of a pod that only its cluster policies are asked of; null when there are none.</summary>
    private Gate? ClusterGateOf(Party subject, Direction direction) =>
        GateOf(subject, direction) is { ClusterPolicies: not [] } gate ? gate : null;

    private Gate? GateOf(Party subject, Direction direction) =>
        _policy.GateOf(subject.ClassIn(_policy), direction);
}

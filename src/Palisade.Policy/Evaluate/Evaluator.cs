using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Policy.Evaluate;

/// <summary>Answers for single connections. Safe for many threads.</summary>
public sealed class Evaluator
{
    private readonly CompiledPolicy _policy;

    /// <summary>An evaluator of a compiled policy.</summary>
    public Evaluator(CompiledPolicy policy)
    {
        _policy = policy;
        Parties = new(policy);
    }

    /// <summary>How many near misses a side lists.</summary>
    public const int NearMissLimit = 3;

    /// <summary>The ends that connections can have.</summary>
    public Parties Parties { get; }

    /// <summary>
    /// Whether the connection is allowed: by the egress of its sender and by the ingress of its receiver.
    /// </summary>
    public Verdict Verdict(Connection connection) =>
        Allows(connection, Direction.Egress) && Allows(connection, Direction.Ingress)
            ? Evaluate.Verdict.Allow
            : Evaluate.Verdict.Deny;

    /// <summary>The verdict with the deciding rule of each side, or the rules that came closest.</summary>
    public Explanation Explain(Connection connection)
    {
        var (egress, ingress) = (Explain(connection, Direction.Egress), Explain(connection, Direction.Ingress));
        var allowed = egress.Verdict == Evaluate.Verdict.Allow && ingress.Verdict == Evaluate.Verdict.Allow;
        return new(allowed ? Evaluate.Verdict.Allow : Evaluate.Verdict.Deny, egress, ingress);
    }

    private bool Allows(Connection connection, Direction direction)
    {
        var (reason, gate) = Judge(connection, direction);
        if (gate is null)
            return true;
        var peer = direction == Direction.Ingress ? connection.From : connection.To;
        var ports = _policy.PortsFor(gate, ClassOf(peer), peer.Address, IsExempt(reason));
        return ports.Contains(connection.Protocol, connection.Port);
    }

    private Side Explain(Connection connection, Direction direction)
    {
        var (reason, gate) = Judge(connection, direction);
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
    private (Reason Reason, Gate? Gate) Judge(Connection connection, Direction direction)
    {
        var (subject, peer) = direction == Direction.Ingress
            ? (connection.To, connection.From)
            : (connection.From, connection.To);
        if (subject.Kind != PartyKind.Pod)
            return (Reason.NotAPod, null);
        if (peer.Kind == PartyKind.Pod && peer.Endpoint == subject.Endpoint)
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

    private Gate? GateOf(Party subject, Direction direction) => _policy.GateOf(ClassOf(subject), direction);

    private int ClassOf(Party party) => party.Kind == PartyKind.Pod ? _policy.ClassOf(party.Endpoint) : -1;
}

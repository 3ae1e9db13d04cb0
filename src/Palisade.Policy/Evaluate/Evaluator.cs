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
        Parties = new(policy.Snapshot);
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
        var (_, gate) = Judge(connection, direction);
        var peer = direction == Direction.Ingress ? connection.From : connection.To;
        return gate is null
            || _policy.PortsFor(gate, ClassOf(peer), peer.Address).Contains(connection.Protocol, connection.Port);
    }

    private Side Explain(Connection connection, Direction direction)
    {
        var (reason, gate) = Judge(connection, direction);
        if (gate is null)
        {
            var tier = reason is Reason.Self or Reason.OwnNode ? "Exempt" : "Default";
            return new() { Verdict = Evaluate.Verdict.Allow, Tier = tier, Reason = reason };
        }

        var trace = new RuleTrace(_policy, connection, direction);
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
    /// What decides a side before rules do: why it is allowed, or the gate whose rules are to be asked (then no reason
    /// counts).
    /// </summary>
    private (Reason Reason, Gate? Gate) Judge(Connection connection, Direction direction)
    {
        var (subject, peer) = direction == Direction.Ingress
            ? (connection.To, connection.From)
            : (connection.From, connection.To);
        if (subject.Kind != PartyKind.Pod)
            return (Reason.NotAPod, null);
        if (peer.Kind == PartyKind.Pod && peer.Endpoint == subject.Endpoint)
            return (Reason.Self, null);
        if (peer.Kind == PartyKind.Node && peer.Node.Length > 0 && peer.Node == subject.Node)
            return (Reason.OwnNode, null);
        var gate = _policy.GateOf(ClassOf(subject), direction);
        return (Reason.NotIsolated, gate);
    }

    private int ClassOf(Party party) => party.Kind == PartyKind.Pod ? _policy.ClassOf(party.Endpoint) : -1;
}

using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>Why a side of a connection has its verdict.</summary>
public enum Reason : byte
{
    /// <summary>The end is no pod with a network of its own; policies do not isolate it.</summary>
    NotAPod,

    /// <summary>No policy isolates the pod in this direction, and no cluster policy decides.</summary>
    NotIsolated,

    /// <summary>A rule allows it.</summary>
    Allowed,

    /// <summary>The pod is isolated and no rule allows it.</summary>
    NoRuleMatches,

    /// <summary>A pod always reaches itself.</summary>
    Self,

    /// <summary>A pod and the node it runs on always reach each other, as far as NetworkPolicies go.</summary>
    OwnNode,

    /// <summary>A rule of a cluster policy denies it.</summary>
    Denied,
}

/// <summary>Which part of a rule did not hold.</summary>
public enum FailedPart : byte
{
    /// <summary>No entry of ports covers the port.</summary>
    Port,

    /// <summary>A port name stands for nothing on the destination.</summary>
    PortName,

    /// <summary>The peer must be a pod, and is none.</summary>
    NotAPod,

    /// <summary>The peer is in another namespace than the rule wants.</summary>
    Namespace,

    /// <summary>The peer lacks labels the rule wants.</summary>
    PodLabels,

    /// <summary>The address is outside the block.</summary>
    Address,

    /// <summary>The address is in the block, but excepted.</summary>
    ExceptedAddress,
}

/// <summary>
/// A rule that matched a side, and its first peer and port that matched (null: the rule lists none, so every one).
/// </summary>
public sealed record RuleMatch(
    PolicyRef Policy, Direction Direction, int Rule, int? Peer, int? Port, SourceLocation Origin)
{
    /// <summary>
    /// Part of the rule is not understood, so it denies everything whatever it says (ClusterNetworkPolicies only).
    /// </summary>
    public bool FailsClosed { get; init; }
}

/// <summary>
/// A rule that came close: what failed, and the same for people. Peer and Port index the rule's entries that were
/// closest.
/// </summary>
public sealed record NearMiss(
    NetworkPolicy Policy, Direction Direction, int Rule, int? Peer, int? Port,
    ImmutableArray<FailedPart> Failed, string Text, SourceLocation Origin);

/// <summary>
/// An end whose address several live pods claim: who they are, and which of them the answer is about.
/// </summary>
/// <param name="Address">The address.</param>
/// <param name="By">All pods that claim it, by namespace and name.</param>
/// <param name="JudgedAs">The first that may not; the first of all where all may.</param>
public sealed record SharedAddress(Address Address, ImmutableArray<Endpoint> By, Endpoint JudgedAs)
{
    /// <summary>A sentence.</summary>
    public override string ToString() =>
        $"{Address} is claimed by {string.Join(" and ", By.AsEnumerable())}, so it is allowed what all of them are; "
        + $"this is about {JudgedAs}";
}

/// <summary>The answer of one side: egress of the sender or ingress of the receiver.</summary>
public sealed record Side
{
    /// <summary>The side's verdict.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>
    /// Who decided: Admin, NetworkPolicy, Baseline, Default (nobody judged), or Exempt (the pod itself, or its own
    /// node).
    /// </summary>
    public required string Tier { get; init; }

    /// <summary>Why.</summary>
    public required Reason Reason { get; init; }

    /// <summary>The policies that isolate the pod in this direction, by name, if it is they who decided.</summary>
    public ImmutableArray<NetworkPolicy> IsolatedBy { get; init; } = [];

    /// <summary>The first rule that allows it, when a rule does.</summary>
    public RuleMatch? AllowedBy { get; init; }

    /// <summary>The rule of a cluster policy that denies it, when one does.</summary>
    public RuleMatch? DeniedBy { get; init; }

    /// <summary>The rules of cluster policies that passed it on, in the order in which they were asked.</summary>
    public ImmutableArray<RuleMatch> PassedBy { get; init; } = [];

    /// <summary>
    /// When it is denied: the rules that came closest, the closest first, at most <see
    /// cref="Evaluator.NearMissLimit"/>.
    /// </summary>
    public ImmutableArray<NearMiss> NearMisses { get; init; } = [];

    /// <summary>The ends whose addresses several pods claim: the side's own first.</summary>
    public ImmutableArray<SharedAddress> Shared { get; init; } = [];
}

/// <summary>The verdict of a connection and of both its sides; it is allowed if both sides allow it.</summary>
public sealed record Explanation(Verdict Verdict, Side Egress, Side Ingress);

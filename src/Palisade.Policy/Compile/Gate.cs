using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>A policy of any kind by its name. The namespace is empty for one that is in none.</summary>
public readonly record struct PolicyRef(PolicyKind Kind, string Namespace, string Name, SourceLocation Origin)
{
    /// <summary>The name of a NetworkPolicy.</summary>
    public static PolicyRef Of(NetworkPolicy policy) =>
        new(PolicyKind.NetworkPolicy, policy.Namespace, policy.Name, policy.Origin);

    /// <summary>The name of a ClusterNetworkPolicy.</summary>
    public static PolicyRef Of(ClusterNetworkPolicy policy) => new(policy.Kind, "", policy.Name, policy.Origin);

    /// <summary>Whether it is in no namespace: of a kind that becomes cluster policies.</summary>
    public bool IsOfCluster => Kind != PolicyKind.NetworkPolicy;

    /// <summary>namespace/name, or the name of a policy that is in no namespace.</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}

/// <summary>One rule of a policy: which policy, which direction, which place in its list (0-based).</summary>
public readonly record struct RuleRef(PolicyRef Policy, Direction Direction, int Rule)
{
    /// <summary>For example dev-team/allow-web ingress[0].</summary>
    public override string ToString() => $"{Policy} {(Direction == Direction.Ingress ? "ingress" : "egress")}[{Rule}]";
}

/// <summary>What some peers are allowed: these ports. <paramref name="Rules"/> are the rules that say so.</summary>
public sealed record GateEntry(PortSet Ports, PeerUnion Peers, ImmutableArray<RuleRef> Rules)
{
    /// <inheritdoc/>
    public bool Equals(GateEntry? other) => ReferenceEquals(this, other)
        || (other is not null && Ports.Equals(other.Ports) && Peers.Equals(other.Peers)
            && Rules.AsSpan().SequenceEqual(other.Rules.AsSpan()));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Ports, Peers, Rules.Length);

    /// <summary>For example TCP 80 from dev-team/{app=frontend}.</summary>
    public override string ToString() => $"{Ports} of {Peers}";
}

/// <summary>
/// A step of a tier: what is done with connections of these peers to these ports. One rule is one step or, with
/// egress port names,
/// several in a row that do the same.
/// </summary>
public sealed record GateStep(
    ClusterTier Tier, ClusterAction Action, PortSet Ports, PeerUnion Peers, RuleRef Rule)
{
    /// <summary>For example Deny TCP 80 of {team=a}/*.</summary>
    public override string ToString() => $"{Action} {Ports} of {Peers}";
}

/// <summary>
/// The decision for pods in one direction. Asked in order: the steps of the Admin tier, of which the first that matches
/// counts; then, if
/// NetworkPolicies isolate the pods, the entries: a connection is allowed if its peer and its port are in some entry,
/// and otherwise
/// denied; if none isolates them, the steps of the Baseline tier; what nobody decides is allowed. Pods that the same
/// policies concern, and
/// on which ingress port names stand for the same numbers, share one gate. The pod itself is exempt before any gate;
/// its own node is
/// exempt where the entries would be asked.
/// </summary>
public sealed class Gate
{
    private readonly GateName _name;

    internal Gate(GateName name, Direction direction) => (_name, Direction) = (name, direction);

    /// <summary>
    /// A stable name of [a-z0-9-], for example ingress-dev-team-3f2a9c017b44. Pods that come and go do not change it.
    /// </summary>
    public string Id => _name.Id;

    /// <summary>The direction it judges.</summary>
    public Direction Direction { get; }

    /// <summary>
    /// The NetworkPolicies that isolate the pods in this direction, by name. Empty: only cluster policies concern them.
    /// </summary>
    public required ImmutableArray<NetworkPolicy> Policies { get; init; }

    /// <summary>
    /// The ClusterNetworkPolicies with rules for the pods in this direction, in the order in which they are asked.
    /// </summary>
    public required ImmutableArray<ClusterNetworkPolicy> ClusterPolicies { get; init; }

    /// <summary>Whether NetworkPolicies isolate the pods: the entries decide, Baseline is not asked.</summary>
    public bool IsIsolated => !Policies.IsEmpty;

    /// <summary>
    /// What NetworkPolicies allow, one entry per distinct port set, in the order of the sets' texts. Empty: nothing,
    /// if <see cref="IsIsolated"/>.
    /// </summary>
    public required ImmutableArray<GateEntry> Entries { get; init; }

    /// <summary>
    /// What ClusterNetworkPolicies say, in the order in which it is asked: Admin before Baseline.
    /// </summary>
    public required ImmutableArray<GateStep> Steps { get; init; }

    /// <summary>For people: the namespace, the policies, and what port names stand for where that matters.</summary>
    public string Title => _name.Title;

    /// <summary>
    /// For each entry the rules that all of it comes from; null where it also depends on ports that pods declare.
    /// </summary>
    internal ImmutableArray<CompiledRule[]?> EntryRules { get; init; } = [];

    /// <summary>The rules of NetworkPolicies that decide, in the order of policies and lists.</summary>
    internal ImmutableArray<GateRule> Rules { get; init; } = [];

    /// <summary>The rules of the Admin tier, in the order in which they are asked.</summary>
    internal ImmutableArray<TierRule> Admin { get; init; } = [];

    /// <summary>The rules of the Baseline tier, in the order in which they are asked.</summary>
    internal ImmutableArray<TierRule> Baseline { get; init; } = [];

    /// <summary>
    /// Whether another gate is called the same, concerns the same policies by name and decides the same for the same
    /// reasons.
    /// </summary>
    public bool SaysTheSame(Gate other) => ReferenceEquals(this, other) || (IsCalledTheSame(other)
        && ClusterPolicies.Select(p => p.Name).SequenceEqual(other.ClusterPolicies.Select(p => p.Name))
        && Entries.AsSpan().SequenceEqual(other.Entries.AsSpan())
        && Steps.AsSpan().SequenceEqual(other.Steps.AsSpan()));

    /// <inheritdoc/>
    public override string ToString() => Id;

    /// <summary>A name is of the policies' names; what one cell built, one after the other, has one name.</summary>
    private bool IsCalledTheSame(Gate other) => ReferenceEquals(_name, other._name)
        || (Id == other.Id && Title == other.Title
            && Policies.Select(p => p.Name).SequenceEqual(other.Policies.Select(p => p.Name)));
}

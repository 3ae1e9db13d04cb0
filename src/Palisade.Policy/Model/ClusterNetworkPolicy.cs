using System.Collections.Immutable;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Model;

/// <summary>Where a ClusterNetworkPolicy stands: before NetworkPolicies, or after them.</summary>
public enum ClusterTier : byte
{
    /// <summary>Asked before any NetworkPolicy.</summary>
    Admin,

    /// <summary>Asked for pods that no NetworkPolicy isolates in the direction.</summary>
    Baseline,
}

/// <summary>What a rule of a ClusterNetworkPolicy does with the connections it matches.</summary>
public enum ClusterAction : byte
{
    /// <summary>Allows them; nothing further is asked on this side.</summary>
    Accept,

    /// <summary>Denies them.</summary>
    Deny,

    /// <summary>Leaves the tier: the next one decides.</summary>
    Pass,
}

/// <summary>
/// A ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2; semantics §3). It isolates nobody: only its rules count.
/// </summary>
public sealed record ClusterNetworkPolicy
{
    /// <summary>The policy's name; it is in no namespace.</summary>
    public required string Name { get; init; }

    /// <summary>What it was written as; it means the same.</summary>
    public PolicyKind Kind { get; init; } = PolicyKind.ClusterNetworkPolicy;

    /// <summary>Its tier.</summary>
    public required ClusterTier Tier { get; init; }

    /// <summary>0 to 1000 within its tier; the lower number is asked first, of equals the lower name.</summary>
    public required int Priority { get; init; }

    /// <summary>Which pods it is about; hostNetwork pods never.</summary>
    public required ClusterPods Subject { get; init; }

    /// <summary>Ingress rules, the first that matches decides.</summary>
    public ImmutableArray<ClusterRule> Ingress { get; init; } = [];

    /// <summary>Egress rules, the first that matches decides.</summary>
    public ImmutableArray<ClusterRule> Egress { get; init; } = [];

    /// <summary>Where the policy was written.</summary>
    public SourceLocation Origin { get; init; }

    /// <summary>The domain names that its Accept rules mention, as written: of others nobody needs to know.</summary>
    public IEnumerable<string> MentionedNames => Egress.Where(rule => rule.Action == ClusterAction.Accept)
        .SelectMany(rule => rule.Peers).OfType<DomainNamesPeer>().SelectMany(peer => peer.Names);

    /// <summary>The rules of a direction.</summary>
    public ImmutableArray<ClusterRule> Rules(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>
/// Pods of namespaces. The API's namespaces: {…} is all pods there; an absent namespaceSelector is every namespace.
/// </summary>
public sealed record ClusterPods(LabelSelector Namespaces, LabelSelector Pods);

/// <summary>
/// One rule. A connection matches if one of the peers AND one of the protocols does.
/// </summary>
public sealed record ClusterRule
{
    /// <summary>Its name, for people; may be empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>What it does.</summary>
    public required ClusterAction Action { get; init; }

    /// <summary>At least one, unless <see cref="NotUnderstood"/>; an empty list is not "everyone".</summary>
    public ImmutableArray<ClusterPeer> Peers { get; init; } = [];

    /// <summary>Empty: every port and every protocol, ICMP included.</summary>
    public ImmutableArray<ClusterPort> Protocols { get; init; } = [];

    /// <summary>
    /// Some part of it means nothing to us. It fails closed: Accept matches nothing, Deny and Pass deny everything.
    /// </summary>
    public bool NotUnderstood { get; init; }

    /// <summary>Where the rule was written.</summary>
    public SourceLocation Origin { get; init; }
}

/// <summary>One entry of from or to.</summary>
public abstract record ClusterPeer(SourceLocation Origin);

/// <summary>Pods by labels; never hostNetwork pods.</summary>
public sealed record ClusterPodPeer(ClusterPods Pods, SourceLocation Origin = default) : ClusterPeer(Origin);

/// <summary>Every destination with an address in a block: pods and nodes as well as what is outside.</summary>
public sealed record NetworksPeer(ImmutableArray<Cidr> Blocks, SourceLocation Origin = default) : ClusterPeer(Origin);

/// <summary>All addresses of the nodes whose labels match; the pod's own node too.</summary>
public sealed record NodesPeer(LabelSelector Nodes, SourceLocation Origin = default) : ClusterPeer(Origin);

/// <summary>
/// Addresses known to belong to a name: example.com itself, or *.example.com for every name below it (one or more
/// labels). Upper and
/// lower case are the same and a final dot does not count. Understood in Accept rules only.
/// </summary>
public sealed record DomainNamesPeer(ImmutableArray<string> Names, SourceLocation Origin = default)
    : ClusterPeer(Origin);

/// <summary>
/// One entry of protocols: numbers of one protocol, or a container-port name (then the other members say nothing),
/// which stands on
/// each destination pod for what is declared there, whatever the protocol.
/// </summary>
public sealed record ClusterPort(
    Protocol Protocol, ushort First, ushort Last, string? Name, SourceLocation Origin = default)
{
    /// <summary>One number, or an inclusive range.</summary>
    public static ClusterPort Range(Protocol protocol, ushort first, ushort last, SourceLocation origin = default) =>
        new(protocol, first, last, null, origin);

    /// <summary>A container-port name, of TCP, UDP or SCTP as each destination pod declares it.</summary>
    public static ClusterPort Named(string name, SourceLocation origin = default) =>
        new(Protocol.Tcp, 0, 0, name, origin);
}

/// <summary>A name of the domain name system with the addresses that are known to belong to it.</summary>
public sealed record DomainName(string Name, ImmutableArray<Address> Addresses)
{
    /// <summary>A name in lower case without its final dot.</summary>
    internal static string Canonical(string name) => name.TrimEnd('.').ToLowerInvariant();
}

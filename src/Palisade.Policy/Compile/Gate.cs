using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>One rule of a policy: which policy, which direction, which place in its list (0-based).</summary>
public readonly record struct RuleRef(NetworkPolicy Policy, Direction Direction, int Rule)
{
    /// <summary>For example dev-team/allow-web ingress[0].</summary>
    public override string ToString() => $"{Policy} {(Direction == Direction.Ingress ? "ingress" : "egress")}[{Rule}]";
}

/// <summary>What some peers are allowed: these ports. <paramref name="Rules"/> are the rules that say so.</summary>
public sealed record GateEntry(PortSet Ports, PeerUnion Peers, ImmutableArray<RuleRef> Rules)
{
    /// <summary>For example TCP 80 from dev-team/{app=frontend}.</summary>
    public override string ToString() => $"{Ports} of {Peers}";
}

/// <summary>
/// The decision for isolated pods in one direction: a connection is allowed if its peer and its port are in some entry.
/// Pods that the same policies isolate, and on which ingress port names stand for the same numbers, share one gate.
/// The pod itself and its own node are exempt before any gate.
/// </summary>
public sealed class Gate
{
    internal Gate(
        string id, Direction direction, string title, ImmutableArray<NetworkPolicy> policies,
        ImmutableArray<GateRule> rules, ImmutableArray<GateEntry> entries) =>
        (Id, Direction, Title, Policies, Rules, Entries) = (id, direction, title, policies, rules, entries);

    /// <summary>
    /// A stable name of [a-z0-9-], for example ingress-dev-team-3f2a9c017b44. Pods that come and go do not change it.
    /// </summary>
    public string Id { get; }

    /// <summary>The direction it judges.</summary>
    public Direction Direction { get; }

    /// <summary>The policies that isolate the pods in this direction, by name. Never empty.</summary>
    public ImmutableArray<NetworkPolicy> Policies { get; }

    /// <summary>
    /// What is allowed, one entry per distinct port set, in the order of the sets' texts. Empty: nothing.
    /// </summary>
    public ImmutableArray<GateEntry> Entries { get; }

    /// <summary>For people: the namespace, the policies, and what port names stand for where that matters.</summary>
    public string Title { get; }

    /// <summary>The rules that decide, in the order of policies and lists.</summary>
    internal ImmutableArray<GateRule> Rules { get; }

    /// <inheritdoc/>
    public override string ToString() => Id;
}

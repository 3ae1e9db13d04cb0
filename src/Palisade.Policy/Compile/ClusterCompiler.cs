using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>A cluster policy's rule and what it does, which is not what it says when it fails closed.</summary>
internal readonly record struct CompiledClusterRule(CompiledRule Rule, ClusterAction Action, bool FailsClosed);

/// <summary>
/// A ClusterNetworkPolicy with its rules compiled, without those that can match nothing.
/// </summary>
internal sealed record CompiledClusterPolicy(
    ClusterNetworkPolicy Policy, PodTerm Subject, ImmutableArray<CompiledClusterRule> Ingress,
    ImmutableArray<CompiledClusterRule> Egress)
{
    public ImmutableArray<CompiledClusterRule> Rules(Direction direction) =>
        direction == Direction.Ingress ? Ingress : Egress;

    public IEnumerable<CompiledRule> All => Ingress.Concat(Egress).Select(rule => rule.Rule);
}

/// <summary>The order in which cluster policies are asked: by tier, priority, and name among equals.</summary>
internal sealed class AskedBefore : IComparer<ClusterNetworkPolicy>
{
    public static AskedBefore Order { get; } = new();

    public int Compare(ClusterNetworkPolicy? x, ClusterNetworkPolicy? y)
    {
        var tier = x!.Tier.CompareTo(y!.Tier);
        var priority = x.Priority.CompareTo(y.Priority);
        return tier != 0 ? tier : priority != 0 ? priority : string.CompareOrdinal(x.Name, y.Name);
    }
}

/// <summary>Turns the rules of ClusterNetworkPolicies into terms, shared with those of NetworkPolicies.</summary>
internal sealed class ClusterCompiler(RuleCompiler rules)
{
    /// <summary>A port name of a ClusterNetworkPolicy is of the protocol that the destination pod declares.</summary>
    private static readonly ImmutableArray<Protocol> NamedProtocols = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp];

    public CompiledClusterPolicy Compile(ClusterNetworkPolicy policy) => new(
        policy, Term(policy.Subject), Rules(policy, Direction.Ingress), Rules(policy, Direction.Egress));

    private ImmutableArray<CompiledClusterRule> Rules(ClusterNetworkPolicy policy, Direction direction)
    {
        var compiled = ImmutableArray.CreateBuilder<CompiledClusterRule>();
        var source = policy.Rules(direction);
        for (var i = 0; i < source.Length; i++)
        {
            var reference = new RuleRef(PolicyRef.Of(policy), direction, i);
            if (IsUnderstood(source[i], direction))
                compiled.Add(new(Rule(source[i], reference), source[i].Action, false));
            else if (source[i].Action != ClusterAction.Accept)
                compiled.Add(new(Everything(source[i], reference), ClusterAction.Deny, true));
        }

        return compiled.ToImmutable();
    }

    /// <summary>
    /// Ingress peers are pods only; names that addresses are looked up by cannot deny, for what is not known of them
    /// would get through.
    /// </summary>
    private static bool IsUnderstood(ClusterRule rule, Direction direction) =>
        !rule.NotUnderstood && !rule.Peers.IsEmpty && rule.Peers.All(peer => peer switch
        {
            ClusterPodPeer => true,
            NetworksPeer networks => direction == Direction.Egress && !networks.Blocks.IsEmpty,
            NodesPeer => direction == Direction.Egress,
            DomainNamesPeer domains => direction == Direction.Egress && !domains.Names.IsEmpty
                && rule.Action == ClusterAction.Accept,
            _ => false,
        });

    private static CompiledRule Everything(ClusterRule rule, RuleRef reference) =>
        new(reference, rule.Origin, [], [], PortSet.Everything, []);

    private CompiledRule Rule(ClusterRule rule, RuleRef reference)
    {
        var ports = rule.Protocols.Select(Port).ToImmutableArray();
        var peers = rule.Peers.SelectMany(Peers).ToImmutableArray();
        return new(reference, rule.Origin, peers, ports, rules.NumbersOf(ports), rules.NamesOf(ports));
    }

    private static CompiledPort Port(ClusterPort port) => port.Name is { } name
        ? new(PortSet.Nothing, [.. NamedProtocols.Select(protocol => new PortName(name, protocol))])
        : new(PortSet.Of(port.Protocol, new PortRange(port.First, port.Last)), []);

    private IEnumerable<CompiledPeer> Peers(ClusterPeer peer, int index) => peer switch
    {
        ClusterPodPeer pods => [new(Term(pods.Pods), null, null, index)],
        NetworksPeer networks =>
            networks.Blocks.Select(block => new CompiledPeer(
                null, rules.Terms.Use(new BlockPeer(block, [])), null, index)),
        NodesPeer nodes => [new(null, null, Term(AddressSet.OfNodes(nodes.Nodes)), index)],
        DomainNamesPeer domains =>
            domains.Names.Select(name => new CompiledPeer(null, null, Term(AddressSet.OfDomain(name)), index)),
        _ => throw new ArgumentException($"unknown peer {peer.GetType().Name}"),
    };

    private PodTerm Term(ClusterPods pods) =>
        rules.Terms.Use(new PodSet(NamespaceScope.Matching(pods.Namespaces), pods.Pods));

    private AddressTerm Term(AddressSet set) => rules.Terms.Addresses.Use(set);
}

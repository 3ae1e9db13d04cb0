using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// Turns rules into terms: equal sets of pods and equal blocks become one object, and everything mentioned is noted.
/// </summary>
internal sealed class RuleCompiler(TermTable terms, PortSetPool pool)
{
    public TermTable Terms { get; } = terms;

    /// <summary>
    /// The rules of a direction in which the policy isolates. Rules of a direction in which it does not are not
    /// compiled.
    /// </summary>
    public ImmutableArray<CompiledRule> Compile(NetworkPolicy policy, Direction direction)
    {
        if (!policy.Isolates(direction))
            return [];
        var rules = policy.Rules(direction);
        var compiled = ImmutableArray.CreateBuilder<CompiledRule>(rules.Length);
        for (var i = 0; i < rules.Length; i++)
            compiled.Add(Compile(policy, rules[i], new(PolicyRef.Of(policy), direction, i)));
        return compiled.MoveToImmutable();
    }

    private CompiledRule Compile(NetworkPolicy policy, PolicyRule rule, RuleRef reference)
    {
        var ports = ImmutableArray.CreateBuilder<CompiledPort>(rule.Ports.Length);
        foreach (var port in rule.Ports)
            ports.Add(Compile(port));
        var peers = ImmutableArray.CreateBuilder<CompiledPeer>(rule.Peers.Length);
        for (var i = 0; i < rule.Peers.Length; i++)
            peers.Add(Compile(policy, rule.Peers[i], i));
        var compiled = ports.MoveToImmutable();
        return new(
            reference, rule.Origin, peers.MoveToImmutable(), compiled, NumbersOf(compiled), NamesOf(compiled));
    }

    /// <summary>All numbers of a rule's ports; a rule without ports has every port of every protocol.</summary>
    public PortSet NumbersOf(ImmutableArray<CompiledPort> ports)
    {
        if (ports.IsEmpty)
            return PortSet.Everything;
        var numbers = PortSet.Nothing;
        foreach (var port in ports)
            numbers = numbers.Union(port.Numbers);
        return pool.Intern(numbers);
    }

    /// <summary>The distinct names of a rule's ports, which are thereby mentioned.</summary>
    public ImmutableArray<PortName> NamesOf(ImmutableArray<CompiledPort> ports)
    {
        ImmutableArray<PortName> names = [];
        foreach (var port in ports)
        {
            foreach (var name in port.Names)
            {
                if (names.Contains(name))
                    continue;
                names = names.Add(name);
                Terms.Classes.Ports.Mention(name);
            }
        }

        return names;
    }

    private static CompiledPort Compile(PolicyPort port) => port.Name is { } name
        ? new(PortSet.Nothing, [new(name, port.Protocol)])
        : new(PortSet.Of(port.Protocol, new PortRange(port.First, port.Last)), []);

    private CompiledPeer Compile(NetworkPolicy policy, PolicyPeer peer, int index) => peer switch
    {
        PodPeer pods => new(Term(policy, pods), null, null, index),
        BlockPeer block => new(null, Terms.Use(block), null, index),
        _ => throw new ArgumentException($"unknown peer {peer.GetType().Name} in {policy}"),
    };

    private PodTerm Term(NetworkPolicy policy, PodPeer peer)
    {
        var scope = peer.Namespaces is null
            ? NamespaceScope.One(policy.Namespace)
            : NamespaceScope.Matching(peer.Namespaces);
        return Terms.Use(new PodSet(scope, peer.Pods));
    }
}

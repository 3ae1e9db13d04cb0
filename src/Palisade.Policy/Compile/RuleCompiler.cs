using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;


/// <summary>
/// Turns rules into terms: equal sets of pods and equal blocks become one object, and everything mentioned is noted.
/// </summary>
internal sealed class RuleCompiler(PortSetPool pool)
{
    private readonly Dictionary<PodSet, PodTerm> _pods = new() { [PodSet.Every] = new(PodSet.Every) };
    private readonly Dictionary<BlockPeer, BlockTerm> _blocks = [];

    public Vocabulary Vocabulary { get; } = new();

    public IReadOnlyDictionary<PodSet, PodTerm> Pods => _pods;

    public IReadOnlyCollection<BlockTerm> Blocks => _blocks.Values;

    /// <summary>
    /// The rules of a direction in which the policy isolates. Rules of a direction in which it does not are not
    /// compiled.
    /// </summary>
    public ImmutableArray<CompiledRule> Compile(NetworkPolicy policy, Direction direction) =>
        policy.Isolates(direction)
            ?
            [
                .. policy.Rules(direction)
                    .Select((rule, i) => Compile(policy, rule, new(PolicyRef.Of(policy), direction, i))),
            ]
            : [];

    private CompiledRule Compile(NetworkPolicy policy, PolicyRule rule, RuleRef reference)
    {
        var names = rule.Ports.Where(p => p.Name is not null).Select(p => new PortName(p.Name!, p.Protocol))
            .Distinct().ToImmutableArray();
        foreach (var name in names)
            Vocabulary.MentionPort(name);
        var ports = rule.Ports.Select(Compile).ToImmutableArray();
        return new(
            reference, rule.Origin, [.. rule.Peers.Select((peer, i) => Compile(policy, peer, i))], ports,
            NumbersOf(ports), names);
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

    private static CompiledPort Compile(PolicyPort port) => port.Name is { } name
        ? new(PortSet.Nothing, [new(name, port.Protocol)])
        : new(PortSet.Of(port.Protocol, new PortRange(port.First, port.Last)), []);

    private CompiledPeer Compile(NetworkPolicy policy, PolicyPeer peer, int index) => peer switch
    {
        PodPeer pods => new(Term(policy, pods), null, null, index),
        BlockPeer block => new(null, Term(block), null, index),
        _ => throw new ArgumentException($"unknown peer {peer.GetType().Name} in {policy}"),
    };

    private PodTerm Term(NetworkPolicy policy, PodPeer peer)
    {
        var scope = peer.Namespaces is null
            ? NamespaceScope.One(policy.Namespace)
            : NamespaceScope.Matching(peer.Namespaces);
        return Term(new PodSet(scope, peer.Pods));
    }

    /// <summary>The one term of a set of pods, which is thereby mentioned.</summary>
    public PodTerm Term(PodSet set)
    {
        if (!_pods.TryGetValue(set, out var term))
        {
            _pods[set] = term = new(set);
            Vocabulary.Mention(set.Namespaces);
            Vocabulary.MentionPods(set.Pods);
        }

        return term;
    }

    /// <summary>The one term of a block, which is thereby mentioned.</summary>
    public BlockTerm Term(BlockPeer peer)
    {
        var canonical = new BlockPeer(peer.Block, [.. peer.Except.Distinct().Order()]);
        if (!_blocks.TryGetValue(canonical, out var term))
            _blocks[canonical] = term = new(canonical);
        return term;
    }
}

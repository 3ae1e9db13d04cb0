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
            ? [.. policy.Rules(direction).Select((rule, i) => Compile(policy, rule, new(policy, direction, i)))]
            : [];

    private CompiledRule Compile(NetworkPolicy policy, PolicyRule rule, RuleRef reference)
    {
        var names = rule.Ports.Where(p => p.Name is not null).Select(p => new PortName(p.Name!, p.Protocol))
            .Distinct().ToImmutableArray();
        foreach (var name in names)
            Vocabulary.MentionPort(name);
        return new(reference, rule, [.. rule.Peers.Select(peer => Compile(policy, peer))], Numbers(rule), names);
    }

    private PortSet Numbers(PolicyRule rule)
    {
        if (rule.AnyPort)
            return PortSet.Everything;
        var numbers = PortSet.Nothing;
        foreach (var port in rule.Ports)
        {
            if (port.Name is null)
                numbers = numbers.Union(PortSet.Of(port.Protocol, new PortRange(port.First, port.Last)));
        }

        return pool.Intern(numbers);
    }

    private CompiledPeer Compile(NetworkPolicy policy, PolicyPeer peer) => peer switch
    {
        PodPeer pods => new(Term(policy, pods), null),
        BlockPeer block => new(null, Term(block)),
        _ => throw new ArgumentException($"unknown peer {peer.GetType().Name} in {policy}"),
    };

    private PodTerm Term(NetworkPolicy policy, PodPeer peer)
    {
        var scope = peer.Namespaces is null
            ? NamespaceScope.One(policy.Namespace)
            : NamespaceScope.Matching(peer.Namespaces);
        var set = new PodSet(scope, peer.Pods);
        if (!_pods.TryGetValue(set, out var term))
        {
            _pods[set] = term = new(set);
            Vocabulary.Mention(scope);
            Vocabulary.MentionPods(peer.Pods);
        }

        return term;
    }

    private BlockTerm Term(BlockPeer peer)
    {
        var canonical = new BlockPeer(peer.Block, [.. peer.Except.Distinct().Order()]);
        if (!_blocks.TryGetValue(canonical, out var term))
            _blocks[canonical] = term = new(canonical);
        return term;
    }
}

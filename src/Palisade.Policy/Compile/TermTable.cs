using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// What rules mention, each once: sets of pods, blocks, sets of addresses, port names. Everything counts its uses; what
/// has none any more is forgotten by <see cref="DropUnused"/>, so that it may come back within one change.
/// </summary>
internal sealed class TermTable
{
    private readonly Dictionary<(object Namespaces, SelectorTerm Pods), PodTerm> _pods = [];
    private readonly Dictionary<BlockPeer, BlockTerm> _blocks = [];
    private readonly List<PodTerm> _unusedPods = [];
    private readonly List<BlockTerm> _unusedBlocks = [];
    private readonly List<AddressTerm> _unusedAddresses = [];

    public TermTable()
    {
        Addresses = new(Atoms);
        Use(PodSet.Every);
    }

    public ClassTable Classes { get; } = new();

    public AtomTable Atoms { get; } = new();

    public AddressTerms Addresses { get; }

    /// <summary>The term of a set of pods, or null when nothing mentions it.</summary>
    public PodTerm? Find(PodSet set)
    {
        object? scope = set.Namespaces.Name is { } name
            ? Classes.Namespaces.Find(name)
            : Classes.Namespaces.Labels.Find(set.Namespaces.Selector);
        return scope is not null && Classes.Pods.Find(set.Pods) is { } pods
            ? _pods.GetValueOrDefault((scope, pods))
            : null;
    }

    /// <summary>The one term of a set of pods, which is thereby mentioned.</summary>
    public PodTerm Use(PodSet set)
    {
        var pods = Classes.Pods.Use(set.Pods);
        var name = set.Namespaces.Name is { } own ? Classes.Namespaces.NameOf(own) : null;
        var selector = name is null ? Classes.Namespaces.Labels.Use(set.Namespaces.Selector) : null;
        var key = ((object?)name ?? selector!, pods);
        if (_pods.TryGetValue(key, out var term))
        {
            // A term uses its selectors once, however many rules have it.
            Classes.Pods.Release(pods);
            if (selector is not null)
                Classes.Namespaces.Labels.Release(selector);
        }
        else
        {
            _pods[key] = term = new(Classes, set, name, selector, pods);
            if (name is not null)
                Classes.Namespaces.Mention(name);
        }

        term.Uses++;
        return term;
    }

    /// <summary>The one term of a block, which is thereby mentioned.</summary>
    public BlockTerm Use(BlockPeer peer)
    {
        var canonical = new BlockPeer(peer.Block, [.. peer.Except.Distinct().Order()]);
        if (!_blocks.TryGetValue(canonical, out var term))
        {
            _blocks[canonical] = term = new(Atoms, canonical);
            Atoms.Add(canonical.Block);
            foreach (var except in canonical.Except)
                Atoms.Add(except);
        }

        term.Uses++;
        return term;
    }

    /// <summary>Ends what the rules of a policy use.</summary>
    public void Release(IEnumerable<CompiledRule> rules)
    {
        foreach (var rule in rules)
        {
            foreach (var name in rule.Names)
                Classes.Ports.Unmention(name);
            foreach (var peer in rule.Peers)
            {
                if (peer.Pods is { } pods)
                    Release(pods);
                else if (peer.Block is { } block && --block.Uses == 0)
                    _unusedBlocks.Add(block);
                else if (peer.Addresses is { } addresses && --addresses.Uses == 0)
                    _unusedAddresses.Add(addresses);
            }
        }
    }

    public void Release(PodTerm pods)
    {
        if (--pods.Uses == 0)
            _unusedPods.Add(pods);
    }

    /// <summary>Forgets what nothing uses any more; then classes may have to settle.</summary>
    public void DropUnused()
    {
        foreach (var term in _unusedPods)
            Drop(term);
        foreach (var term in _unusedBlocks)
            Drop(term);
        foreach (var term in _unusedAddresses)
            Addresses.Drop(term);
        _unusedPods.Clear();
        _unusedBlocks.Clear();
        _unusedAddresses.Clear();
        Classes.Pods.DropUnused();
        Classes.Namespaces.Labels.DropUnused();
    }

    private void Drop(PodTerm term)
    {
        if (term.Uses > 0 || !_pods.Remove(((object?)term.Name ?? term.Namespaces!, term.Pods)))
            return;
        Classes.Pods.Release(term.Pods);
        if (term.Name is { } name)
            Classes.Namespaces.Unmention(name);
        else
            Classes.Namespaces.Labels.Release(term.Namespaces!);
    }

    private void Drop(BlockTerm term)
    {
        if (term.Uses > 0 || !_blocks.Remove(term.Block))
            return;
        Atoms.Remove(term.Block.Block);
        foreach (var except in term.Block.Except)
            Atoms.Remove(except);
    }
}

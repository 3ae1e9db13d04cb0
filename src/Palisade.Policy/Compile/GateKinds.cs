using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// The peers that one gate cannot tell apart: kinds of classes by which of its rules mean them as pods (and by what
/// its port names stand for there), kinds of atoms by which of its rules mean them as addresses. Two peers of one kind
/// of class and one kind of atom get the same ports.
/// </summary>
internal sealed class GateKinds
{
    private readonly TermRows _rows;
    private readonly CidrAtoms _atoms;
    private readonly List<IdSet> _classes = [];
    private readonly List<List<(int First, int End)>> _covers = [];

    private GateKinds(TermRows rows, CidrAtoms atoms) => (_rows, _atoms) = (rows, atoms);

    /// <summary>
    /// Kind k + 1 of classes is the k-th set; kind 0 the classes in none of them, and what is no pod.
    /// </summary>
    public IReadOnlyList<IdSet> Classes => _classes;

    /// <summary>
    /// Where runs of atoms of one kind begin, ascending from 0, by number over both families (IPv4 first); empty when
    /// the gate looks at no address.
    /// </summary>
    public int[] RunStarts { get; private set; } = [];

    /// <summary>The kind of each run. Kind 0 is no address.</summary>
    public int[] RunKinds { get; private set; } = [];

    /// <summary>How many kinds of atoms there are, 0 included.</summary>
    public int AtomKinds { get; private set; } = 1;

    /// <summary>Everybody is alike.</summary>
    public static GateKinds None { get; } = new(null!, null!);

    public static GateKinds Of(Gate gate, TermRows rows, CidrAtoms atoms)
    {
        var kinds = new GateKinds(rows, atoms);
        // What NetworkPolicies allow is a union, so rules that allow the same ports are one, and if one of those is for
        // everyone, it tells nobody apart.
        foreach (var same in gate.Rules.Where(rule => rule.PeerNames.IsEmpty).GroupBy(rule => rule.Ports))
        {
            if (!same.Key.IsEmpty && !same.Any(rule => rule.Rule.Peers.IsEmpty))
                kinds.Split([.. same.Select(rule => rule.Rule)]);
        }

        foreach (var rule in gate.Rules.Where(rule => !rule.PeerNames.IsEmpty)
            .Concat(gate.Admin.Concat(gate.Baseline).Select(rule => rule.Gate)))
        {
            kinds.Split([rule.Rule]);
            foreach (var name in rule.PeerNames)
                kinds.Split(name);
        }

        kinds.NumberAtoms();
        return kinds;
    }

    private void Split(ReadOnlySpan<CompiledRule> rules)
    {
        var pods = IdSet.Empty;
        var cover = new List<(int First, int End)>();
        foreach (var rule in rules)
        {
            foreach (var peer in rule.Peers)
            {
                if (peer.Pods is { } term)
                    pods = pods.Or(_rows.ClassesOf(term));
                else
                    Cover(cover, peer);
            }
        }

        Split(pods);
        if (cover.Count > 0)
            _covers.Add(cover);
    }

    private void Split(PortName name)
    {
        foreach (var classes in _rows.ClassesByNumbers(name))
            Split(classes);
    }

    /// <summary>Cuts the kinds of classes along a set, whose part in none of them becomes a kind.</summary>
    private void Split(IdSet set)
    {
        var rest = set;
        for (var i = _classes.Count - 1; i >= 0 && !rest.IsEmpty; i--)
        {
            var both = _classes[i].And(rest);
            if (both.IsEmpty)
                continue;
            rest = rest.Except(both);
            var outside = _classes[i].Except(both);
            if (outside.IsEmpty)
                continue;
            _classes[i] = both;
            _classes.Add(outside);
        }

        if (!rest.IsEmpty)
            _classes.Add(rest);
    }

    private void Cover(List<(int First, int End)> cover, CompiledPeer peer)
    {
        if (peer.Block is { } term)
            Cover(cover, term.Block);
        foreach (var address in peer.Addresses?.Addresses ?? [])
            cover.Add((_atoms.NumberOf(address), _atoms.NumberOf(address) + 1));
    }

    /// <summary>A block is a run of atoms, less those of its exceptions, which are runs as well.</summary>
    private void Cover(List<(int First, int End)> cover, BlockPeer block)
    {
        var next = _atoms.NumberOf(block.Block.First);
        var end = _atoms.NumberOf(block.Block.Last) + 1;
        foreach (var except in block.Except.Where(e => e.Family == block.Block.Family).Order())
        {
            var (first, last) = (_atoms.NumberOf(except.First), _atoms.NumberOf(except.Last));
            if (next < Math.Min(first, end))
                cover.Add((next, Math.Min(first, end)));
            next = Math.Max(next, last + 1);
        }

        if (next < end)
            cover.Add((next, end));
    }

    /// <summary>One kind per distinct list of rules that mean a run; neighbours of one kind are one run.</summary>
    private void NumberAtoms()
    {
        if (_covers.Count == 0)
            return;
        var edges = _covers.SelectMany(cover => cover).SelectMany(run => (int[])[run.First, run.End]);
        int[] cuts = [.. edges.Append(0).Distinct().Order()];
        var meant = new List<int>[cuts.Length];
        for (var i = 0; i < meant.Length; i++)
            meant[i] = [];
        for (var rule = 0; rule < _covers.Count; rule++)
        {
            foreach (var (first, end) in _covers[rule])
            {
                for (var i = Array.BinarySearch(cuts, first); i < cuts.Length && cuts[i] < end; i++)
                {
                    if (meant[i].Count == 0 || meant[i][^1] != rule)
                        meant[i].Add(rule);
                }
            }
        }

        Number(cuts, meant);
    }

    private void Number(int[] cuts, List<int>[] meant)
    {
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        var (starts, kinds) = (new List<int>(), new List<int>());
        for (var i = 0; i < cuts.Length; i++)
        {
            var key = string.Join(',', meant[i]);
            if (!known.TryGetValue(key, out var kind))
                known[key] = kind = known.Count + 1;
            if (kinds.Count > 0 && kinds[^1] == kind)
                continue;
            starts.Add(cuts[i]);
            kinds.Add(kind);
        }

        (RunStarts, RunKinds, AtomKinds) = ([.. starts], [.. kinds], known.Count + 1);
    }
}

using System.Diagnostics.CodeAnalysis;
using Palisade.Policy.Selectors;

namespace Palisade.Policy.Compile;

/// <summary>
/// The labels of pods or of namespaces, the selectors that are asked about them, and what the selectors can tell apart.
/// Labels that no selector mentions cannot change any answer, so restricted label sets leave them out. When a mention
/// appears or vanishes, only what has that label (or, for a key, that key) becomes stale.
/// </summary>
internal sealed class LabelIndex
{
    private readonly Dictionary<string, LabelKey> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<LabelSelector, SelectorTerm> _selectors = [];
    private readonly List<SelectorTerm> _unindexed = [];
    private readonly List<SelectorTerm> _unused = [];
    private readonly Dictionary<Label[], RestrictedLabels> _sets = new(new SameLabels());
    private readonly Dictionary<Label[], RestrictedLabels>.AlternateLookup<ReadOnlySpan<Label>> _setsBySpan;
    private readonly Ids _setIds = new();
    private readonly List<Label> _idle = [];
    private readonly List<LabelKey> _idleKeys = [];
    private Label[] _buffer = new Label[16];
    private int _labelIds;

    public LabelIndex() => _setsBySpan = _sets.GetAlternateLookup<ReadOnlySpan<Label>>();

    /// <summary>What must be restricted again. The index only adds to it.</summary>
    public List<Labelled> Stale { get; } = [];

    /// <summary>The labels of an object by key, valid until the next call.</summary>
    public ReadOnlySpan<Label> LabelsOf(LabelSet labels)
    {
        var pairs = labels.Pairs;
        if (pairs.Length > _buffer.Length)
            _buffer = new Label[pairs.Length];
        for (var i = 0; i < pairs.Length; i++)
            _buffer[i] = LabelOf(KeyOf(pairs[i].Key), pairs[i].Value);
        return _buffer.AsSpan(0, pairs.Length);
    }

    /// <summary>Notes that something must be restricted again.</summary>
    public void MakeStale(Labelled holder)
    {
        if (!holder.IsStale)
            Stale.Add(holder);
        holder.IsStale = true;
    }

    /// <summary>Ends what something has to do with labels.</summary>
    public void Remove(Labelled holder)
    {
        _idle.AddRange(holder.Labels);
        holder.Leave();
    }

    /// <summary>What selectors can tell of something's labels.</summary>
    public RestrictedLabels Restrict(Labelled holder)
    {
        if (holder.Labels.Length > _buffer.Length)
            _buffer = new Label[holder.Labels.Length];
        var count = 0;
        foreach (var label in holder.Labels)
        {
            if (label.Key.Mentions > 0)
                _buffer[count++] = label.Mentions > 0 ? label : OtherOf(label.Key);
        }

        var kept = _buffer.AsSpan(0, count);
        return _setsBySpan.TryGetValue(kept, out var known) ? known : Add(kept.ToArray());
    }

    /// <summary>The one term of a selector, or null.</summary>
    public SelectorTerm? Find(LabelSelector selector) => _selectors.GetValueOrDefault(selector);

    /// <summary>The one term of a selector, which is thereby mentioned and used once more.</summary>
    public SelectorTerm Use(LabelSelector selector)
    {
        if (!_selectors.TryGetValue(selector, out var term))
        {
            _selectors[selector] = term = new(this, selector);
            Mention(selector);
            Post(term);
        }

        term.Uses++;
        return term;
    }

    /// <summary>Ends one use of a term.</summary>
    public void Release(SelectorTerm term)
    {
        if (--term.Uses == 0)
            _unused.Add(term);
    }

    /// <summary>Forgets the selectors that nobody uses any more, and their mentions.</summary>
    public void DropUnused()
    {
        foreach (var term in _unused)
        {
            if (term.Uses > 0 || !_selectors.Remove(term.Selector))
                continue;
            foreach (var list in PostingsOf(term))
                list.Remove(term);
            Unmention(term.Selector);
        }

        _unused.Clear();
    }

    /// <summary>The sets that a selector may match, by its best positive requirement.</summary>
    public IEnumerable<RestrictedLabels> CandidatesOf(SelectorTerm term) => Best(term.Selector) switch
    {
        null => _sets.Values,
        { Operator: SelectorOperator.In } best => best.Values.Select(value => KeyOf(best.Key).Values[value])
            .SelectMany(label => label.Sets),
        var best => KeyOf(best.Key).Sets,
    };

    /// <summary>Forgets a set that nothing uses, if that is so.</summary>
    public void Drop(RestrictedLabels set)
    {
        if (set.Uses > 0 || !_sets.Remove(set.Labels))
            return;
        foreach (var label in set.Labels)
        {
            label.Sets.Remove(set);
            label.Key.Sets.Remove(set);
        }

        Tell(set, appears: false);
        _setIds.Free(set.Id);
    }

    /// <summary>Forgets labels that nobody has or mentions any more. Until then they may come back.</summary>
    public void Sweep()
    {
        foreach (var label in _idle)
        {
            if (label.Holders.Count == 0 && label.Mentions == 0 && label.Key.Values.Remove(label.Value))
                _idleKeys.Add(label.Key);
        }

        foreach (var key in _idleKeys)
        {
            if (key.Values.Count == 0 && key.Mentions == 0)
                _keys.Remove(key.Name);
        }

        _idle.Clear();
        _idleKeys.Clear();
    }

    private RestrictedLabels Add(Label[] labels)
    {
        var set = new RestrictedLabels(_setIds.Take(), labels);
        _sets[labels] = set;
        foreach (var label in labels)
        {
            label.Sets.Add(set);
            label.Key.Sets.Add(set);
        }

        Tell(set, appears: true);
        return set;
    }

    /// <summary>Tells the selectors that may match a set.</summary>
    private void Tell(RestrictedLabels set, bool appears)
    {
        foreach (var label in set.Labels)
        {
            Tell(label.Selectors, set, appears);
            Tell(label.Key.Selectors, set, appears);
        }

        Tell(_unindexed, set, appears);
    }

    private static void Tell(List<SelectorTerm> terms, RestrictedLabels set, bool appears)
    {
        foreach (var term in terms)
        {
            if (appears)
                term.Appear(set);
            else
                term.Vanish(set);
        }
    }

    /// <summary>The positive requirement that fewest label sets meet, as far as its form says.</summary>
    private static Requirement? Best(LabelSelector selector)
    {
        Requirement? best = null;
        foreach (var requirement in selector.Requirements)
        {
            if (requirement.Operator is SelectorOperator.In or SelectorOperator.Exists
                && (best is null || Rank(requirement) < Rank(best)))
                best = requirement;
        }

        return best;

        // How many objects meet it changes while a selector is posted, so it must not count.
        static int Rank(Requirement r) => r.Operator == SelectorOperator.In ? r.Values.Length : int.MaxValue;
    }

    private void Post(SelectorTerm term)
    {
        foreach (var list in PostingsOf(term))
            list.Add(term);
    }

    private IEnumerable<List<SelectorTerm>> PostingsOf(SelectorTerm term) => Best(term.Selector) switch
    {
        null => [_unindexed],
        { Operator: SelectorOperator.In } best => best.Values.Select(v => LabelOf(KeyOf(best.Key), v).Selectors),
        var best => [KeyOf(best.Key).Selectors],
    };

    private void Mention(LabelSelector selector)
    {
        foreach (var requirement in selector.Requirements)
        {
            var key = KeyOf(requirement.Key);
            if (key.Mentions++ == 0)
                MakeStale(key);
            foreach (var value in requirement.Values)
            {
                var label = LabelOf(key, value);
                if (label.Mentions++ == 0)
                    MakeStale(label);
            }
        }
    }

    private void Unmention(LabelSelector selector)
    {
        foreach (var requirement in selector.Requirements)
        {
            var key = KeyOf(requirement.Key);
            _idleKeys.Add(key);
            if (--key.Mentions == 0)
                MakeStale(key);
            foreach (var value in requirement.Values)
            {
                var label = LabelOf(key, value);
                _idle.Add(label);
                if (--label.Mentions == 0)
                    MakeStale(label);
            }
        }
    }

    private void MakeStale(LabelKey key)
    {
        foreach (var label in key.Values.Values)
            MakeStale(label.Holders);
    }

    private void MakeStale(Label label)
    {
        // Whatever could be the marker of other values changes them all.
        if (label.Value.Length > 0 && label.Value.AsSpan().Trim('*').IsEmpty)
            MakeStale(label.Key);
        else
            MakeStale(label.Holders);
    }

    private void MakeStale(List<Labelled> holders)
    {
        foreach (var holder in holders)
            MakeStale(holder);
    }

    private LabelKey KeyOf(string name)
    {
        if (!_keys.TryGetValue(name, out var key))
            _keys[name] = key = new(name);
        return key;
    }

    private Label LabelOf(LabelKey key, string value)
    {
        if (!key.Values.TryGetValue(value, out var label))
            key.Values[value] = label = new(key, value, ++_labelIds);
        return label;
    }

    /// <summary>
    /// The label that stands for every value no selector mentions: * is no label value, but selectors in code may hold
    /// any text.
    /// </summary>
    private Label OtherOf(LabelKey key)
    {
        var marker = "*";
        while (key.Values.TryGetValue(marker, out var same) && same.Mentions > 0)
            marker += "*";
        if (key.Other.Value != marker || key.Other.Id == 0)
            key.Other = new(key, marker, ++_labelIds);
        return key.Other;
    }

    private sealed class SameLabels
        : IEqualityComparer<Label[]>, IAlternateEqualityComparer<ReadOnlySpan<Label>, Label[]>
    {
        public bool Equals(Label[]? x, Label[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<Label> alternate, Label[] other) => alternate.SequenceEqual(other);

        public int GetHashCode([DisallowNull] Label[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<Label> alternate) => HashOf(alternate);

        public Label[] Create(ReadOnlySpan<Label> alternate) => alternate.ToArray();
    }

    /// <summary>A hash of some labels, by their numbers.</summary>
    public static int HashOf(ReadOnlySpan<Label> labels)
    {
        var hash = new HashCode();
        foreach (var label in labels)
            hash.Add(label.Id);
        return hash.ToHashCode();
    }
}

/// <summary>Small numbers that are given out, and again when they are free.</summary>
internal sealed class Ids
{
    private readonly Stack<int> _free = [];

    // All numbers given out are below this.
    private int _limit;

    public int Take() => _free.TryPop(out var id) ? id : _limit++;

    public void Free(int id) => _free.Push(id);
}

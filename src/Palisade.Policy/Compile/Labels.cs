using Palisade.Policy.Selectors;

namespace Palisade.Policy.Compile;

/// <summary>Something that has labels: they know it, and it knows where in their lists it stands.</summary>
internal abstract class Labelled
{
    private int[] _places = [];

    /// <summary>By key.</summary>
    public Label[] Labels { get; private set; } = [];

    /// <summary>Whether it waits to be looked at again, because what tells it apart may have changed.</summary>
    public bool IsStale { get; set; }

    public void Take(ReadOnlySpan<Label> labels)
    {
        Labels = labels.ToArray();
        _places = new int[labels.Length];
        for (var i = 0; i < Labels.Length; i++)
        {
            _places[i] = Labels[i].Holders.Count;
            Labels[i].Holders.Add(this);
        }
    }

    public void Leave()
    {
        for (var i = 0; i < Labels.Length; i++)
        {
            var holders = Labels[i].Holders;
            var last = holders[^1];
            holders[_places[i]] = last;
            last._places[Array.IndexOf(last.Labels, Labels[i])] = _places[i];
            holders.RemoveAt(holders.Count - 1);
        }

        Labels = [];
    }
}

/// <summary>A label key that something has or a selector mentions.</summary>
internal sealed class LabelKey
{
    public LabelKey(string name) => (Name, Other) = (name, new(this, "*", 0));

    public string Name { get; }

    /// <summary>How many selectors mention it.</summary>
    public int Mentions { get; set; }

    public Dictionary<string, Label> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Stands for every value that no selector compares with: one is as good as another.</summary>
    public Label Other { get; set; }

    /// <summary>The restricted label sets that have the key.</summary>
    public List<RestrictedLabels> Sets { get; } = [];

    /// <summary>The selectors that are found by the key being there.</summary>
    public List<SelectorTerm> Selectors { get; } = [];
}

/// <summary>A key with one value.</summary>
/// <param name="key">The key.</param>
/// <param name="value">The value.</param>
/// <param name="id">A number that no other label of the index has or had; 0 for the first <see cref="LabelKey.Other"/>.
/// </param>
internal sealed class Label(LabelKey key, string value, int id)
{
    // Most labels are mentioned by none, so these lists are made when needed.
    private List<RestrictedLabels>? _sets;
    private List<SelectorTerm>? _selectors;

    public LabelKey Key { get; } = key;

    public string Value { get; } = value;

    public int Id { get; } = id;

    /// <summary>How many requirements of selectors mention it.</summary>
    public int Mentions { get; set; }

    public List<Labelled> Holders { get; } = [];

    /// <summary>The restricted label sets that have it.</summary>
    public List<RestrictedLabels> Sets => _sets ??= [];

    /// <summary>The selectors that are found by this label being there.</summary>
    public List<SelectorTerm> Selectors => _selectors ??= [];
}

/// <summary>A distinct set of labels as far as selectors can tell, by key.</summary>
internal sealed class RestrictedLabels(int id, Label[] labels)
{
    public int Id { get; } = id;

    public Label[] Labels { get; } = labels;

    public LabelSet Set { get; } = LabelSet.OfSorted([.. labels.Select(l => KeyValuePair.Create(l.Key.Name, l.Value))]);

    /// <summary>How many classes or groups have it.</summary>
    public int Uses { get; set; }
}

/// <summary>
/// A distinct selector with its answers on restricted label sets, which are kept once they were asked for.
/// </summary>
internal sealed class SelectorTerm(LabelIndex index, LabelSelector selector)
{
    private Bits? _answers;

    public LabelSelector Selector { get; } = selector;

    /// <summary>How many terms and policies have it; at 0 it is no mention any more.</summary>
    public int Uses { get; set; }

    public bool Contains(RestrictedLabels labels) =>
        Selector.SelectsEverything || (_answers ?? Evaluate())[labels.Id];

    public void Appear(RestrictedLabels labels)
    {
        if (_answers is { } answers && Selector.Matches(labels.Set))
            answers.Set(labels.Id, true);
    }

    public void Vanish(RestrictedLabels labels) => _answers?.Set(labels.Id, false);

    /// <summary>Two threads may both do it; they find the same, so the race does no harm.</summary>
    private Bits Evaluate()
    {
        var answers = new Bits();
        foreach (var labels in index.CandidatesOf(this))
        {
            if (Selector.Matches(labels.Set))
                answers.Set(labels.Id, true);
        }

        return _answers = answers;
    }
}

/// <summary>A row of yes and no; no where nothing was said.</summary>
internal sealed class Bits
{
    private ulong[] _words = [];

    public bool this[int index]
    {
        get
        {
            var words = _words;
            return (uint)index / 64 < (uint)words.Length && ((words[index / 64] >> (index % 64)) & 1) != 0;
        }
    }

    public void Set(int index, bool value)
    {
        var bit = 1ul << (index % 64);
        if (index / 64 >= _words.Length)
        {
            if (!value)
                return;
            Array.Resize(ref _words, Math.Max(index / 64 + 1, _words.Length * 3 / 2));
        }

        _words[index / 64] = value ? _words[index / 64] | bit : _words[index / 64] & ~bit;
    }
}

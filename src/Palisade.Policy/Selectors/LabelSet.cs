using System.Collections.Immutable;

namespace Palisade.Policy.Selectors;

/// <summary>
/// The labels of one object: sorted by key, byte-exact, immutable. Keys and values compare ordinally.
/// </summary>
public sealed class LabelSet : IEquatable<LabelSet>
{
    private readonly ImmutableArray<KeyValuePair<string, string>> _pairs;

    private LabelSet(ImmutableArray<KeyValuePair<string, string>> pairs) => _pairs = pairs;

    /// <summary>No labels.</summary>
    public static LabelSet Empty { get; } = new([]);

    /// <summary>The labels, sorted by key.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Pairs => _pairs;

    /// <summary>A set of these labels; of a key given twice the last value counts.</summary>
    public static LabelSet Of(IEnumerable<KeyValuePair<string, string>> labels)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in labels)
            sorted[key] = value;
        return sorted.Count == 0 ? Empty : new([.. sorted]);
    }

    /// <summary>A set of labels that are already sorted by key, each key once.</summary>
    internal static LabelSet OfSorted(ImmutableArray<KeyValuePair<string, string>> labels) =>
        labels.IsEmpty ? Empty : new(labels);

    /// <summary>
    /// The value of a key, or null when the object has no such label (an empty value is not null). O(log n).
    /// </summary>
    public string? ValueOf(string key)
    {
        var (low, high) = (0, _pairs.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(_pairs[middle].Key, key);
            if (order == 0)
                return _pairs[middle].Value;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return null;
    }

    /// <summary>The same labels with one added or replaced.</summary>
    public LabelSet With(string key, string value) => Of(_pairs.Append(new(key, value)));

    /// <inheritdoc/>
    public bool Equals(LabelSet? other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (other is null || _pairs.Length != other._pairs.Length)
            return false;
        // KeyValuePair has no Equals of its own, so SequenceEqual would box every pair.
        for (var i = 0; i < _pairs.Length; i++)
        {
            if (_pairs[i].Key != other._pairs[i].Key || _pairs[i].Value != other._pairs[i].Value)
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var (key, value) in _pairs)
        {
            hash.Add(key, StringComparer.Ordinal);
            hash.Add(value, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }

    /// <summary>As kubectl prints labels: k=v,k2=v2.</summary>
    public override string ToString() => string.Join(',', _pairs.Select(pair => $"{pair.Key}={pair.Value}"));
}

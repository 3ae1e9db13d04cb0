using System.Collections;
using System.Numerics;

namespace Palisade.Policy.Sets;

/// <summary>
/// A set of small numbers (ids of classes, of groups of pods), immutable: one bit each, kept from the first word of 64
/// that is not empty to the last, so that a few neighbours cost a few bytes. Operations go over the words that both
/// sides have.
/// </summary>
public sealed class IdSet : IEnumerable<int>, IEquatable<IdSet>
{
    private const int WordBits = 64;

    // The word of the lowest id; the first and the last of the words kept are not 0.
    private readonly int _first;
    private readonly ulong[] _words;

    private IdSet(int first, ulong[] words) => (_first, _words) = (first, words);

    /// <summary>No id.</summary>
    public static IdSet Empty { get; } = new(0, []);

    /// <summary>Whether no id is in it.</summary>
    public bool IsEmpty => _words.Length == 0;

    /// <summary>How many ids are in it. O(words).</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var word in _words)
                count += BitOperations.PopCount(word);
            return count;
        }
    }

    /// <summary>The lowest id, or -1.</summary>
    public int Lowest => IsEmpty ? -1 : _first * WordBits + BitOperations.TrailingZeroCount(_words[0]);

    /// <summary>The words kept; bit b of word w is id (FirstWord + w) * 64 + b.</summary>
    internal ReadOnlySpan<ulong> Words => _words;

    internal int FirstWord => _first;

    /// <summary>The set of these ids, which may repeat and stand in any order.</summary>
    public static IdSet Of(IEnumerable<int> ids)
    {
        var list = ids as IReadOnlyCollection<int> ?? [.. ids];
        if (list.Count == 0)
            return Empty;
        var (first, last) = (list.Min() / WordBits, list.Max() / WordBits);
        var words = new ulong[last - first + 1];
        foreach (var id in list)
            words[id / WordBits - first] |= 1ul << (id % WordBits);
        return new(first, words);
    }

    /// <summary>The ids from 0 to before a limit.</summary>
    public static IdSet Below(int limit)
    {
        if (limit == 0)
            return Empty;
        var words = new ulong[(limit + WordBits - 1) / WordBits];
        words.AsSpan().Fill(ulong.MaxValue);
        if (limit % WordBits != 0)
            words[^1] = (1ul << (limit % WordBits)) - 1;
        return new(0, words);
    }

    /// <summary>Whether an id is in it.</summary>
    public bool Contains(int id)
    {
        unchecked
        {
            var word = (id >> 6) - _first;
            return (uint)word < (uint)_words.Length && ((_words[word] >> (id & 63)) & 1) != 0;
        }
    }

    /// <summary>What is in both.</summary>
    public IdSet And(IdSet other)
    {
        var (from, to) = Shared(other);
        if (from >= to)
            return Empty;
        var words = new ulong[to - from];
        for (var i = 0; i < words.Length; i++)
            words[i] = _words[from - _first + i] & other._words[from - other._first + i];
        return Trimmed(from, words);
    }

    /// <summary>What is in this one only.</summary>
    public IdSet Except(IdSet other)
    {
        var (from, to) = Shared(other);
        if (from >= to)
            return this;
        var words = _words.AsSpan().ToArray();
        for (var i = from; i < to; i++)
            words[i - _first] &= ~other._words[i - other._first];
        return Trimmed(_first, words);
    }

    /// <summary>What is in either.</summary>
    public IdSet Or(IdSet other)
    {
        if (IsEmpty || other.IsEmpty || ReferenceEquals(this, other))
            return IsEmpty ? other : this;
        var first = Math.Min(_first, other._first);
        var end = Math.Max(_first + _words.Length, other._first + other._words.Length);
        var words = new ulong[end - first];
        _words.CopyTo(words.AsSpan(_first - first));
        for (var i = 0; i < other._words.Length; i++)
            words[other._first - first + i] |= other._words[i];
        return new(first, words);
    }

    /// <summary>Whether some id is in both.</summary>
    public bool Overlaps(IdSet other)
    {
        var (from, to) = Shared(other);
        for (var i = from; i < to; i++)
        {
            if ((_words[i - _first] & other._words[i - other._first]) != 0)
                return true;
        }

        return false;
    }

    /// <summary>How many ids are in both, without making the set of them.</summary>
    public int CountShared(IdSet other)
    {
        var (from, to) = Shared(other);
        var count = 0;
        for (var i = from; i < to; i++)
            count += BitOperations.PopCount(_words[i - _first] & other._words[i - other._first]);
        return count;
    }

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator()
    {
        for (var i = 0; i < _words.Length; i++)
        {
            for (var word = _words[i]; word != 0; word &= word - 1)
                yield return (_first + i) * WordBits + BitOperations.TrailingZeroCount(word);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(IdSet? other) => ReferenceEquals(this, other)
        || (other is not null && _first == other._first && _words.AsSpan().SequenceEqual(other._words));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as IdSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(_first);
        foreach (var word in _words)
            hash.Add(word);
        return hash.ToHashCode();
    }

    /// <summary>The ids, separated by commas.</summary>
    public override string ToString() => string.Join(',', this);

    private (int From, int To) Shared(IdSet other) =>
        (Math.Max(_first, other._first), Math.Min(_first + _words.Length, other._first + other._words.Length));

    private static IdSet Trimmed(int first, ulong[] words)
    {
        var kept = words.AsSpan().TrimStart(0ul);
        first += words.Length - kept.Length;
        kept = kept.TrimEnd(0ul);
        return kept.IsEmpty ? Empty : new(first, kept.Length == words.Length ? words : kept.ToArray());
    }
}

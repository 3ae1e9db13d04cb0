using System.Numerics;

namespace Palisade.Dataplane.Proof.Space;

/// <summary>
/// An immutable set of small numbers, kept as the words between its lowest and its highest. So a set of one costs one
/// word, wherever it lies.
/// </summary>
internal sealed class Bits : IEquatable<Bits>
{
    private const int Width = 64;
    private readonly ulong[] _words;
    private readonly int _start;

    private Bits(int start, ulong[] words) => (_start, _words) = (start, words);

    public static Bits None { get; } = new(0, []);

    public bool IsEmpty => _words.Length == 0;

    private int End => _start + _words.Length;

    /// <summary>How many numbers are in it.</summary>
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

    /// <summary>The lowest number; of the empty set -1.</summary>
    public int First => IsEmpty ? -1 : _start * Width + BitOperations.TrailingZeroCount(_words[0]);

    public static Bits One(int number) => Of([(number, number)]);

    /// <summary>All numbers below a count.</summary>
    public static Bits Below(int count) => count == 0 ? None : Of([(0, count - 1)]);

    /// <summary>The union of runs, both ends included.</summary>
    public static Bits Of(IReadOnlyCollection<(int First, int Last)> runs)
    {
        if (runs.Count == 0)
            return None;
        var (low, high) = (runs.Min(run => run.First) / Width, runs.Max(run => run.Last) / Width);
        var words = new ulong[high - low + 1];
        foreach (var (first, last) in runs)
        {
            for (var word = first / Width; word <= last / Width; word++)
            {
                var from = word == first / Width ? first % Width : 0;
                var to = word == last / Width ? last % Width : Width - 1;
                words[word - low] |= (ulong.MaxValue >> (Width - 1 - to)) & (ulong.MaxValue << from);
            }
        }

        return new(low, words);
    }

    public static Bits Of(IEnumerable<int> numbers) => Of([.. numbers.Select(n => (n, n))]);

    public bool Contains(int number)
    {
        var word = number / Width - _start;
        return word >= 0 && word < _words.Length && ((_words[word] >> (number % Width)) & 1) != 0;
    }

    public Bits And(Bits other)
    {
        if (ReferenceEquals(this, other))
            return this;
        var (start, end) = (Math.Max(_start, other._start), Math.Min(End, other.End));
        // The borders are looked for first, so that an empty or small result costs no more than its own words.
        while (start < end && (_words[start - _start] & other._words[start - other._start]) == 0)
            start++;
        while (start < end && (_words[end - 1 - _start] & other._words[end - 1 - other._start]) == 0)
            end--;
        if (start >= end)
            return None;
        var words = new ulong[end - start];
        for (var i = 0; i < words.Length; i++)
            words[i] = _words[start + i - _start] & other._words[start + i - other._start];
        return new(start, words);
    }

    public Bits Or(Bits other)
    {
        if (other.IsEmpty || ReferenceEquals(this, other))
            return this;
        if (IsEmpty)
            return other;
        var (start, end) = (Math.Min(_start, other._start), Math.Max(End, other.End));
        var words = new ulong[end - start];
        _words.CopyTo(words, _start - start);
        for (var i = 0; i < other._words.Length; i++)
            words[other._start - start + i] |= other._words[i];
        return new(start, words);
    }

    public Bits Except(Bits other)
    {
        if (ReferenceEquals(this, other))
            return None;
        if (!Overlaps(other))
            return this;
        var (start, end) = (_start, End);
        while (start < end && (this[start] & ~other[start]) == 0)
            start++;
        while (start < end && (this[end - 1] & ~other[end - 1]) == 0)
            end--;
        if (start >= end)
            return None;
        var words = new ulong[end - start];
        for (var i = 0; i < words.Length; i++)
            words[i] = this[start + i] & ~other[start + i];
        return new(start, words);
    }

    public bool Overlaps(Bits other)
    {
        var (start, end) = (Math.Max(_start, other._start), Math.Min(End, other.End));
        for (var word = start; word < end; word++)
        {
            if ((_words[word - _start] & other._words[word - other._start]) != 0)
                return true;
        }

        return false;
    }

    public bool Equals(Bits? other) => ReferenceEquals(this, other)
        || (other is not null && _start == other._start && _words.AsSpan().SequenceEqual(other._words));

    public override bool Equals(object? obj) => Equals(obj as Bits);

    public override int GetHashCode() => HashCode.Combine(_start, _words.Length, IsEmpty ? 0 : _words[0]);

    /// <summary>The numbers, ascending.</summary>
    public IEnumerable<int> Numbers()
    {
        for (var i = 0; i < _words.Length; i++)
        {
            for (var word = _words[i]; word != 0; word &= word - 1)
                yield return (_start + i) * Width + BitOperations.TrailingZeroCount(word);
        }
    }

    private ulong this[int word] => word < _start || word >= End ? 0 : _words[word - _start];
}

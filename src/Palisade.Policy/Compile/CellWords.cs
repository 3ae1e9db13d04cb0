using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// How a gate's table lies in one array of words, and how it is read there: a verdict costs the cache lines it
/// touches, not what it computes, and most tables are two of them.
/// </summary>
/// <remarks>
/// 0        width: kinds of classes, one of them for what no rule's pods are, which is all that is no pod, too
///          | &lt;&lt; 32: cells of peers that are not exempt, which stand before as many of those that are
/// 1        where the runs begin, which is where the cells end | &lt;&lt; 32: where the window begins
/// 2        the first class in the window | &lt;&lt; 32: log2 of its bits a class
/// cells    kinds of atoms × width, twice; see <see cref="PackedPorts"/>; 0 where nobody has asked yet
/// runs     atoms of one kind, ascending: first atom &lt;&lt; 32 | kind
/// window   kinds of classes as numbers of 1, 2, 4, 8, 16 or 32 bits, from the first class of another kind than 0 on
/// </remarks>
internal static class CellWords
{
    /// <summary>Where the cells begin.</summary>
    public const int Cells = 3;

    /// <summary>
    /// More cells than this are not kept but asked each time: 2 MiB a gate. No cluster of the benchmarks comes near.
    /// </summary>
    private const long MostCells = 1 << 17;

    /// <summary>The words of a gate with no cell asked for yet.</summary>
    public static ulong[] Of(GateKinds kinds)
    {
        var width = kinds.Classes.Count + 1;
        var side = (long)kinds.AtomKinds * width;
        var runsAt = Cells + (2 * side <= MostCells ? 2 * (int)side : 0);
        var windowAt = runsAt + kinds.RunStarts.Length;
        var log2Bits = Log2BitsFor(kinds.Classes.Count + 1);
        var firstWord = kinds.Classes.Count == 0 ? 0 : kinds.Classes.Min(kind => kind.FirstWord);
        var endWord = kinds.Classes.Count == 0 ? 0 : kinds.Classes.Max(kind => kind.FirstWord + kind.Words.Length);
        var words = new ulong[windowAt + ((endWord - firstWord) << log2Bits)];
        words[0] = (uint)width | ((ulong)side << 32);
        words[1] = (uint)runsAt | ((ulong)windowAt << 32);
        words[2] = (uint)(firstWord * 64) | ((ulong)log2Bits << 32);
        for (var run = 0; run < kinds.RunStarts.Length; run++)
            words[runsAt + run] = ((ulong)kinds.RunStarts[run] << 32) | (uint)kinds.RunKinds[run];
        for (var kind = 0; kind < kinds.Classes.Count; kind++)
            Pack(words.AsSpan(windowAt), kinds.Classes[kind], (uint)kind + 1, firstWord * 64, log2Bits);
        return words;
    }

    /// <summary>How many cells are kept: none, or all.</summary>
    public static int Count(ulong[] words) => unchecked((int)words[1] - Cells);

    /// <summary>
    /// The cell of a peer of a class (-1: no pod) in an atom by its number (-1: no address), counted from the first. At
    /// or beyond <see cref="Count"/> where none are kept.
    /// </summary>
    public static int IndexOf(ulong[] words, int peerClass, int atom, bool exempt)
    {
        unchecked
        {
            var (width, side, runsAt, windowAt) = (
                (int)words[0], (int)(words[0] >> 32), (int)words[1], (int)(words[1] >> 32));
            var row = runsAt == windowAt ? 0 : AtomKindOf(words, runsAt, windowAt, atom);
            var index = row * width + ClassKindOf(words, windowAt, peerClass);
            if (exempt)
                index += side;
            return index;
        }
    }

    /// <summary>What the cell holds; 0 when that is not known.</summary>
    public static ulong Read(ulong[] words, int peerClass, int atom, bool exempt)
    {
        unchecked
        {
            var index = IndexOf(words, peerClass, atom, exempt);
            return index < Count(words) ? Volatile.Read(ref words[Cells + index]) : 0;
        }
    }

    /// <summary>The kind of an atom by its number; 0 for -1, which is no address.</summary>
    private static int AtomKindOf(ulong[] words, int from, int to, int atom)
    {
        if (atom < 0)
            return 0;
        unchecked
        {
            // The last run that does not begin after the atom. The first begins at 0.
            while (to - from > 1)
            {
                var middle = (from + to) >> 1;
                if ((int)(words[middle] >> 32) <= atom)
                    from = middle;
                else
                    to = middle;
            }

            return (int)words[from];
        }
    }

    private static int ClassKindOf(ulong[] words, int windowAt, int peerClass)
    {
        unchecked
        {
            var log2Bits = (int)(words[2] >> 32);
            // What lies before the window, and no class, is far behind its end as a number without sign.
            var at = (uint)(peerClass - (int)words[2]);
            var word = (uint)windowAt + (at >> (6 - log2Bits));
            if (word < (uint)words.Length)
                return (int)((words[word] >> (int)(at << log2Bits)) & ((1ul << (1 << log2Bits)) - 1));
            return 0;
        }
    }

    private static void Pack(Span<ulong> window, IdSet classes, uint kind, int start, int log2Bits)
    {
        // With one bit a class, the words of the set are the window.
        if (log2Bits == 0)
        {
            classes.Words.CopyTo(window);
            return;
        }

        foreach (var id in classes)
        {
            var at = id - start;
            window[at >> (6 - log2Bits)] |= (ulong)kind << ((at << log2Bits) & 63);
        }
    }

    private static int Log2BitsFor(int kinds)
    {
        var log2 = 0;
        while (1L << (1 << log2) < kinds)
            log2++;
        return log2;
    }
}

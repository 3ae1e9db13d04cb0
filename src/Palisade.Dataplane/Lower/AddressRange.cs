using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>All addresses from First to Last, both included, of one family.</summary>
internal readonly record struct AddressRange(Address First, Address Last)
{
    /// <summary>
    /// The addresses of these blocks in a family, as ascending ranges that neither overlap nor touch. What a block
    /// excepts is taken from that block only, before the union: another block may allow it again (semantics §1.4).
    /// </summary>
    public static ImmutableArray<AddressRange> Of(IEnumerable<BlockPeer> blocks, AddressFamily family)
    {
        var ranges = new List<AddressRange>();
        foreach (var block in blocks)
        {
            if (block.Block.Family == family)
                ranges.AddRange(Without(new(block.Block.First, block.Block.Last), block.Except));
        }

        return Merge(ranges);
    }

    private static IEnumerable<AddressRange> Without(AddressRange whole, ImmutableArray<Cidr> excepts)
    {
        var family = whole.First.Family;
        var next = whole.First.Bits;
        foreach (var except in excepts.Where(e => e.Family == family).Order())
        {
            if (except.Last.Bits < next || except.First.Bits > whole.Last.Bits)
                continue;
            if (except.First.Bits > next)
                yield return new(new(family, next), new(family, except.First.Bits - 1));
            if (except.Last.Bits >= whole.Last.Bits)
                yield break;
            next = except.Last.Bits + 1;
        }

        yield return new(new(family, next), whole.Last);
    }

    private static ImmutableArray<AddressRange> Merge(List<AddressRange> ranges)
    {
        ranges.Sort((a, b) => a.First.CompareTo(b.First));
        var merged = ImmutableArray.CreateBuilder<AddressRange>(ranges.Count);
        foreach (var range in ranges)
        {
            // Touching ranges become one: the kernel's interval sets refuse or merge them, and nft lists them merged.
            if (merged.Count == 0 || !Touches(merged[^1], range))
                merged.Add(range);
            else if (range.Last.Bits > merged[^1].Last.Bits)
                merged[^1] = merged[^1] with { Last = range.Last };
        }

        return merged.ToImmutable();
    }

    /// <summary>Whether a range that begins no earlier overlaps another or follows it without a gap.</summary>
    private static bool Touches(AddressRange earlier, AddressRange later) =>
        earlier.Last.Bits == UInt128.MaxValue || later.First.Bits <= earlier.Last.Bits + 1;
}

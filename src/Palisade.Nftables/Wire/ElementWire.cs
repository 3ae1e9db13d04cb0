using System.Collections.Immutable;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Wire;

/// <summary>Set elements on the wire.</summary>
/// <remarks>
/// list: NFTA_SET_ELEM_LIST_TABLE (1) string · _SET (2) string · _ELEMENTS (3) nest { LIST_ELEM (1) nest … }
///   · _SET_ID (4) u32
/// element: KEY (1) data · DATA (2) data { verdict } or { value } · FLAGS (3) u32: 1 INTERVAL_END
///   · USERDATA (6) records: comment (0) · KEY_END (10) data
/// An interval of one field is two elements: its first key, and the key behind its last with INTERVAL_END (none
/// behind the last key of all). A concatenated interval is one element with KEY and KEY_END, both inclusive.
/// </remarks>
internal static class ElementWire
{
    /// <summary>A nest's length is 16 bits: elements are spread over messages well below that.</summary>
    internal const int MaxElementBytes = 32 * 1024;

    private const uint IntervalEnd = 1;

    internal static void Encode(NetlinkBuffer buffer, SetDefinition set, Element element, bool withContents)
    {
        var end = set.HasKeyEnds ? element.End ?? element.Key : (NftKey?)null;
        EncodeOne(buffer, element.Key, end, 0, withContents ? element : null);
        if (set.IsInterval && !set.HasKeyEnds && (element.End ?? element.Key).Next() is { } behind)
            EncodeOne(buffer, behind, null, IntervalEnd, null);
    }

    /// <summary>Puts together what a dump gave, in the kernel's order; interval borders are paired.</summary>
    internal static ImmutableArray<Element> Join(SetDefinition set, List<(Element Element, bool IsEnd)> dumped)
    {
        if (!set.IsInterval || set.HasKeyEnds)
            return [.. dumped.Select(entry => entry.Element)];
        var ordered = dumped.OrderBy(entry => entry.Element.Key).ThenBy(entry => entry.IsEnd ? 0 : 1);
        var elements = ImmutableArray.CreateBuilder<Element>();
        Element? open = null;
        foreach (var (element, isEnd) in ordered)
        {
            if (open is not null)
                elements.Add(Close(open, element.Key.Previous()));
            open = isEnd ? null : element;
        }

        if (open is not null)
            elements.Add(Close(open, new(Enumerable.Repeat((byte)0xff, set.Key.Length).ToArray())));
        return elements.ToImmutable();
    }

    internal static (Element Element, bool IsEnd) Decode(SetDefinition set, ReadOnlySpan<byte> nest)
    {
        var element = new Element(default(NftKey));
        uint flags = 0;
        var reader = new AttributeReader(nest);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: element = element with { Key = reader.Value }; break;
                case 2 when set.Data is not null: element = element with { Data = reader.Value }; break;
                case 2: element = element with { Verdict = VerdictOf(reader.Payload) }; break;
                case 3: flags = reader.Big32; break;
                case 6: element = element with { Comment = NftComment.Decode(reader.Payload) }; break;
                case 10: element = element with { End = reader.Value }; break;
            }
        }

        if (set.HasKeyEnds && element.End == element.Key)
            element = element with { End = null };
        return (element, (flags & IntervalEnd) != 0);
    }

    private static NftVerdict? VerdictOf(ReadOnlySpan<byte> data)
    {
        var verdict = AttributeReader.Find(data, 2);
        return verdict.IsEmpty ? null : NftVerdict.Decode(verdict);
    }

    private static Element Close(Element open, NftKey last) => open.Key == last ? open : open with { End = last };

    private static void EncodeOne(NetlinkBuffer buffer, NftKey key, NftKey? end, uint flags, Element? contents)
    {
        var nest = buffer.BeginNest(1);
        if (flags != 0)
            buffer.PutBig32(3, flags);
        buffer.PutValue(1, key);
        if (end is { } last)
            buffer.PutValue(10, last);
        if (contents?.Verdict is { } verdict)
        {
            var data = buffer.BeginNest(2);
            verdict.Encode(buffer);
            buffer.EndNest(data);
        }

        if (contents?.Data is { } value)
            buffer.PutValue(2, value);
        if (contents?.Comment is { } comment)
            buffer.Put(6, NftComment.Encode(comment));
        buffer.EndNest(nest);
    }
}

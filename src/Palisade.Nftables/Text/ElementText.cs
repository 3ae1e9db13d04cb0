namespace Palisade.Nftables.Text;

/// <summary>Set elements as nft 1.0.6 prints them: text, order, and how many go on a line.</summary>
internal static class ElementText
{
    internal static string Print(SetDefinition set, Element element)
    {
        var comment = element.Comment is null ? "" : $" comment \"{element.Comment}\"";
        var verdict = element.Verdict is null ? "" : $" : {element.Verdict}";
        if (element.Data is { } data && set.Data is { } type)
            verdict = $" : {Key(type, new(data))}";
        return Key(set.Key, element) + comment + verdict;   // the comment before the verdict: nft 1.0.6
    }

    /// <summary>Sorted by value, as nft lists them; concatenated intervals stay as the kernel gives them.</summary>
    internal static IEnumerable<Element> Ordered(SetDefinition set, IEnumerable<Element> elements)
    {
        if (set.HasKeyEnds)
            return elements;
        return set.IsInterval || IsBigEndian(set.Key)
            ? elements.OrderBy(element => element.Key)
            : elements.OrderBy(element => new NftKey(Reversed(set.Key, element.Key)));
    }

    /// <summary>How many elements share a line in a named set.</summary>
    internal static int PerLine(KeyType key) => key.IsConcatenation ? 1 : (FieldType)key.Number switch
    {
        FieldType.Ipv4Address => 2,
        FieldType.InetService or FieldType.InetProtocol => 5,
        _ => 1,
    };

    private static bool IsBigEndian(KeyType key) =>
        !key.IsConcatenation && key.IntegerBytes <= 1
        && (FieldType)key.Number is not (FieldType.InterfaceName or FieldType.Mark);

    // nft compares names, host-order numbers and whole concatenations as little-endian numbers, fields unpadded.
    private static byte[] Reversed(KeyType type, NftKey key)
    {
        var bytes = new List<byte>();
        var offset = 0;
        foreach (var field in type.Fields)
        {
            var length = type.IsConcatenation ? KeyType.LengthOf(field) : type.Length;
            bytes.AddRange(key.Bytes.Slice(offset, length));
            offset += type.IsConcatenation ? (length + 3) & ~3 : length;
        }

        bytes.Reverse();
        return [.. bytes];
    }

    private static string Key(KeyType type, Element element)
    {
        var fields = type.Fields;
        if (type.IntegerBytes == 4)
            return $"{FieldText.Host32(element.Key.Bytes)}";
        if (fields.Length == 1)
            return Field(fields[0], element.Key.Bytes, element.End is { } end ? end.Bytes : element.Key.Bytes);
        var parts = new List<string>();
        var offset = 0;
        foreach (var field in fields)
        {
            var length = KeyType.LengthOf(field);
            var first = element.Key.Bytes.Slice(offset, length);
            var last = element.End is { } to ? to.Bytes.Slice(offset, length) : first;
            parts.Add(Field(field, first, last));
            offset += (length + 3) & ~3;
        }

        return string.Join(" . ", parts);
    }

    private static string Field(FieldType field, ReadOnlySpan<byte> first, ReadOnlySpan<byte> last)
    {
        if (first.SequenceEqual(last))
            return FieldText.Format(field, first);
        var prefix = FieldText.HasPrefixes(field) ? PrefixLength(first, last) : null;
        return prefix is { } length
            ? $"{FieldText.Format(field, first)}/{length}"
            : $"{FieldText.Format(field, first)}-{FieldText.Format(field, last)}";
    }

    /// <summary>The length of the prefix that is exactly this range; null when none is.</summary>
    private static int? PrefixLength(ReadOnlySpan<byte> first, ReadOnlySpan<byte> last)
    {
        var length = 0;
        while (length < first.Length * 8 && BitAt(first, length) == BitAt(last, length))
            length++;
        for (var bit = length; bit < first.Length * 8; bit++)
        {
            if (BitAt(first, bit) || !BitAt(last, bit))
                return null;
        }

        return length;
    }

    private static bool BitAt(ReadOnlySpan<byte> bytes, int bit) => (bytes[bit / 8] & (0x80 >> (bit % 8))) != 0;
}

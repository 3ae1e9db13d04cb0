using System.Collections.Immutable;

namespace Palisade.Dataplane.Proof.Kernel;

/// <summary>An element as it stands in a dump.</summary>
/// <remarks>
/// NFTA_SET_ELEM_KEY (1) data · _DATA (2) data { VALUE (1) | VERDICT (2) } · _FLAGS (3) u32: 1 INTERVAL_END, 2 CATCHALL
/// · _EXPR (7) expression · _KEY_END (10) data · _EXPRESSIONS (11) list. Timeouts do not matter while it is there.
/// </remarks>
internal readonly record struct RawElement(
    byte[] Key, byte[]? KeyEnd, uint Flags, KernelVerdict? Verdict, string? Opaque)
{
    public bool IsEnd => (Flags & 1) != 0;

    public static RawElement Of(ReadOnlySpan<byte> nest)
    {
        byte[] key = [];
        byte[]? end = null;
        uint flags = 0;
        KernelVerdict? verdict = null;
        string? opaque = null;
        var attributes = new Attributes(nest);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case 1: key = Attributes.Of(attributes.Contents, 1).ToArray(); break;
                case 10: end = Attributes.Of(attributes.Contents, 1).ToArray(); break;
                case 3: flags = attributes.Number; break;
                case 2:
                    verdict = RuleDecoder.Verdict(Attributes.Of(attributes.Contents, 2));
                    opaque ??= verdict is null ? "a verdict or data" : null;
                    break;
                case 7 or 11: opaque ??= ExpressionsOf(attributes.Type, attributes.Contents); break;
            }
        }

        return new(key, end, flags, verdict, opaque ?? ((flags & ~1u) != 0 ? $"element flags {flags}" : null));
    }

    /// <summary>Counters of elements decide nothing; limits and quotas do.</summary>
    private static string? ExpressionsOf(int type, ReadOnlySpan<byte> contents)
    {
        var name = new Attributes(type == 7 ? contents : Attributes.Of(contents, 1));
        return name.MoveNext() && name.Text == "counter" ? null : "an expression of an element";
    }
}

/// <summary>What a set's definition says.</summary>
/// <remarks>
/// NFTA_SET_TABLE (1) · _NAME (2) · _FLAGS (3) u32 · _KEY_LEN (5) u32 · _DATA_TYPE (6) u32: 0xffffff00 verdict ·
/// _DESC (9) nest { CONCAT (2) nest { ELEM (1) nest { FIELD_LEN (1) u32 } … } } · _COUNT (20) u32
/// </remarks>
internal sealed record SetShape(string Table, string Name, uint Flags, int KeyLength, uint DataType, int Count)
{
    private const uint Interval = 4;
    private const uint Map = 8;
    private const uint Concatenation = 0x80;

    /// <summary>Anonymous, constant, interval, map, timeout, concatenation: what is understood here.</summary>
    private const uint Known = 1 | 2 | Interval | Map | 0x10 | Concatenation;

    private const uint VerdictData = 0xffffff00;

    public ImmutableArray<int> FieldLengths { get; init; } = [];

    public bool IsInterval => (Flags & Interval) != 0;

    private bool HasKeyEnds => IsInterval && (Flags & Concatenation) != 0;

    public static SetShape? Of(ReadOnlySpan<byte> attributes)
    {
        var shape = new SetShape("", "", 0, 0, 0, -1);
        var reader = new Attributes(attributes);
        while (reader.MoveNext())
        {
            shape = reader.Type switch
            {
                1 => shape with { Table = reader.Text },
                2 => shape with { Name = reader.Text },
                3 => shape with { Flags = reader.Number },
                5 => shape with { KeyLength = (int)reader.Number },
                6 => shape with { DataType = reader.Number },
                9 => shape with { FieldLengths = LengthsIn(reader.Contents) },
                20 => shape with { Count = (int)reader.Number },
                _ => shape,
            };
        }

        return shape;
    }

    public KernelSet Fill(List<RawElement> elements)
    {
        var opaque = (Flags & ~Known) != 0 ? $"set flags {Flags & ~Known:x}"
            : (Flags & Map) != 0 && DataType != VerdictData ? "a map to data"
            : elements.Select(element => element.Opaque).FirstOrDefault(what => what is not null);
        var filled = IsInterval && !HasKeyEnds
            ? Paired(elements)
            : elements.Select(e => new KernelElement(e.Key, e.KeyEnd ?? e.Key, e.Verdict));
        return new(Name, (Flags & Map) != 0, [.. filled])
        {
            Opaque = opaque,
            RangedFields = HasKeyEnds ? FieldLengths : [],
        };
    }

    private static ImmutableArray<int> LengthsIn(ReadOnlySpan<byte> description)
    {
        var lengths = ImmutableArray.CreateBuilder<int>();
        var fields = new Attributes(Attributes.Of(description, 2));
        while (fields.MoveNext())
        {
            var length = new Attributes(fields.Contents);
            while (length.MoveNext())
            {
                if (length.Type == 1)
                    lengths.Add((int)length.Number);
            }
        }

        return lengths.ToImmutable();
    }

    /// <summary>
    /// An interval is told as two elements: the one it begins with, and the one behind its last, marked as an end
    /// (none where it reaches the highest key).
    /// </summary>
    private IEnumerable<KernelElement> Paired(List<RawElement> elements)
    {
        RawElement? open = null;
        var ordered = elements.OrderBy(e => e.Key, ByteOrder.Instance).ThenBy(e => e.IsEnd ? 0 : 1);
        foreach (var element in ordered)
        {
            if (open is { } begun)
                yield return new(begun.Key, ByteOrder.Before(element.Key), begun.Verdict);
            open = element.IsEnd ? null : element;
        }

        if (open is { } last)
            yield return new(last.Key, [.. Enumerable.Repeat((byte)0xff, KeyLength)], last.Verdict);
    }
}

/// <summary>memcmp's order.</summary>
internal sealed class ByteOrder : IComparer<byte[]>
{
    public static ByteOrder Instance { get; } = new();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);

    /// <summary>The key before this one, which is not the lowest.</summary>
    public static byte[] Before(byte[] key)
    {
        var before = key.ToArray();
        for (var i = before.Length - 1; i >= 0; i--)
        {
            before[i] = unchecked((byte)(before[i] - 1));
            if (before[i] != 0xff)
                break;
        }

        return before;
    }
}

using System.Collections.Immutable;
using System.Globalization;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Sets;

namespace Palisade.Kubernetes.Cel;

/// <summary>
/// What an expression comes to when it comes to nothing: absorbed by &amp;&amp;, || and ?:, else passed on.
/// </summary>
internal sealed record CelError(string Message)
{
    public static CelError OutOfBudget { get; } = new("out of cost budget");

    public static CelError NoOverload { get; } = new("no such overload");

    public static CelError NoKey(object? key) => new($"no such key: {CelText.Of(key)}");
}

/// <summary>optional_type(T).</summary>
internal sealed record CelOptional(bool HasValue, object? Value)
{
    public static CelOptional None { get; } = new(false, null);

    public static CelOptional Of(object? value) => new(true, value);
}

/// <summary>A type as a value: type(1) == int.</summary>
internal sealed record CelType(string Name);

/// <summary>A CIDR as CEL's cidr library holds it: the address as written, with the length.</summary>
internal sealed record CelCidr(Address Address, int Length)
{
    public Cidr Block => new(Address, Length);
}

/// <summary>A list: of values, or of an object's items, which are turned into values when they are asked for.</summary>
internal sealed class CelList
{
    private readonly IReadOnlyList<object?>? _values;
    private readonly ImmutableArray<WireValue> _items;
    private readonly CustomSchema? _schema;

    public CelList(IReadOnlyList<object?> values) => _values = values;

    public CelList(WireArray list, CustomSchema? items)
    {
        _items = list.Items;
        _schema = items;
    }

    public int Count => _values?.Count ?? _items.Length;

    public object? this[int index] => _values is null ? CelText.Value(_items[index], _schema) : _values[index];

    public IEnumerable<object?> Items => Enumerable.Range(0, Count).Select(i => this[i]);
}

/// <summary>A map, or an object, whose fields are its keys.</summary>
internal sealed class CelMap
{
    private readonly IReadOnlyList<(object? Key, object? Value)>? _entries;
    private readonly WireObject? _object;
    private readonly CustomSchema? _schema;

    public CelMap(IReadOnlyList<(object? Key, object? Value)> entries) => _entries = entries;

    public CelMap(WireObject value, CustomSchema? schema)
    {
        _object = value;
        _schema = schema;
    }

    public int Count => _entries?.Count ?? _object!.Members.Length;

    public IEnumerable<object?> Keys => _entries?.Select(entry => entry.Key)
        ?? _object!.Members.Select(member => (object?)member.Name);

    /// <summary>The value of a key; a <see cref="CelError"/> when there is none.</summary>
    public object? this[object? key]
    {
        get
        {
            if (_object is not null)
                return key is string name && Member(name) is { } value ? value.Value : CelError.NoKey(key);
            foreach (var entry in _entries!)
            {
                if (CelOperators.Same(entry.Key, key))
                    return entry.Value;
            }

            return CelError.NoKey(key);
        }
    }

    /// <summary>The value of a field, by its name as CEL can write it (__namespace__, a__dash__b).</summary>
    public object? Field(string name) =>
        _object is not null && !_schema.IsMap() ? this[CelText.Unescape(name)] : this[name];

    public bool Has(object? key) => this[key] is not CelError;

    private (object? Value, bool _)? Member(string name)
    {
        if (_object![name] is not { } value)
            return null;
        var schema = _schema?[name] ?? _schema?.Values;
        return (CelText.Value(value, schema), true);
    }
}

/// <summary>Values from an object by its schema, and as errors and string() show them.</summary>
internal static class CelText
{
    private static readonly (string Written, string Meant)[] _escapes =
        [("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"), ("__underscores__", "__")];

    public static bool IsMap(this CustomSchema? schema) => schema?.Values is not null;

    public static object? Value(WireValue? value, CustomSchema? schema) => value switch
    {
        WireBool flag => flag.Value,
        WireString text => OfText(text.Value, schema),
        WireNumber number => OfNumber(number.Text, schema),
        WireArray list => new CelList(list, schema?.Items),
        WireObject map => new CelMap(map, schema),
        _ => null,
    };

    /// <summary>A property name as it is, from how a CEL identifier has to write it.</summary>
    public static string Unescape(string name)
    {
        if (!name.Contains("__"))
            return name;
        // __in__: a reserved word.
        if (name.Length > 4 && name.StartsWith("__") && name.EndsWith("__") && !name[2..^2].Contains("__"))
            return name[2..^2];
        foreach (var (written, meant) in _escapes)
            name = name.Replace(written, meant);
        return name;
    }

    public static string Of(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => text,
        double real => Real(real),
        IFormattable number and (long or ulong) => number.ToString(null, CultureInfo.InvariantCulture),
        CelList list => $"[{string.Join(", ", list.Items.Take(100).Select(Of))}]",
        CelMap map => $"{{{string.Join(", ", map.Keys.Take(100).Select(key => $"{Of(key)}:{Of(map[key])}"))}}}",
        TimeSpan span => $"{span.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s",
        DateTimeOffset time =>
            time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture),
        byte[] bytes => System.Text.Encoding.UTF8.GetString(bytes),
        CelCidr cidr => $"{cidr.Address}/{cidr.Length.ToString(CultureInfo.InvariantCulture)}",
        CelType type => type.Name,
        CelError error => error.Message,
        _ => value.ToString() ?? "",
    };

    public static DateTimeOffset? Time(string text) =>
        text.Contains('T') && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time) ? time : null;

    private static string Real(double real) => real switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => real.ToString("R", CultureInfo.InvariantCulture),
    };

    private static object? OfText(string text, CustomSchema? schema) => schema?.Format switch
    {
        "date-time" or "date" => DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : text,
        "duration" => GoDuration.Parse(text) is { } span ? span : text,
        "byte" => Bytes(text),
        _ => text,
    };

    private static object Bytes(string text)
    {
        var room = new byte[text.Length];
        return System.Convert.TryFromBase64String(text, room, out var written) ? room[..written] : text;
    }

    private static object? OfNumber(string text, CustomSchema? schema)
    {
        if (schema?.Type != CustomType.Number
            && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return whole;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            ? schema?.Type == CustomType.Integer && real == Math.Floor(real) && Math.Abs(real) < 1e15
                ? (long)real
                : real
            : new CelError($"{text} is no number");
    }
}

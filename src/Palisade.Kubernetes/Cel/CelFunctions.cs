using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Palisade.Kubernetes.Convert;

namespace Palisade.Kubernetes.Cel;

/// <summary>
/// The functions that Kubernetes gives its CEL rules, as far as published definitions use them: the standard ones,
/// strings, lists, sets, regex, IP and CIDR, optionals. One instance keeps the patterns of one rule.
/// </summary>
internal sealed class CelFunctions
{
    // A rule names few patterns; those it makes up as it goes need not be kept.
    private const int MaxPatterns = 16;
    private readonly ConcurrentDictionary<string, Regex?> _patterns = new(StringComparer.Ordinal);

    /// <summary>Calls by name; no argument is an error.</summary>
    public object? Call(string function, bool isMethod, object? target, object?[] arguments, CelBudget budget)
    {
        if (!budget.Spend(Cost(target) + arguments.Sum(Cost)))
            return CelError.OutOfBudget;
        var value = isMethod ? Method(function, target, arguments, budget) : Global(function, arguments, budget);
        return budget.Spend(Cost(value)) ? value : CelError.OutOfBudget;
    }

    /// <summary>The names of all functions and methods: what a rule may call.</summary>
    public static bool IsKnown(string function) => _known.Contains(function);

    private static readonly HashSet<string> _known = new(StringComparer.Ordinal)
    {
        "!_", "-_", "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in",
        "size", "type", "dyn", "int", "uint", "double", "string", "bool", "bytes", "duration", "timestamp", "matches",
        "optional.of", "optional.none", "optional.ofNonZeroValue", "hasValue", "value", "or", "orValue",
        "sets.contains", "sets.intersects", "sets.equivalent",
        "contains", "startsWith", "endsWith", "lowerAscii", "upperAscii", "trim", "replace", "split", "join",
        "substring", "charAt", "indexOf", "lastIndexOf", "reverse", "find", "findAll",
        "isSorted", "sum", "min", "max", "distinct", "flatten", "slice",
        "isIP", "ip", "isCIDR", "cidr", "family", "isUnspecified", "isLoopback", "isLinkLocalUnicast",
        "isLinkLocalMulticast", "isGlobalUnicast", "ip.isCanonical",
        "containsIP", "containsCIDR", "masked", "prefixLength",
        "getFullYear", "getMonth", "getDayOfMonth", "getDate", "getDayOfWeek", "getDayOfYear", "getHours",
        "getMinutes", "getSeconds", "getMilliseconds",
    };

    private static long Cost(object? value) => value switch
    {
        string text => text.Length / 10,
        byte[] bytes => bytes.Length / 10,
        CelList list => list.Count / 10,
        CelMap map => map.Count / 10,
        _ => 0,
    };

    private object? Global(string function, object?[] arguments, CelBudget budget) => (function, arguments) switch
    {
        ("!_", [bool flag]) => !flag,
        ("-_", [var value]) => CelOperators.Negative(value),
        ("+", [string a, string b]) when a.Length + (long)b.Length > budget.Left * 10 => CelError.OutOfBudget,
        ("+", [CelList a, CelList b]) when a.Count + (long)b.Count > budget.Left => CelError.OutOfBudget,
        ("+" or "-" or "*" or "/" or "%", [var a, var b]) => CelOperators.Arithmetic(function, a, b),
        ("==", [var a, var b]) => CelOperators.Same(a, b),
        ("!=", [var a, var b]) => !CelOperators.Same(a, b),
        ("<", [var a, var b]) => CelOperators.Order(a, b) is { } order ? order < 0 : Unordered(a, b),
        ("<=", [var a, var b]) => CelOperators.Order(a, b) is { } order ? order <= 0 : Unordered(a, b),
        (">", [var a, var b]) => CelOperators.Order(a, b) is { } order ? order > 0 : Unordered(a, b),
        (">=", [var a, var b]) => CelOperators.Order(a, b) is { } order ? order >= 0 : Unordered(a, b),
        ("in", [var value, var range]) => CelOperators.In(value, range),
        ("size", [var value]) => Size(value),
        ("matches", [string text, string pattern]) => Matches(text, pattern, budget),
        ("type", [var value]) => new CelType(CelOperators.TypeName(value)),
        ("dyn", [var value]) => value,
        ("optional.none", []) => CelOptional.None,
        ("optional.of", [var value]) => CelOptional.Of(value),
        ("optional.ofNonZeroValue", [var value]) =>
            value is null or false or "" or 0L or 0UL or 0.0 || Size(value) is 0L
                ? CelOptional.None
                : CelOptional.Of(value),
        (_, [CelList a, CelList b]) when function.StartsWith("sets.", StringComparison.Ordinal) =>
            budget.Spend((long)a.Count * b.Count / 10) ? CelLists.Sets(function, a, b) : CelError.OutOfBudget,
        (_, [var value]) => CelConversions.Convert(function, value),
        _ => CelError.NoOverload,
    };

    private object? Method(string function, object? target, object?[] arguments, CelBudget budget) => target switch
    {
        string text when function == "matches" => arguments is [string pattern]
            ? Matches(text, pattern, budget)
            : CelError.NoOverload,
        string text when function is "find" or "findAll" => Find(text, function, arguments, budget),
        _ when function == "size" && arguments.Length == 0 => Size(target),
        string text => CelStrings.Call(function, text, arguments, budget),
        CelList list => CelLists.Call(function, list, arguments, budget),
        CelOptional optional => (function, arguments) switch
        {
            ("hasValue", []) => optional.HasValue,
            ("value", []) => optional.HasValue ? optional.Value : new CelError("optional.none() dereference"),
            ("or" or "orValue", [var other]) => other,
            _ => CelError.NoOverload,
        },
        _ => CelNetworks.Call(function, target, arguments) ?? CelConversions.Part(function, target),
    };

    private static object? Size(object? value) => value switch
    {
        string text => (long)text.EnumerateRunes().Count(),
        byte[] bytes => (long)bytes.Length,
        CelList list => (long)list.Count,
        CelMap map => (long)map.Count,
        _ => CelError.NoOverload,
    };

    // NaN is ordered with nothing, and that is no error.
    private static object Unordered(object? a, object? b) => a is double && b is double ? false : CelError.NoOverload;

    private Regex? Pattern(string pattern)
    {
        if (_patterns.TryGetValue(pattern, out var known))
            return known;
        var made = GoPattern.TryCompile(pattern);
        if (_patterns.Count < MaxPatterns)
            _patterns[pattern] = made;
        return made;
    }

    private object? Matches(string text, string pattern, CelBudget budget)
    {
        if (!budget.Spend((long)text.Length * (1 + pattern.Length / 4) / 10 + pattern.Length))
            return CelError.OutOfBudget;
        return Pattern(pattern) is { } regex ? regex.IsMatch(text)
            : new CelError($"error parsing regexp: `{pattern}`");
    }

    private object? Find(string text, string function, object?[] arguments, CelBudget budget)
    {
        if (arguments is not [string pattern, ..])
            return CelError.NoOverload;
        if (Matches(text, pattern, budget) is CelError error)
            return error;
        var found = Pattern(pattern)!.Matches(text).Select(match => (object?)match.Value);
        if (function == "find")
            return found.FirstOrDefault() ?? "";
        return new CelList([.. arguments is [_, long most] && most >= 0
            ? found.Take((int)Math.Min(most, int.MaxValue))
            : found]);
    }
}

/// <summary>Conversions between types, and the parts of times.</summary>
internal static class CelConversions
{
    public static object? Convert(string function, object? value) => function switch
    {
        "int" => Whole(value),
        "uint" => Natural(value),
        "double" => Real(value),
        "string" => value is null or CelList or CelMap ? CelError.NoOverload : CelText.Of(value),
        "bool" => value switch
        {
            bool => value,
            "true" or "True" or "TRUE" or "t" or "1" => true,
            "false" or "False" or "FALSE" or "f" or "0" => false,
            _ => Unfit(value, "bool"),
        },
        "bytes" => value is string text ? Encoding.UTF8.GetBytes(text) : value as byte[] ?? (object)CelError.NoOverload,
        "duration" => value switch
        {
            TimeSpan => value,
            string text => GoDuration.Parse(text) ?? Unfit(value, "duration"),
            _ => CelError.NoOverload,
        },
        "timestamp" => value switch
        {
            DateTimeOffset => value,
            string text => CelText.Time(text) ?? Unfit(value, "timestamp"),
            _ => CelError.NoOverload,
        },
        _ => CelNetworks.Convert(function, value),
    };

    /// <summary>getHours() and its like, of a time in UTC or of a duration.</summary>
    public static object? Part(string function, object? target) => (target, function) switch
    {
        (TimeSpan span, "getHours") => (long)span.TotalHours,
        (TimeSpan span, "getMinutes") => (long)span.TotalMinutes,
        (TimeSpan span, "getSeconds") => (long)span.TotalSeconds,
        (TimeSpan span, "getMilliseconds") => (long)span.Milliseconds,
        (DateTimeOffset time, "getFullYear") => (long)time.UtcDateTime.Year,
        (DateTimeOffset time, "getMonth") => (long)time.UtcDateTime.Month - 1,
        (DateTimeOffset time, "getDayOfMonth") => (long)time.UtcDateTime.Day - 1,
        (DateTimeOffset time, "getDate") => (long)time.UtcDateTime.Day,
        (DateTimeOffset time, "getDayOfWeek") => (long)time.UtcDateTime.DayOfWeek,
        (DateTimeOffset time, "getDayOfYear") => (long)time.UtcDateTime.DayOfYear - 1,
        (DateTimeOffset time, "getHours") => (long)time.UtcDateTime.Hour,
        (DateTimeOffset time, "getMinutes") => (long)time.UtcDateTime.Minute,
        (DateTimeOffset time, "getSeconds") => (long)time.UtcDateTime.Second,
        (DateTimeOffset time, "getMilliseconds") => (long)time.UtcDateTime.Millisecond,
        _ => CelError.NoOverload,
    };

    private static object Whole(object? value) => value switch
    {
        long whole => whole,
        ulong natural when natural <= long.MaxValue => (long)natural,
        double real when real > long.MinValue && real < long.MaxValue => (long)real,
        string text when long.TryParse(
            text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed) => parsed,
        DateTimeOffset time => time.ToUnixTimeSeconds(),
        _ => Unfit(value, "int"),
    };

    private static object Natural(object? value) => value switch
    {
        ulong natural => natural,
        long whole when whole >= 0 => (ulong)whole,
        double real when real >= 0 && real < ulong.MaxValue => (ulong)real,
        string text when ulong.TryParse(
            text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) => parsed,
        _ => Unfit(value, "uint"),
    };

    private static object Real(object? value) => value switch
    {
        double real => real,
        long whole => (double)whole,
        ulong natural => (double)natural,
        string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) =>
            parsed,
        _ => Unfit(value, "double"),
    };

    private static object Unfit(object? value, string type) =>
        new CelError($"type conversion error from '{CelOperators.TypeName(value)}' to '{type}'");
}

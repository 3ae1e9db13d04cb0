using System.Text;

namespace Palisade.Kubernetes.Cel;

/// <summary>Methods of strings (cel-go ext/strings). Places are counted in code points.</summary>
internal static class CelStrings
{
    public static object? Call(string function, string text, object?[] arguments, CelBudget budget)
    {
        // The worst case of searching, a thousand comparisons a step.
        if (arguments is [string part, ..] && !budget.Spend((long)text.Length * part.Length / 1000))
            return CelError.OutOfBudget;
        return Of(function, text, arguments, budget);
    }

    private static object? Of(string function, string text, object?[] arguments, CelBudget budget) =>
        (function, arguments) switch
        {
            ("contains", [string part]) => text.Contains(part, StringComparison.Ordinal),
            ("startsWith", [string part]) => text.StartsWith(part, StringComparison.Ordinal),
            ("endsWith", [string part]) => text.EndsWith(part, StringComparison.Ordinal),
            ("lowerAscii", []) => Map(text, char.IsAsciiLetterUpper, c => (char)(c + 32)),
            ("upperAscii", []) => Map(text, char.IsAsciiLetterLower, c => (char)(c - 32)),
            ("trim", []) => text.Trim(),
            ("reverse", []) => string.Concat(text.EnumerateRunes().Reverse().Select(rune => rune.ToString())),
            ("replace", [string old, string fresh]) => Replace(text, old, fresh, long.MaxValue, budget),
            ("replace", [string old, string fresh, long most]) =>
                Replace(text, old, fresh, most < 0 ? long.MaxValue : most, budget),
            ("split", [string separator]) => Split(text, separator, -1),
            ("split", [string separator, long most]) => Split(text, separator, most),
            ("substring", [long from]) => Substring(text, from, null),
            ("substring", [long from, long to]) => Substring(text, from, to),
            ("charAt", [long at]) => CharAt(text, at),
            ("indexOf", [string part]) => Place(text, text.IndexOf(part, StringComparison.Ordinal)),
            ("lastIndexOf", [string part]) => Place(text, text.LastIndexOf(part, StringComparison.Ordinal)),
            ("indexOf", [string part, long from]) => IndexOf(text, part, from),
            _ => CelError.NoOverload,
        };

    /// <summary>The strings of a list, one behind the other.</summary>
    public static object Join(CelList list, string separator, CelBudget budget)
    {
        var joined = new StringBuilder();
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is not string text)
                return CelError.NoOverload;
            if (joined.Length / 10 > budget.Left)
                return CelError.OutOfBudget;
            joined.Append(i == 0 ? "" : separator).Append(text);
        }

        return joined.ToString();
    }

    private static string Map(string text, Predicate<char> which, Func<char, char> to) =>
        string.Create(text.Length, (text, which, to), static (span, given) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = given.which(given.text[i]) ? given.to(given.text[i]) : given.text[i];
        });

    private static object Replace(string text, string old, string fresh, long most, CelBudget budget)
    {
        if ((text.Length + 1L) * (fresh.Length + 1L) / 10 > Math.Max(budget.Left, 0) && text.Contains(old))
            return CelError.OutOfBudget;
        var made = new StringBuilder();
        var at = 0;
        for (; most > 0; most--)
        {
            var next = text.IndexOf(old, at, StringComparison.Ordinal);
            if (next < 0)
                break;
            made.Append(text, at, next - at).Append(fresh);
            at = next + old.Length;
            if (old.Length > 0)
                continue;
            // The empty string is found before each character, and at the end.
            if (at == text.Length)
                break;
            made.Append(text[at++]);
        }

        return made.Append(text, at, text.Length - at).ToString();
    }

    private static object Split(string text, string separator, long most)
    {
        if (most == 0)
            return new CelList([]);
        var count = most < 0 || most > int.MaxValue ? int.MaxValue : (int)most;
        if (separator.Length > 0)
            return new CelList([.. text.Split(separator, count)]);
        var runes = text.EnumerateRunes().Select(rune => rune.ToString()).ToList();
        if (runes.Count <= count)
            return new CelList([.. runes]);
        return new CelList([.. runes.Take(count - 1), string.Concat(runes.Skip(count - 1))]);
    }

    private static object Substring(string text, long from, long? to)
    {
        if (Unit(text, from) is not { } start || Unit(text, to ?? text.EnumerateRunes().Count()) is not { } end)
            return new CelError($"index out of range: {from}");
        return start <= end ? text[start..end] : new CelError($"invalid substring range. start: {from}, end: {to}");
    }

    private static object CharAt(string text, long at)
    {
        if (Unit(text, at) is not { } start)
            return new CelError($"index out of range: {at}");
        return start == text.Length ? "" : Rune.GetRuneAt(text, start).ToString();
    }

    private static object IndexOf(string text, string part, long from) => Unit(text, from) is { } start
        ? Place(text, text.IndexOf(part, start, StringComparison.Ordinal))
        : new CelError($"index out of range: {from}");

    /// <summary>Where a code point begins, in UTF-16 units; null beyond the end.</summary>
    private static int? Unit(string text, long place)
    {
        var unit = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (place-- == 0)
                return unit;
            unit += rune.Utf16SequenceLength;
        }

        return place == 0 ? unit : null;
    }

    private static long Place(string text, int unit) =>
        unit < 0 ? -1 : text[..unit].EnumerateRunes().Count();
}

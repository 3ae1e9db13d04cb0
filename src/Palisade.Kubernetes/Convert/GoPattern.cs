using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Palisade.Kubernetes.Convert;

/// <summary>
/// Go regular expressions (RE2 syntax) on .NET's engine that never backtracks, so that no pattern takes more than time
/// in proportion to the text. What the two spell differently is translated: $ is the end of the text, \d, \w and \s
/// are ASCII, POSIX classes, \Q…\E, (?P&lt;name&gt;…).
/// </summary>
internal sealed class GoPattern
{
    // regexp/syntax: no repetition of more than 1000, nor of repetitions that come to more together.
    private const int MaxRepeat = 1000;
    private const int MaxLength = 10_000;

    private static readonly Dictionary<string, string> _posix = new(StringComparer.Ordinal)
    {
        ["alnum"] = "0-9A-Za-z",
        ["alpha"] = "A-Za-z",
        ["ascii"] = @"\x00-\x7F",
        ["blank"] = @"\t ",
        ["cntrl"] = @"\x00-\x1F\x7F",
        ["digit"] = "0-9",
        ["graph"] = "!-~",
        ["lower"] = "a-z",
        ["print"] = " -~",
        ["punct"] = @"!-/:-@\[-`{-~",
        ["space"] = @"\t\n\v\f\r ",
        ["upper"] = "A-Z",
        ["word"] = "0-9A-Za-z_",
        ["xdigit"] = "0-9A-Fa-f",
    };

    private readonly string _pattern;
    private readonly StringBuilder _made = new();
    private readonly Stack<int> _groups = new();
    private int _at;
    private int _inner = 1;
    private int _atom = 1;

    private GoPattern(string pattern) => _pattern = pattern;

    /// <summary>The expression; null when it is none.</summary>
    public static Regex? TryCompile(string pattern)
    {
        if (pattern.Length > MaxLength || new GoPattern(pattern).Translate() is not { } translated)
            return null;
        try
        {
            return new Regex(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            // Look-around and references to groups among them, which Go does not have either.
            return null;
        }
    }

    private string? Translate()
    {
        while (_at < _pattern.Length)
        {
            var fits = _pattern[_at] switch
            {
                '\\' => Escape(),
                '[' => Class(),
                '(' => Open(),
                ')' => Close(),
                '{' => Repeat(),
                '$' => Put(@"\z", 1),
                '#' or ' ' => Put("\\" + _pattern[_at], 1),
                var c => Put(c.ToString(), 1, keepsAtom: c is '*' or '+' or '?'),
            };
            if (!fits)
                return null;
        }

        return _groups.Count == 0 ? _made.ToString() : null;
    }

    private bool Put(string text, int length, bool keepsAtom = false)
    {
        _made.Append(text);
        _at += length;
        if (!keepsAtom)
            _atom = 1;
        return true;
    }

    private bool Open()
    {
        if (_groups.Count > 100)
            return false;
        _groups.Push(_inner);
        _inner = 1;
        if (string.CompareOrdinal(_pattern, _at, "(?P<", 0, 4) == 0)
            return Put("(?<", 4);
        if (string.CompareOrdinal(_pattern, _at, "(?", 0, 2) != 0)
            return Put("(", 1);
        var flags = _pattern.AsSpan(_at + 2);
        var length = flags.IndexOfAnyExcept("ims-");
        if (length < 0)
            return false;
        // (?i) for the rest of the group opens none.
        if (flags[length] == ')')
        {
            _inner = _groups.Pop();
            return Put(_pattern.Substring(_at, length + 3), length + 3);
        }

        return flags[length] is ':' or '<' && Put(_pattern.Substring(_at, length + 3), length + 3);
    }

    private bool Close()
    {
        if (_groups.Count == 0)
            return false;
        var weight = _inner;
        _inner = Math.Max(_groups.Pop(), weight);
        Put(")", 1, keepsAtom: true);
        _atom = weight;
        return true;
    }

    private bool Repeat()
    {
        var close = _pattern.IndexOf('}', _at);
        var parts = close < 0 ? [] : _pattern[(_at + 1)..close].Split(',');
        if (parts.Length is 0 or > 2 || parts[0].Length == 0 || !parts.All(part => part.All(char.IsAsciiDigit)))
            return Put(@"\{", 1);
        var most = 0;
        foreach (var part in parts.Where(part => part.Length > 0))
        {
            if (part.Length > 4)
                return false;
            most = Math.Max(most, int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture));
        }

        var weight = Math.Max(most, 1) * _atom;
        if (weight > MaxRepeat)
            return false;
        _inner = Math.Max(_inner, weight);
        var length = close - _at + 1;
        return Put(_pattern.Substring(_at, length), length, keepsAtom: true);
    }

    private bool Escape()
    {
        if (_at + 1 >= _pattern.Length)
            return false;
        switch (_pattern[_at + 1])
        {
            case 'Q':
                var end = _pattern.IndexOf(@"\E", _at + 2, StringComparison.Ordinal);
                var stop = end < 0 ? _pattern.Length : end;
                var quoted = _pattern[(_at + 2)..stop];
                return Put(Regex.Escape(quoted).Replace("]", @"\]").Replace("}", @"\}"),
                    (end < 0 ? stop : stop + 2) - _at);
            case 'A' or 'z':
                return Put(_pattern.Substring(_at, 2), 2);
            case 'b' or 'B':
                // ASCII words: .NET's own also takes letters of other scripts, and cannot be told not to.
                return Put(_pattern.Substring(_at, 2), 2);
            case 'D' or 'W' or 'S':
                return Put($"[^{Ascii(char.ToLowerInvariant(_pattern[_at + 1]))}]", 2);
            case 'd' or 'w' or 's':
                return Put($"[{Ascii(_pattern[_at + 1])}]", 2);
            default:
                return OneEscape(out var made, out var length) && Put(made, length);
        }
    }

    private static string Ascii(char letter) => letter switch
    {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        _ => @"\t\n\f\r ",
    };

    /// <summary>An escape that means one character, or a Unicode class; the same in and out of brackets.</summary>
    private bool OneEscape(out string made, out int length)
    {
        var c = _pattern[_at + 1];
        (made, length) = (_pattern.Substring(_at, 2), 2);
        switch (c)
        {
            case 'p' or 'P' when _at + 2 < _pattern.Length:
                if (_pattern[_at + 2] != '{')
                {
                    (made, length) = ($"\\{c}{{{_pattern[_at + 2]}}}", 3);
                    return true;
                }

                var close = _pattern.IndexOf('}', _at);
                if (close < 0)
                    return false;
                length = close - _at + 1;
                made = _pattern.Substring(_at, length);
                return true;
            case 'x' when _at + 2 < _pattern.Length && _pattern[_at + 2] == '{':
                var end = _pattern.IndexOf('}', _at);
                if (end < 0 || !uint.TryParse(_pattern.AsSpan(_at + 3, end - _at - 3), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out var code) || code > 0xffff)
                    return false;
                (made, length) = ($"\\u{code:x4}", end - _at + 1);
                return true;
            case 'x':
                (made, length) = (_at + 4 <= _pattern.Length ? _pattern.Substring(_at, 4) : "", 4);
                return made.Length == 4 && made[2..].All(char.IsAsciiHexDigit);
            case 'a' or 'f' or 'n' or 'r' or 't' or 'v':
                return true;
            default:
                return c < 0x80 && !char.IsAsciiLetterOrDigit(c);
        }
    }

    private bool Class()
    {
        var made = new StringBuilder("[");
        _at++;
        if (_at < _pattern.Length && _pattern[_at] == '^')
        {
            made.Append('^');
            _at++;
        }

        for (var first = true; ; first = false)
        {
            if (_at >= _pattern.Length)
                return false;
            var c = _pattern[_at];
            if (c == ']' && !first)
                break;
            if (!(c == '[' ? Posix(made) : c == '\\' ? ClassEscape(made) : One(made, c)))
                return false;
        }

        _at++;
        _made.Append(made).Append(']');
        _atom = 1;
        return true;
    }

    private bool One(StringBuilder made, char c)
    {
        if (c is ']' or '[')
            made.Append('\\');
        made.Append(c);
        // .NET would take -[ as a subtraction.
        _at++;
        return true;
    }

    private bool Posix(StringBuilder made)
    {
        if (_at + 1 >= _pattern.Length || _pattern[_at + 1] != ':')
            return One(made, '[');
        var end = _pattern.IndexOf(":]", _at + 2, StringComparison.Ordinal);
        if (end < 0 || !_posix.TryGetValue(_pattern[(_at + 2)..end], out var set))
            return false;
        made.Append(set);
        _at = end + 2;
        return true;
    }

    private bool ClassEscape(StringBuilder made)
    {
        if (_at + 1 >= _pattern.Length)
            return false;
        string? set = _pattern[_at + 1] switch
        {
            'd' or 'w' or 's' => Ascii(_pattern[_at + 1]),
            'D' => @"\x00-/:-\uFFFF",
            'W' => @"\x00-/:-@\[-^`{-\uFFFF",
            'S' => @"\x00-\x08\x0B\x0E-\x1F!-\uFFFF",
            _ => null,
        };
        if (set is not null)
        {
            made.Append(set);
            _at += 2;
            return true;
        }

        if (!OneEscape(out var one, out var length))
            return false;
        made.Append(one);
        _at += length;
        return true;
    }
}

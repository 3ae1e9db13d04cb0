using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Palisade.Kubernetes.Wire;

/// <summary>
/// A JSON reader that keeps positions, repeated members and numbers as written, with the error texts of Go's scanner.
/// System.Text.Json gives neither the texts nor the columns.
/// </summary>
internal ref struct JsonReader
{
    private readonly ReadOnlySpan<byte> _text;
    private readonly WireLimits _limits;
    private int _at;
    private int _depth;
    private int _nodes;
    private WireError? _error;

    // The last position given out: positions are asked for in rising order, so each costs only the distance to the
    // last.
    private int _marked;
    private int _line = 1;
    private int _column = 1;

    public JsonReader(ReadOnlySpan<byte> text, WireLimits limits)
    {
        _text = text;
        _limits = limits;
    }

    /// <summary>Reads the whole text as one value.</summary>
    public WireResult ReadDocument()
    {
        if (!Prepare())
            return new(null, _error);
        var value = ReadValue();
        if (value is not null)
        {
            SkipSpace();
            if (_at < _text.Length)
                Fail("after top-level value");
        }

        return _error is null ? new(value, null) : new(null, _error);
    }

    /// <summary>Reads value after value until the end or an error.</summary>
    public (ImmutableArray<WireValue> Values, WireError? Error) ReadStream()
    {
        var values = ImmutableArray.CreateBuilder<WireValue>();
        if (!Prepare())
            return ([], _error);
        for (SkipSpace(); _at < _text.Length && ReadValue() is { } value; SkipSpace())
            values.Add(value);
        return (values.ToImmutable(), _error);
    }

    private bool Prepare()
    {
        if (_text.Length > _limits.MaxBytes)
            return Stop($"the document has {_text.Length} bytes, more than the limit of {_limits.MaxBytes}")
                is not null;
        if (_text.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            _at = 3;
        var invalid = FirstInvalidUtf8(_text);
        if (invalid < 0)
            return true;
        _at = invalid;
        return Stop("invalid UTF-8") is not null;
    }

    /// <summary>Where the first invalid UTF-8 sequence starts, or -1.</summary>
    public static int FirstInvalidUtf8(ReadOnlySpan<byte> text)
    {
        if (Utf8.IsValid(text))
            return -1;
        var at = 0;
        while (at < text.Length
            && Rune.DecodeFromUtf8(text[at..], out _, out var used) == System.Buffers.OperationStatus.Done)
            at += used;
        return at;
    }

    private WireValue? ReadValue()
    {
        SkipSpace();
        if (++_nodes > _limits.MaxNodes)
            return Stop($"the document has more than {_limits.MaxNodes} values");
        if (_at >= _text.Length)
            return Fail("");
        var here = Here();
        switch (_text[_at])
        {
            case (byte)'{':
                return Nested(here, isObject: true);
            case (byte)'[':
                return Nested(here, isObject: false);
            case (byte)'"':
                return ReadString() is { } text ? new WireString(text, here) : null;
            case (byte)'t':
                return Literal("true") ? new WireBool(true, here) : null;
            case (byte)'f':
                return Literal("false") ? new WireBool(false, here) : null;
            case (byte)'n':
                return Literal("null") ? new WireNull(here) : null;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                return ReadNumber() is { } number ? new WireNumber(number, here) : null;
            default:
                return Fail("looking for beginning of value");
        }
    }

    private WireValue? Nested(Position here, bool isObject)
    {
        if (++_depth > _limits.MaxDepth)
            return Stop("exceeded max depth");
        _at++;
        WireValue? value = isObject ? ReadObject(here) : ReadArray(here);
        _depth--;
        return value;
    }

    private WireObject? ReadObject(Position here)
    {
        var members = ImmutableArray.CreateBuilder<WireMember>();
        SkipSpace();
        if (Take('}'))
            return new([], here);
        while (true)
        {
            SkipSpace();
            if (!Peek('"'))
                return (WireObject?)Fail("looking for beginning of object key string");
            var at = Here();
            if (ReadString() is not { } name)
                return null;
            SkipSpace();
            if (!Take(':'))
                return (WireObject?)Fail("after object key");
            if (ReadValue() is not { } value)
                return null;
            members.Add(new(name, at, value));
            SkipSpace();
            if (Take('}'))
                return new(members.DrainToImmutable(), here);
            if (!Take(','))
                return (WireObject?)Fail("after object key:value pair");
        }
    }

    private WireArray? ReadArray(Position here)
    {
        var items = ImmutableArray.CreateBuilder<WireValue>();
        SkipSpace();
        if (Take(']'))
            return new([], here);
        while (true)
        {
            if (ReadValue() is not { } value)
                return null;
            items.Add(value);
            SkipSpace();
            if (Take(']'))
                return new(items.DrainToImmutable(), here);
            if (!Take(','))
                return (WireArray?)Fail("after array element");
        }
    }

    private string? ReadString()
    {
        var start = ++_at;
        while (_at < _text.Length && _text[_at] is not ((byte)'"' or (byte)'\\') && _text[_at] >= 0x20)
            _at++;
        if (Peek('"'))
            return Encoding.UTF8.GetString(_text[start.._at++]);
        var text = new StringBuilder(Encoding.UTF8.GetString(_text[start.._at]));
        while (_at < _text.Length)
        {
            var b = _text[_at];
            if (b == '"')
            {
                _at++;
                return text.ToString();
            }

            if (b < 0x20)
                return FailText("in string literal");
            if (b != '\\')
            {
                Rune.DecodeFromUtf8(_text[_at..], out var rune, out var used);
                text.Append(rune);
                _at += used;
            }
            else if (!ReadEscape(text))
            {
                return null;
            }
        }

        return FailText("");
    }

    private bool ReadEscape(StringBuilder text)
    {
        _at++;
        if (_at >= _text.Length)
            return FailBool("");
        var b = _text[_at];
        if (b == 'u')
            return ReadUnicodeEscape(text);
        var plain = (char)b switch
        {
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '"' => '"',
            '\\' => '\\',
            '/' => '/',
            _ => '\0',
        };
        if (plain == '\0')
            return FailBool("in string escape code");
        text.Append(plain);
        _at++;
        return true;
    }

    // A lone surrogate becomes U+FFFD, as in Go.
    private bool ReadUnicodeEscape(StringBuilder text)
    {
        if (!ReadHex(out var first))
            return false;
        if (char.IsHighSurrogate(first) && _at + 1 < _text.Length && _text[_at] == '\\' && _text[_at + 1] == 'u')
        {
            var back = _at++;
            if (!ReadHex(out var second))
                return false;
            if (char.IsLowSurrogate(second))
            {
                text.Append(first).Append(second);
                return true;
            }

            _at = back;
        }

        text.Append(char.IsSurrogate(first) ? '\uFFFD' : first);
        return true;
    }

    private bool ReadHex(out char unit)
    {
        unit = '\0';
        for (var i = 0; i < 4; i++)
        {
            _at++;
            if (_at >= _text.Length)
                return FailBool("");
            if (!char.IsAsciiHexDigit((char)_text[_at]))
                return FailBool("in \\u hexadecimal character escape");
            unit = (char)((unit << 4) | int.Parse([(char)_text[_at]], NumberStyles.HexNumber,
                CultureInfo.InvariantCulture));
        }

        _at++;
        return true;
    }

    private string? ReadNumber()
    {
        var start = _at;
        if (Take('-') && !PeekDigit())
            return FailText("in numeric literal");
        if (!Take('0'))
            SkipDigits();
        if (Take('.'))
        {
            if (!PeekDigit())
                return FailText("after decimal point in numeric literal");
            SkipDigits();
        }

        if (Take('e') || Take('E'))
        {
            if (!Take('+'))
                Take('-');
            if (!PeekDigit())
                return FailText("in exponent of numeric literal");
            SkipDigits();
        }

        return Encoding.ASCII.GetString(_text[start.._at]);
    }

    private bool Literal(string word)
    {
        for (var i = 0; i < word.Length; i++, _at++)
        {
            if (!Peek(word[i]))
                return FailBool(i == 0 ? "" : $"in literal {word} (expecting '{word[i]}')");
        }

        return true;
    }

    private readonly bool Peek(char c) => _at < _text.Length && _text[_at] == c;

    private readonly bool PeekDigit() => _at < _text.Length && char.IsAsciiDigit((char)_text[_at]);

    private bool Take(char c)
    {
        if (!Peek(c))
            return false;
        _at++;
        return true;
    }

    private void SkipDigits()
    {
        while (PeekDigit())
            _at++;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            _at++;
    }

    private Position Here()
    {
        for (; _marked < _at; _marked++)
        {
            var b = _text[_marked];
            if (b == '\n')
                (_line, _column) = (_line + 1, 1);
            else if ((b & 0xC0) != 0x80)
                _column++;   // continuation bytes belong to the character before
        }

        return new(_line, _column);
    }

    private WireValue? Stop(string message)
    {
        _error ??= new(message, Here());
        return null;
    }

    // Go's scanner: invalid character 'x' <context>, or the end of the text.
    private WireValue? Fail(string context)
    {
        if (_at >= _text.Length)
            return Stop("unexpected end of JSON input");
        Rune.DecodeFromUtf8(_text[_at..], out var rune, out _);
        var shown = rune.Value switch
        {
            '\'' => "'\\''",
            '"' => "'\"'",
            '\n' => "'\\n'",
            '\t' => "'\\t'",
            '\r' => "'\\r'",
            < 0x20 => $"'\\x{rune.Value:x2}'",
            _ => $"'{rune}'",
        };
        return Stop($"invalid character {shown} {context}");
    }

    private string? FailText(string context)
    {
        Fail(context);
        return null;
    }

    private bool FailBool(string context)
    {
        Fail(context);
        return false;
    }
}

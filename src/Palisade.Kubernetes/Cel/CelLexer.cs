using System.Globalization;
using System.Text;

namespace Palisade.Kubernetes.Cel;

internal enum CelTokenKind : byte
{
    End,
    Name,
    Constant,
    Sign,
}

/// <summary>A token: a name's or sign's text, or a constant's value.</summary>
internal readonly record struct CelToken(CelTokenKind Kind, string Text, object? Value, int At);

/// <summary>Splits CEL text into tokens (cel-spec doc/langdef.md, Syntax).</summary>
internal sealed class CelLexer(string text)
{
    private static readonly string[] _signs =
    [
        "&&", "||", "==", "!=", "<=", ">=", "[?", ".?", "{?",
        "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}",
    ];

    private int _at;

    public CelToken Next()
    {
        SkipBlank();
        var start = _at;
        if (_at == text.Length)
            return new(CelTokenKind.End, "", null, start);
        var c = text[_at];
        if (IsString(out var prefix))
            return String(start, prefix);
        if (char.IsAsciiLetter(c) || c == '_')
            return Name(start);
        if (char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(Peek(1))))
            return Number(start);
        foreach (var sign in _signs)
        {
            if (string.CompareOrdinal(text, _at, sign, 0, sign.Length) != 0)
                continue;
            _at += sign.Length;
            return new(CelTokenKind.Sign, sign, null, start);
        }

        throw new CelSyntaxException($"Syntax error: token recognition error at: '{c}'", start);
    }

    private char Peek(int ahead) => _at + ahead < text.Length ? text[_at + ahead] : '\0';

    private void SkipBlank()
    {
        while (_at < text.Length)
        {
            if (text[_at] is ' ' or '\t' or '\n' or '\r' or '\f')
            {
                _at++;
            }
            else if (text[_at] == '/' && Peek(1) == '/')
            {
                while (_at < text.Length && text[_at] != '\n')
                    _at++;
            }
            else
            {
                return;
            }
        }
    }

    private CelToken Name(int start)
    {
        while (char.IsAsciiLetterOrDigit(Peek(0)) || Peek(0) == '_')
            _at++;
        var name = text[start.._at];
        return name switch
        {
            "true" => new(CelTokenKind.Constant, name, true, start),
            "false" => new(CelTokenKind.Constant, name, false, start),
            "null" => new(CelTokenKind.Constant, name, null, start),
            _ => new(CelTokenKind.Name, name, null, start),
        };
    }

    private CelToken Number(int start)
    {
        if (Peek(0) == '0' && Peek(1) is 'x' or 'X')
            return Hex(start);
        var isDouble = false;
        while (char.IsAsciiDigit(Peek(0)))
            _at++;
        if (Peek(0) == '.' && char.IsAsciiDigit(Peek(1)))
        {
            isDouble = true;
            _at++;
            while (char.IsAsciiDigit(Peek(0)))
                _at++;
        }

        if (Peek(0) is 'e' or 'E')
        {
            isDouble = true;
            _at++;
            if (Peek(0) is '+' or '-')
                _at++;
            while (char.IsAsciiDigit(Peek(0)))
                _at++;
        }

        var digits = text[start.._at];
        if (isDouble)
        {
            return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
                ? new(CelTokenKind.Constant, digits, real, start)
                : throw new CelSyntaxException("invalid double literal", start);
        }

        return Whole(digits, NumberStyles.None, start);
    }

    private CelToken Hex(int start)
    {
        _at += 2;
        var first = _at;
        while (char.IsAsciiHexDigit(Peek(0)))
            _at++;
        return Whole(text[first.._at], NumberStyles.AllowHexSpecifier, start);
    }

    private CelToken Whole(string digits, NumberStyles style, int start)
    {
        if (!ulong.TryParse(digits, style, CultureInfo.InvariantCulture, out var number))
            throw new CelSyntaxException("invalid int literal", start);
        if (Peek(0) is 'u' or 'U')
        {
            _at++;
            return new(CelTokenKind.Constant, digits, number, start);
        }

        // 2^63 is left to the parser: it stands only behind a minus.
        var value = number <= long.MaxValue ? (long)number : TooBig(number, start);
        return new(CelTokenKind.Constant, digits, value, start);
    }

    private static object TooBig(ulong number, int start) => number == 1UL << 63
        ? CelParser.MinusMinimum
        : throw new CelSyntaxException("invalid int literal", start);

    private bool IsString(out string prefix)
    {
        var length = 0;
        while (length < 2 && Peek(length) is 'r' or 'R' or 'b' or 'B')
            length++;
        prefix = text.Substring(_at, length).ToLowerInvariant();
        return Peek(length) is '"' or '\'';
    }

    private CelToken String(int start, string prefix)
    {
        _at += prefix.Length;
        var quote = text[_at];
        var triple = Peek(1) == quote && Peek(2) == quote;
        _at += triple ? 3 : 1;
        var isRaw = prefix.Contains('r');
        var isBytes = prefix.Contains('b');
        var bytes = new List<byte>();
        while (true)
        {
            if (_at >= text.Length || (!triple && text[_at] == '\n'))
                throw new CelSyntaxException("Syntax error: unterminated string literal", start);
            if (text[_at] == quote && (!triple || (Peek(1) == quote && Peek(2) == quote)))
                break;
            if (text[_at] == '\\' && !isRaw)
                Escape(bytes, isBytes);
            else
                Take(bytes);
        }

        _at += triple ? 3 : 1;
        byte[] value = [.. bytes];
        return new(CelTokenKind.Constant, "", isBytes ? value : Encoding.UTF8.GetString(value), start);
    }

    private void Take(List<byte> bytes)
    {
        Rune.DecodeFromUtf16(text.AsSpan(_at), out var rune, out var consumed);
        Add(bytes, rune);
        _at += consumed;
    }

    private void Escape(List<byte> bytes, bool isBytes)
    {
        var start = _at++;
        var c = Peek(0);
        _at++;
        switch (c)
        {
            case 'x' or 'X':
                Code(bytes, 2, NumberStyles.AllowHexSpecifier, isBytes, start);
                break;
            case 'u':
                Code(bytes, 4, NumberStyles.AllowHexSpecifier, false, start);
                break;
            case 'U':
                Code(bytes, 8, NumberStyles.AllowHexSpecifier, false, start);
                break;
            case >= '0' and <= '3':
                _at--;
                Octal(bytes, isBytes, start);
                break;
            default:
                var which = @"abfnrtv\'""`?".IndexOf(c);
                if (which < 0)
                    throw new CelSyntaxException("Syntax error: invalid escape sequence", start);
                bytes.Add((byte)"\a\b\f\n\r\t\v\\'\"`?"[which]);
                break;
        }
    }

    private void Octal(List<byte> bytes, bool isBytes, int start)
    {
        var value = 0;
        for (var i = 0; i < 3; i++, _at++)
        {
            if (Peek(0) is not (>= '0' and <= '7'))
                throw new CelSyntaxException("Syntax error: invalid escape sequence", start);
            value = value * 8 + (Peek(0) - '0');
        }

        Add(bytes, (uint)value, isBytes, start);
    }

    private void Code(List<byte> bytes, int digits, NumberStyles style, bool isBytes, int start)
    {
        if (_at + digits > text.Length
            || !uint.TryParse(text.AsSpan(_at, digits), style, CultureInfo.InvariantCulture, out var value))
            throw new CelSyntaxException("Syntax error: invalid escape sequence", start);
        _at += digits;
        Add(bytes, value, isBytes, start);
    }

    private static void Add(List<byte> bytes, uint value, bool isBytes, int start)
    {
        if (isBytes)
            bytes.Add((byte)(value & 0xff));
        else if (Rune.IsValid(value))
            Add(bytes, new Rune(value));
        else
            throw new CelSyntaxException("Syntax error: invalid escape sequence", start);
    }

    private static void Add(List<byte> bytes, Rune rune)
    {
        Span<byte> room = stackalloc byte[4];
        bytes.AddRange(room[..rune.EncodeToUtf8(room)]);
    }
}

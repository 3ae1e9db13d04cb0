using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Palisade.Kubernetes.Wire;

/// <summary>
/// What a plain YAML scalar means to kubectl: YAML 1.1 as gopkg.in/yaml.v2 resolves it (resolve.go), then printed as
/// Go's JSON.
/// </summary>
public static partial class YamlScalars
{
    /// <summary>
    /// The value of a plain scalar without a tag; null when JSON cannot hold it (infinities, not a number).
    /// </summary>
    public static WireValue? Resolve(string text, Position at)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return new WireNull(at);
            case "y" or "Y" or "n" or "N":
                return new WireBool(text is "y" or "Y", at) { Letter = text };
            case "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON":
                return new WireBool(true, at);
            case "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF":
                return new WireBool(false, at);
            case ".nan" or ".NaN" or ".NAN" or ".inf" or ".Inf" or ".INF":
            case "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF":
                return null;
        }

        if (text[0] is not ('+' or '-' or '.' or (>= '0' and <= '9')))
            return new WireString(text, at);
        return Number(text) is { } number ? new WireNumber(number, at) : new WireString(text, at);
    }

    /// <summary>The JSON text of a number; null when the text is none.</summary>
    private static string? Number(string text)
    {
        var plain = text.Replace("_", "", StringComparison.Ordinal);
        if (Integer(plain) is { } whole)
            return whole.ToString(CultureInfo.InvariantCulture);
        return FloatForm().IsMatch(plain)
            && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            && double.IsFinite(real)
            ? Json(real)
            : null;
    }

    // strconv.ParseInt and ParseUint with base 0, then 0b by hand: 0x, 0o and a leading 0 say the base.
    private static BigInteger? Integer(string text)
    {
        var negative = text.StartsWith('-');
        var digits = text.TrimStart('+', '-');
        if (text.Length - digits.Length > 1 || digits.Length == 0)
            return null;
        var (radix, skip) = digits switch
        {
            ['0', 'x' or 'X', ..] => (16, 2),
            ['0', 'b' or 'B', ..] => (2, 2),
            ['0', 'o' or 'O', ..] => (8, 2),
            ['0', _, ..] => (8, 1),
            _ => (10, 0),
        };
        if (digits.Length == skip || digits.Length > 70)
            return null;
        BigInteger value = 0;
        foreach (var c in digits[skip..])
        {
            var digit = char.IsAsciiHexDigit(c) ? System.Convert.ToInt32(c.ToString(), 16) : 99;
            if (digit >= radix)
                return null;
            value = value * radix + digit;
        }

        value = negative ? -value : value;
        return value >= long.MinValue && value <= ulong.MaxValue ? value : null;
    }

    /// <summary>
    /// A float as Go's encoding/json writes it: shortest digits, exponents only below 1e-6 and from 1e21.
    /// </summary>
    private static string Json(double value)
    {
        var size = Math.Abs(value);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        if (!shortest.Contains('E'))
            return shortest;
        if (size is >= 1e-6 and < 1e21)
            return decimal.Parse(shortest, NumberStyles.Float,
                CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        return shortest.Replace('E', 'e').Replace("e-0", "e-", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\A[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex FloatForm();
}

using System.Globalization;
using System.Text;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Dns;

/// <summary>An address a name has until a moment; null: it had it.</summary>
internal readonly record struct KeptName(string Name, Address Address, DateTimeOffset? Until);

/// <summary>What was learned, as a file: so that an agent that starts again knows it.</summary>
/// <remarks>
/// Lines of words. First "palisade-names 1 RESOLVER…": what others said than those who are believed now is not.
/// Then "NAME ADDRESS SECONDS", seconds since 1970, or - for an address that a name had; last "end COUNT", without
/// which the file was not written whole. Whatever is not so makes the file nothing.
/// </remarks>
internal static class NameFile
{
    /// <summary>Longer files are not read: twice of what the bounds of <see cref="NameCache"/> can fill.</summary>
    public const long MostBytes = 64 * 1024 * 1024;

    private const int LongestName = 1024;   // 255 bytes, each perhaps written \DDD
    private const string Head = "palisade-names 1";
    private const string End = "end";
    private const string Had = "-";

    public static string Write(IEnumerable<KeptName> names, IEnumerable<Address> resolvers)
    {
        var text = new StringBuilder(HeadOf(resolvers)).Append('\n');
        var count = 0;
        foreach (var (name, address, until) in names)
        {
            var end = until?.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) ?? Had;
            text.Append(CultureInfo.InvariantCulture, $"{name} {address} {end}\n");
            count++;
        }

        return text.Append(CultureInfo.InvariantCulture, $"{End} {count}\n").ToString();
    }

    /// <summary>What a file says; null: it is none, was cut off, or is of other resolvers.</summary>
    public static IReadOnlyList<KeptName>? Read(string text, IEnumerable<Address> resolvers)
    {
        var lines = text.Split('\n');
        if (lines.Length < 3 || lines[0] != HeadOf(resolvers) || lines[^1].Length > 0)
            return null;
        var names = new List<KeptName>();
        foreach (var line in lines.AsSpan(1, lines.Length - 3))
        {
            if (Parse(line) is not { } name)
                return null;
            names.Add(name);
        }

        return lines[^2] == string.Create(CultureInfo.InvariantCulture, $"{End} {names.Count}") ? names : null;
    }

    private static KeptName? Parse(string line)
    {
        if (line.Split(' ') is not [{ Length: > 0 and <= LongestName } name, var address, var until]
            || !name.All(IsOfName) || !Address.TryParse(address, out var parsed))
            return null;
        if (until == Had)
            return new(name, parsed, null);
        const long last = 253_402_300_799;   // the end of the year 9999
        return long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= last
            ? new(name, parsed, DateTimeOffset.FromUnixTimeSeconds(seconds))
            : null;
    }

    /// <summary>What <see cref="DnsName"/> writes.</summary>
    private static bool IsOfName(char letter) =>
        char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_' or '.' or '\\';

    private static string HeadOf(IEnumerable<Address> resolvers) =>
        string.Join(' ', resolvers.Order().Select(address => address.ToString()).Prepend(Head));
}

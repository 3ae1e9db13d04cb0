using System.Security.Cryptography;
using System.Text;

namespace Palisade.Dataplane.Lower;

/// <summary>The names that meanings of sets have, as long as a table lives: two meanings never share one.</summary>
internal sealed class SetNames
{
    /// <summary>Readable part of a name. The hash that follows tells sets apart; this is for people.</summary>
    private const int ReadableLength = 40;

    /// <summary>Bytes of the hash in a name.</summary>
    private const int HashLength = 6;

    private Dictionary<string, string> _meanings = new(StringComparer.Ordinal);

    /// <summary>The name of what a set means.</summary>
    public string Of(string prefix, string meaning)
    {
        var name = Make(prefix, meaning, HashLength);
        if (_meanings.TryGetValue(name, out var other) && other != meaning)
            name = Make(prefix, meaning, SHA256.HashSizeInBytes);
        _meanings[name] = meaning;
        return name;
    }

    /// <summary>Forgets all names but these.</summary>
    public void Keep(IEnumerable<string> names) => _meanings = names.Distinct(StringComparer.Ordinal)
        .ToDictionary(name => name, name => _meanings[name], StringComparer.Ordinal);

    /// <summary>
    /// prefix-readable-hash, of letters, digits and single hyphens. 48 bits of SHA-256 keep names short: among 10,000
    /// sets two of one name have a chance of 2·10⁻⁷. But one tenant could look for the name of another's set on
    /// purpose; then the second of the two takes the whole hash.
    /// </summary>
    private static string Make(string prefix, string meaning, int hashLength)
    {
        var name = new StringBuilder(prefix).Append('-');
        foreach (var letter in meaning)
        {
            if (name.Length >= prefix.Length + ReadableLength)
                break;
            if (char.IsAsciiLetterOrDigit(letter) || letter == '.')
                name.Append(letter);
            else if (letter == '*')
                name.Append("every");
            else if (name[^1] != '-')
                name.Append('-');
        }

        if (name[^1] != '-')
            name.Append('-');
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(meaning)).AsSpan(0, hashLength);
        return name.Append(Convert.ToHexStringLower(hash)).ToString();
    }
}

using System.Security.Cryptography;
using System.Text;

namespace Palisade.ApiServer.Objects;

/// <summary>
/// metadata.generateName: the prefix and five characters that spell no words (apiserver names.SimpleNameGenerator).
/// </summary>
internal static class NameGenerator
{
    private const int SuffixLength = 5;
    private const int MaxLength = 63;
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";

    public static string Next(string prefix)
    {
        var kept = prefix.Length > MaxLength - SuffixLength ? prefix[..(MaxLength - SuffixLength)] : prefix;
        return kept + RandomNumberGenerator.GetString(Letters, SuffixLength);
    }

    /// <summary>Such characters, at most 32, that follow from a text: the same after every restart.</summary>
    public static string Of(string meaning, int length)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(meaning));
        return string.Concat(hash.Take(length).Select(value => Letters[value % Letters.Length]));
    }
}

using System.Security.Cryptography;

namespace Palisade.ApiServer.Objects;

/// <summary>
/// metadata.generateName: the prefix and five characters that spell no words (apiserver names.SimpleNameGenerator).
/// </summary>
internal static class NameGenerator
{
    private const int SuffixLength = 5;
    private const int MaxLength = 63;

    public static string Next(string prefix)
    {
        var kept = prefix.Length > MaxLength - SuffixLength ? prefix[..(MaxLength - SuffixLength)] : prefix;
        return kept + RandomNumberGenerator.GetString("bcdfghjklmnpqrstvwxz2456789", SuffixLength);
    }
}

using System.Text.Json;

namespace Palisade.Kubernetes.Client;

/// <summary>
/// Hands out one string for equal text that comes again soon: the names of members, namespaces, label keys and values
/// of thousands of objects. It remembers the last of each place of a small table, so its memory is bounded whatever
/// comes. For one thread.
/// </summary>
internal sealed class SharedStrings
{
    private const int Places = 4096;   // a power of two

    /// <summary>Label values and most names; longer text seldom comes again.</summary>
    private const int Longest = 63;

    private readonly string?[] _last = new string?[Places];

    /// <summary>The string or property name the reader is at.</summary>
    /// <exception cref="InvalidOperationException">The text is no UTF-8.</exception>
    public string Of(ref Utf8JsonReader reader)
    {
        var bytes = reader.ValueSpan;
        if (reader.ValueIsEscaped || bytes.Length > Longest)
            return reader.GetString()!;
        var hash = 2166136261u;   // FNV-1a
        foreach (var octet in bytes)
            hash = unchecked((hash ^ octet) * 16777619);
        ref var last = ref _last[(hash ^ hash >> 16) & (Places - 1)];
        return last is not null && reader.ValueTextEquals(last) ? last : last = reader.GetString()!;
    }
}

namespace Palisade.Dataplane.Dns;

/// <summary>The names that policies mention: exact ones, and *.example.com for all below example.com, not
/// itself.</summary>
internal sealed class MentionedNames
{
    private const string AnyLabels = "*.";
    private readonly HashSet<string> _patterns;

    public MentionedNames(IEnumerable<string> patterns) =>
        _patterns = patterns.Select(pattern => pattern.TrimEnd('.').ToLowerInvariant())
            .ToHashSet(StringComparer.Ordinal);

    public bool IsEmpty => _patterns.Count == 0;

    public bool Equals(MentionedNames other) => _patterns.SetEquals(other._patterns);

    /// <summary>
    /// What mentions a name: the name itself, else the nearest *.SUFFIX above it; null: nothing does. Linear in its
    /// labels, however many patterns there are.
    /// </summary>
    /// <param name="name">In lower case, without a final dot.</param>
    public string? PatternOf(string name)
    {
        if (_patterns.Contains(name))
            return name;
        for (var dot = name.IndexOf('.'); dot > 0; dot = name.IndexOf('.', dot + 1))
        {
            var pattern = string.Concat(AnyLabels, name.AsSpan(dot + 1));
            if (_patterns.Contains(pattern))
                return pattern;
        }

        return null;
    }
}

namespace Palisade.Kubernetes.Validate;

/// <summary>Keys and values of labels, as selectors in queries judge them.</summary>
public static class LabelSyntax
{
    /// <summary>
    /// What is wrong with a key, several problems joined as the API server does; null when nothing is.
    /// </summary>
    public static string? KeyProblem(string key) => Joined(Names.Qualified(key));

    /// <summary>What is wrong with a value; null when nothing is.</summary>
    public static string? ValueProblem(string value) => Joined(Names.LabelValue(value));

    private static string? Joined(IEnumerable<string> problems) =>
        string.Join("; ", problems) is { Length: > 0 } text ? text : null;
}

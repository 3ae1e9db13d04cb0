using Palisade.Policy.Model;

namespace Palisade.Kubernetes.Convert;

/// <summary>How bad a diagnostic is.</summary>
public enum Severity : byte
{
    /// <summary>
    /// The input counts, but says something else than it seems to, or something beside it was left out.
    /// </summary>
    Warning,

    /// <summary>The document or object does not count.</summary>
    Error,
}

/// <summary>Something about the input that its author should know.</summary>
/// <param name="Id">Stable id, PL-Dnnn; each has a page.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Text">What is the case, in the API server's or kubectl's words where they have some.</param>
/// <param name="At">Where; the file is null for objects from a cluster.</param>
/// <param name="WayOut">What to do about it.</param>
/// <param name="Object">The object concerned, KIND NAMESPACE/NAME; null where there is none.</param>
public sealed record Diagnostic(
    string Id,
    Severity Severity,
    string Text,
    SourceLocation At,
    string WayOut,
    string? Object = null)
{
    /// <summary>file:line:column: error PL-D004: text (way out).</summary>
    public override string ToString()
    {
        var place = At.IsKnown ? $"{At}: " : Object is null ? "" : $"{Object}: ";
        var about = At.IsKnown && Object is not null ? $"{Object}: " : "";
        return $"{place}{(Severity == Severity.Error ? "error" : "warning")} {Id}: {about}{Text} ({WayOut})";
    }
}

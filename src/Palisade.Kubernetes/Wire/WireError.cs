namespace Palisade.Kubernetes.Wire;

/// <summary>Why a document is not a value: the decoder's own words and the place.</summary>
public sealed record WireError(string Message, Position At);

/// <summary>A value, or why there is none: exactly one of the two is set.</summary>
public readonly record struct WireResult(WireValue? Value, WireError? Error);

/// <summary>
/// Bounds on one document, so that hostile input is refused early instead of filling memory or the stack.
/// </summary>
/// <param name="MaxBytes">The most bytes of one document; the API server's own bound on a request body is 3 MB.</param>
/// <param name="MaxDepth">The deepest nesting; CustomResourceDefinitions reach about 60.</param>
/// <param name="MaxNodes">The most values once aliases are expanded; a YAML bomb has billions.</param>
public sealed record WireLimits(int MaxBytes = 10 * 1024 * 1024, int MaxDepth = 200, int MaxNodes = 2_000_000)
{
    /// <summary>The bounds that everything uses unless told otherwise.</summary>
    public static WireLimits Default { get; } = new();
}

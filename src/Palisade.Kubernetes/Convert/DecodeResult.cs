using System.Collections.Immutable;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Convert;

/// <summary>One strict decoding error in the API server's words (unknown field "spec.foo") and its place.</summary>
public readonly record struct StrictError(string Message, Position At);

/// <summary>What decoding an object as its Go type gives.</summary>
/// <param name="Pruned">The object as Go would hold it: unknown fields dropped, null settled, the last of repeated
/// fields.</param>
/// <param name="StrictErrors">Unknown and repeated fields, in the order met. An error only under
/// fieldValidation=Strict.</param>
/// <param name="TypeError">The first value of a wrong type (json: cannot unmarshal …), with its place; null when
/// there is none.</param>
public sealed record DecodeResult(WireObject Pruned, ImmutableArray<StrictError> StrictErrors, StrictError? TypeError)
{
    /// <summary>Whether nothing at all is wrong.</summary>
    public bool IsClean => StrictErrors.IsEmpty && TypeError is null;

    /// <summary>
    /// The API server's message for the body: NetworkPolicy in version "v1" cannot be handled as a NetworkPolicy: …;
    /// null when the
    /// object decodes. <paramref name="strict"/>: fieldValidation=Strict, kubectl's default.
    /// </summary>
    public string? Refusal(string kind, string version, bool strict)
    {
        var cause = TypeError?.Message
            ?? (strict && !StrictErrors.IsEmpty
                ? "strict decoding error: " + string.Join(", ", StrictErrors.Select(error => error.Message))
                : null);
        return cause is null ? null : $"{kind} in version \"{version}\" cannot be handled as a {kind}: {cause}";
    }
}

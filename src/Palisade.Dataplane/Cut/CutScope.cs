using System.Collections.Immutable;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Cut;

/// <summary>
/// Which connections a change may have made allowed or denied: those from or to some addresses, or all.
/// </summary>
/// <param name="Addresses">Sorted and distinct; null: all connections.</param>
public sealed record CutScope(ImmutableArray<Address>? Addresses)
{
    /// <summary>Every connection: at a start, when the node's own addresses changed.</summary>
    public static CutScope Everything { get; } = new((ImmutableArray<Address>?)null) { Opens = true };

    /// <summary>No connection.</summary>
    public static CutScope Nothing { get; } = new([]);

    /// <summary>
    /// Something may be allowed now that was not: connections that have been cut are looked at, of whatever address.
    /// </summary>
    public bool Opens { get; init; }

    /// <summary>Whether there is nothing to look at.</summary>
    public bool IsNothing => Addresses is [] && !Opens;

    /// <summary>Both.</summary>
    public CutScope With(CutScope other) => Addresses is { } mine && other.Addresses is { } others
        ? new([.. mine.Union(others).Order()]) { Opens = Opens || other.Opens }
        : Everything;

    /// <inheritdoc/>
    public bool Equals(CutScope? other) => other is not null && Opens == other.Opens
        && (Addresses is { } mine && other.Addresses is { } others
            ? mine.AsSpan().SequenceEqual(others.AsSpan())
            : Addresses is null && other.Addresses is null);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Opens, Addresses?.Length);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Addresses is { } some ? string.Join(", ", some) : "everything")}{(Opens ? ", opens" : "")}";
}

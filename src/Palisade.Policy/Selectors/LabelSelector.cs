using System.Collections.Immutable;
using System.Diagnostics;

namespace Palisade.Policy.Selectors;

/// <summary>The four operators of a label selector requirement.</summary>
public enum SelectorOperator : byte
{
    /// <summary>The key is present and its value is one of the values.</summary>
    In,

    /// <summary>The key is absent, or its value is none of the values.</summary>
    NotIn,

    /// <summary>The key is present, whatever its value.</summary>
    Exists,

    /// <summary>The key is absent.</summary>
    DoesNotExist,
}

/// <summary>One requirement on one key. Values are sorted and distinct; empty for Exists and DoesNotExist.</summary>
public sealed record Requirement(string Key, SelectorOperator Operator, ImmutableArray<string> Values)
{
    /// <summary>
    /// Whether the labels meet this requirement. NotIn holds when the key is absent (apimachinery labels.Requirement).
    /// </summary>
    public bool Matches(LabelSet labels) => (Operator, labels.ValueOf(Key)) switch
    {
        (SelectorOperator.In, var value) => value is not null && Values.Contains(value),
        (SelectorOperator.NotIn, var value) => value is null || !Values.Contains(value),
        (SelectorOperator.Exists, var value) => value is not null,
        (SelectorOperator.DoesNotExist, var value) => value is null,
        _ => throw new UnreachableException($"selector operator {Operator}"),
    };

    /// <inheritdoc/>
    public bool Equals(Requirement? other) => other is not null && Key == other.Key && Operator == other.Operator
        && Values.AsSpan().SequenceEqual(other.Values.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(Key, Operator, Values.Length, Values.IsEmpty ? null : Values[0]);

    /// <summary>As kubectl prints it: a=b, k in (v1,v2), n notin (q), e, !d.</summary>
    public override string ToString() => Operator switch
    {
        SelectorOperator.In when Values.Length == 1 => $"{Key}={Values[0]}",
        SelectorOperator.In => $"{Key} in ({string.Join(',', Values)})",
        SelectorOperator.NotIn => $"{Key} notin ({string.Join(',', Values)})",
        SelectorOperator.Exists => Key,
        _ => $"!{Key}",
    };
}

/// <summary>
/// A label selector in canonical form: matchLabels and matchExpressions as one sorted, distinct list, all of which
/// must hold.
/// </summary>
public sealed class LabelSelector : IEquatable<LabelSelector>
{
    private readonly string _text;
    private readonly int _hash;

    private LabelSelector(ImmutableArray<Requirement> requirements)
    {
        Requirements = requirements;
        _text = string.Join(',', requirements);
        _hash = _text.GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>The empty selector: selects everything.</summary>
    public static LabelSelector Everything { get; } = new([]);

    /// <summary>All of these must hold. Sorted by their text, without repeats.</summary>
    public ImmutableArray<Requirement> Requirements { get; }

    /// <summary>Whether this is the empty selector.</summary>
    public bool SelectsEverything => Requirements.IsEmpty;

    /// <summary>The selector of these requirements, in canonical order.</summary>
    public static LabelSelector Of(IEnumerable<Requirement> requirements)
    {
        var canonical = requirements
            .Select(r => r with
            {
                Values = [.. r.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            })
            .Distinct()
            .OrderBy(r => r.ToString(), StringComparer.Ordinal)
            .ToImmutableArray();
        return canonical.IsEmpty ? Everything : new(canonical);
    }

    /// <summary>Whether the labels meet every requirement.</summary>
    public bool Matches(LabelSet labels)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(LabelSelector? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash
            && Requirements.AsSpan().SequenceEqual(other.Requirements.AsSpan()));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSelector);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>As kubectl's FormatLabelSelector: app=a,!d,k in (v1,v2); empty text for the empty selector.</summary>
    public override string ToString() => _text;
}

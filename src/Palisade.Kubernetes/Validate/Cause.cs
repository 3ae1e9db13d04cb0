using System.Collections.Immutable;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// One reason why the API server refuses an object: an entry of Status.details.causes, and where it was written.
/// </summary>
/// <param name="Reason">FieldValueRequired, FieldValueInvalid, FieldValueNotSupported …</param>
/// <param name="Message">The text without the path: Invalid value: 0: must be between 1 and 65535, inclusive.</param>
/// <param name="Field">The path: spec.ingress[0].ports[0].port.</param>
/// <param name="At">Where the value stands, or what should hold it when it is missing.</param>
public sealed record Cause(string Reason, string Message, string Field, Position At)
{
    /// <summary>field: message, as kubectl prints it.</summary>
    public override string ToString() => $"{Field}: {Message}";
}

/// <summary>A Warning header of the API server's answer.</summary>
/// <param name="Text">The text, path included.</param>
/// <param name="At">Where the value stands.</param>
public sealed record FieldWarning(string Text, Position At);

/// <summary>
/// What validation says of an object. Warnings are given only when nothing is wrong, as the API server does.
/// </summary>
public sealed record Verdict(ImmutableArray<Cause> Causes, ImmutableArray<FieldWarning> Warnings)
{
    /// <summary>Nothing to say.</summary>
    public static Verdict Fine { get; } = new([], []);

    /// <summary>Whether the object is accepted.</summary>
    public bool IsValid => Causes.IsEmpty;

    /// <summary>
    /// The message of the API server's 422 answer: RESOURCE-KIND "NAME" is invalid: …; several causes in brackets,
    /// repeats once.
    /// </summary>
    public string Message(string qualifiedKind, string name)
    {
        var texts = Causes.Select(cause => cause.ToString()).Distinct(StringComparer.Ordinal).ToArray();
        var all = texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        return $"{qualifiedKind} {Convert.GoText.Quote(name)} is invalid: {all}";
    }
}

/// <summary>The Kubernetes release whose rules apply.</summary>
public readonly record struct KubeVersion(int Major, int Minor) : IComparable<KubeVersion>
{
    /// <summary>1.35: what the embedded server speaks, and the default.</summary>
    public static KubeVersion Default { get; } = new(1, 35);

    /// <summary>StrictIPCIDRValidation is on from 1.36: odd spellings of addresses and blocks become errors.</summary>
    public bool RefusesOddCidrs => CompareTo(new(1, 36)) >= 0;

    /// <summary>Warning headers for odd spellings of addresses and blocks came with 1.33.</summary>
    public bool WarnsOfOddCidrs => CompareTo(new(1, 33)) >= 0;

    /// <summary>Reads 1.35, v1.35 or v1.35.2.</summary>
    public static bool TryParse(string? text, out KubeVersion version)
    {
        version = default;
        var parts = (text ?? "").TrimStart('v').Split('.');
        if (parts.Length is < 2 or > 3 || !int.TryParse(parts[0], out var major)
            || !int.TryParse(parts[1], out var minor))
            return false;
        version = new(major, minor);
        return major == 1 && minor >= 0;
    }

    /// <inheritdoc/>
    public int CompareTo(KubeVersion other) =>
        Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    /// <summary>1.35.</summary>
    public override string ToString() => $"{Major}.{Minor}";
}

using System.Collections.Immutable;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;

namespace Palisade.Manifests;

/// <summary>One object of the input.</summary>
public sealed record ManifestDocument
{
    /// <summary>Where it starts.</summary>
    public required SourceLocation At { get; init; }

    /// <summary>apiVersion as written.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>kind as written.</summary>
    public required string Kind { get; init; }

    /// <summary>Its namespace, the default one where none is written; empty for kinds without namespaces.</summary>
    public required string Namespace { get; init; }

    /// <summary>Its name; empty when it has none.</summary>
    public required string Name { get; init; }

    /// <summary>As written, the last of repeated keys.</summary>
    public required WireObject Written { get; init; }

    /// <summary>The schema of its kind; null when the kind is not known.</summary>
    public KindSchema? Schema { get; init; }

    /// <summary>
    /// Decoded and defaulted as the API server would store it. A policy it would refuse has none; other objects keep
    /// what can be
    /// read of them (dumps are often stripped), so <see cref="Causes"/> tells what the server says. Null: counts in
    /// no answer.
    /// </summary>
    public WireObject? Stored { get; init; }

    /// <summary>What the API server says to it.</summary>
    public required ImmutableArray<Cause> Causes { get; init; }

    /// <summary>The API server's Warning headers.</summary>
    public ImmutableArray<FieldWarning> Warnings { get; init; } = [];

    /// <summary>
    /// A NetworkPolicy, be it of a version that no API server has any more or of a kind in the wrong case: something
    /// that its author means to count.
    /// </summary>
    public bool IsNetworkPolicy => Kind.Equals("NetworkPolicy", StringComparison.OrdinalIgnoreCase)
        && ApiVersion.Split('/')[0] is "networking.k8s.io" or "extensions";

    /// <summary>KIND NAMESPACE/NAME.</summary>
    public string Title => Namespace.Length == 0 ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}

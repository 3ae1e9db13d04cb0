using System.Collections.Immutable;
using System.Text;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;

namespace Palisade.Manifests;

/// <summary>How manifests are read.</summary>
public sealed record ManifestOptions
{
    /// <summary>The namespace of objects that name none.</summary>
    public string DefaultNamespace { get; init; } = "default";

    /// <summary>The Kubernetes release whose rules apply.</summary>
    public KubeVersion Version { get; init; } = KubeVersion.Default;

    /// <summary>Bounds on one document.</summary>
    public WireLimits Limits { get; init; } = WireLimits.Default;

    /// <summary>What - reads; null: the process's standard input.</summary>
    public Stream? StandardInput { get; init; }
}

/// <summary>
/// Manifests as read: every object with the API server's answer, what was wrong, and the cluster they describe.
/// </summary>
public sealed record ManifestSet
{
    /// <summary>
    /// Every object, in the order of the input; then what could not be read as one, with an empty kind.
    /// </summary>
    public required ImmutableArray<ManifestDocument> Documents { get; init; }

    /// <summary>What was wrong or is worth knowing, in the order of the input.</summary>
    public required ImmutableArray<Diagnostic> Diagnostics { get; init; }

    /// <summary>The cluster that the documents with a stored form describe.</summary>
    public required ClusterSnapshot Snapshot { get; init; }

    /// <summary>
    /// The objects of known kinds, and the NetworkPolicies of versions that are gone, that count in no answer: what
    /// depends on them is uncertain.
    /// </summary>
    public IEnumerable<ManifestDocument> Refused => Documents.Where(document =>
        document.Stored is null && (document.Schema is not null || document.IsNetworkPolicy));

    /// <summary>Whether something was refused or could not be read: exit code 2.</summary>
    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Severity == Severity.Error);

    /// <summary>
    /// Reads files, directories (recursively, in order) and - for standard input. Never throws on what they hold.
    /// </summary>
    public static ManifestSet Load(IEnumerable<string> paths, ManifestOptions? options = null)
    {
        options ??= new();
        var diagnostics = new List<Diagnostic>();
        var files = ManifestSource.Read(paths, options.StandardInput, diagnostics);
        return Of(files, options, diagnostics);
    }

    /// <summary>Reads one text as if it were a file of that name.</summary>
    public static ManifestSet Parse(string text, string file = "manifest.yaml", ManifestOptions? options = null) =>
        Parse(Encoding.UTF8.GetBytes(text), file, options);

    /// <summary>Reads the bytes of one file.</summary>
    public static ManifestSet Parse(byte[] text, string file = "manifest.yaml", ManifestOptions? options = null) =>
        Of([(file, text)], options ?? new(), []);

    private static ManifestSet Of(
        IEnumerable<(string File, byte[] Text)> files,
        ManifestOptions options,
        List<Diagnostic> diagnostics)
    {
        var reader = new ManifestReader(options.Limits, diagnostics);
        var objects = new ObjectReader(options, diagnostics);
        var documents =
            files.SelectMany(file => reader.Read(file.File, file.Text)).SelectMany(objects.Read).ToImmutableArray();
        var snapshot = SnapshotBuilder.Build(documents, diagnostics);
        documents = [.. documents, .. diagnostics.Where(IsOfNoObject).Select(Unread)];
        return new() { Documents = documents, Diagnostics = [.. diagnostics], Snapshot = snapshot };
    }

    private static bool IsOfNoObject(Diagnostic diagnostic) => diagnostic is { Object: null, Severity: Severity.Error };

    // What is no object still gets its answer, after those of the objects.
    private static ManifestDocument Unread(Diagnostic diagnostic)
    {
        var at = new Position(diagnostic.At.Line, diagnostic.At.Column);
        return new()
        {
            At = diagnostic.At,
            ApiVersion = "",
            Kind = "",
            Namespace = "",
            Name = "",
            Written = new([], at),
            Causes = [new("BadRequest", diagnostic.Text, "", at)],
        };
    }
}

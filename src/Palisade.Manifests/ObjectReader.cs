using System.Collections.Immutable;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;

namespace Palisade.Manifests;

/// <summary>
/// Values as objects: lists expanded, then each decoded, defaulted and validated as the API server would on creation.
/// </summary>
internal sealed class ObjectReader(ManifestOptions options, ICollection<Diagnostic> diagnostics)
{
    // The API server's bound on a request body; more is 413.
    private const int MaxRequestBytes = 3 * 1024 * 1024;

    private int _named;

    /// <summary>The objects of a value: one, or those of a List.</summary>
    public IEnumerable<ManifestDocument> Read(ReadValue read)
    {
        if (read.Value is not WireObject value)
        {
            diagnostics.Add(Finding.NotAnObject(At(read.File, read.Value.At), GoName(read.Value)));
            return [];
        }

        var (apiVersion, kind) = (TextOf(value, "apiVersion"), TextOf(value, "kind"));
        if (kind.EndsWith("List", StringComparison.Ordinal) && value["items"] is WireArray items)
            return items.Items.SelectMany(item => Read(new(Typed(item, apiVersion, kind[..^4]), read.File)));
        if (apiVersion.Length > 0 && kind.Length > 0)
            return [Object(value, apiVersion, kind, read.File)];
        diagnostics.Add(Finding.Missing(At(read.File, value.At), apiVersion.Length == 0 ? "apiVersion" : "kind"));
        return [];
    }

    // Items of a typed list need not repeat what the list says (a v1 List says nothing).
    private static WireValue Typed(WireValue item, string apiVersion, string kind)
    {
        if (item is not WireObject o || kind.Length == 0)
            return item;
        if (o["kind"] is null)
            o = o.With("kind", new WireString(kind, o.At));
        return o["apiVersion"] is null ? o.With("apiVersion", new WireString(apiVersion, o.At)) : o;
    }

    private ManifestDocument Object(WireObject value, string apiVersion, string kind, string file)
    {
        var schema = ApiKinds.Find(apiVersion, kind);
        var metadata = value["metadata"] as WireObject;
        var space = metadata is null ? "" : TextOf(metadata, "namespace");
        var document = new ManifestDocument
        {
            At = At(file, value.At),
            ApiVersion = apiVersion,
            Kind = kind,
            Namespace = schema is { Namespaced: false } ? "" : space.Length > 0 ? space : options.DefaultNamespace,
            Name = metadata is null ? "" : TextOf(metadata, "name"),
            Written = value,
            Schema = schema,
            Causes = [],
        };
        return schema is null ? Unknown(document) : Judge(document, schema);
    }

    private ManifestDocument Unknown(ManifestDocument document)
    {
        var text = $"no matches for kind \"{document.Kind}\" in version \"{document.ApiVersion}\"";
        if (document.IsNetworkPolicy)
            diagnostics.Add(Finding.OldPolicy(document.At, text, document.Title));
        // The policies of network plugins change what is allowed, too.
        else if (document.ApiVersion.StartsWith("policy.networking.k8s.io/", StringComparison.Ordinal)
            || document.Kind.EndsWith("NetworkPolicy", StringComparison.Ordinal))
            diagnostics.Add(Finding.NotJudged(document.At, document.Kind, document.Title));
        else if (!document.ApiVersion.StartsWith("palisade.dev/", StringComparison.Ordinal))
            diagnostics.Add(Finding.UnknownKind(document.At, text, document.Title));
        else
            return document;
        return document with { Causes = [new("NotFound", text, "", document.Written.At)] };
    }

    private ManifestDocument Judge(ManifestDocument document, KindSchema schema)
    {
        var at = document.Written.At;
        if (WireJson.Write(document.Written).Length is var bytes and > MaxRequestBytes)
        {
            diagnostics.Add(Finding.TooLarge(document.At, bytes, MaxRequestBytes));
            return Refused(document, "RequestEntityTooLarge",
                $"Request entity too large: limit is {MaxRequestBytes}", at);
        }

        // The API server meets what kubectl makes of a file: the order decides which wrong type it names.
        var decoded = StrictDecode.Check(document.Written.Sorted(), schema);
        if (decoded.Refusal(schema.Kind, schema.Version, strict: true) is { } refusal)
        {
            var place = decoded.TypeError?.At ?? decoded.StrictErrors[0].At;
            var refused = Refused(document, "BadRequest", refusal, place);
            if (AsMeant(refused, schema) is { } meant)
                return meant;
            // Only a policy changes its meaning by a field that is dropped; a pod with a field of a newer release is
            // still a pod.
            var counts = !schema.IsPolicy && decoded.TypeError is null;
            if (FailsClosed(schema))
            {
                diagnostics.Add(Finding.Closed("PL-D011", At(document.At.File, place), refusal, document.Title));
                return refused with { Stored = document.Written };
            }

            diagnostics.Add(Finding.Undecodable(At(document.At.File, place), refusal, document.Title, counts));
            return counts ? Validate(refused, decoded.Pruned, schema) with { Causes = refused.Causes } : refused;
        }

        return Validate(document, decoded.Pruned, schema);
    }

    // A cluster policy that is left out could leave a Deny out. Its conversion closes what it does not understand.
    private static bool FailsClosed(KindSchema schema) => schema is { IsPolicy: true, Kind: not "NetworkPolicy" };

    // Many tools write y and n bare; the answers count them as text and say that no API server would.
    private ManifestDocument? AsMeant(ManifestDocument refused, KindSchema schema)
    {
        var decoded = StrictDecode.CheckAsMeant(refused.Written, schema);
        if (!decoded.IsClean)
            return null;
        var cause = refused.Causes[0];
        diagnostics.Add(Finding.LetterIsBoolean(At(refused.At.File, cause.At), cause.Message, refused.Title));
        return Validate(refused, decoded.Pruned, schema) with { Causes = refused.Causes };
    }

    private ManifestDocument Validate(ManifestDocument document, WireObject decoded, KindSchema schema)
    {
        var pruned = schema.Namespaced ? WithNamespace(decoded) : decoded;
        var stored = ObjectValidation.Default(pruned, schema);
        var verdict = ObjectValidation.Create(stored, schema, options.Version);
        if (!verdict.IsValid && LettersMeant(document, schema, verdict) is { } meant)
            return meant;
        // Dumps of clusters are often stripped of what does not matter here; policies count whole or not at all.
        var counts = verdict.IsValid || !schema.IsPolicy;
        var closed = !verdict.IsValid && FailsClosed(schema);
        foreach (var cause in verdict.Causes)
        {
            var (at, text) = (At(document.At.File, cause.At), cause.ToString());
            diagnostics.Add(closed
                ? Finding.Closed("PL-D012", at, text, document.Title)
                : Finding.Invalid(at, text, document.Title, counts && document.Name.Length > 0));
        }

        // Of a cluster policy the conversion tells the same, and what it makes of it.
        foreach (var warning in schema.IsPolicy && schema.Kind != "NetworkPolicy" ? [] : verdict.Warnings)
            diagnostics.Add(Finding.ServerWarning(At(document.At.File, warning.At), warning.Text, document.Title));
        if (verdict.IsValid && schema.Kind == "NetworkPolicy")
            NullItems(document);
        return Named(document with
        {
            Causes = verdict.Causes,
            Warnings = verdict.Warnings,
            Stored = counts ? stored : closed ? document.Written : null,
        });
    }

    // The API server appends five characters to a generateName; here they count, so that equal input is named alike.
    private ManifestDocument Named(ManifestDocument document)
    {
        if (document is not { Name: "", Stored: { } stored } || stored["metadata"] is not WireObject metadata
            || TextOf(metadata, "generateName") is not { Length: > 0 } prefix)
            return document;
        var name = $"{prefix}{++_named:00000}";
        return document with
        {
            Name = name,
            Stored = stored.With("metadata", metadata.With("name", new WireString(name, metadata.At))),
        };
    }

    // Of a custom resource only validation sees the boolean: AsMeant for it.
    private ManifestDocument? LettersMeant(ManifestDocument document, KindSchema schema, Verdict refused)
    {
        if (!refused.Causes.Any(cause => cause.Reason == "FieldValueTypeInvalid"))
            return null;
        var decoded = StrictDecode.CheckAsMeant(document.Written, schema);
        if (!decoded.IsClean || !ObjectValidation.Create(decoded.Pruned, schema, options.Version).IsValid)
            return null;
        var cause = refused.Causes[0];
        diagnostics.Add(Finding.LetterIsBoolean(
            At(document.At.File, cause.At), cause.ToString(), document.Title));
        return Validate(document, decoded.Pruned, schema) with { Causes = refused.Causes };
    }

    private static ManifestDocument Refused(ManifestDocument document, string reason, string text, Position at) =>
        document with { Causes = [new(reason, text, "", at)] };

    private WireObject WithNamespace(WireObject value)
    {
        var metadata = value["metadata"] as WireObject ?? new WireObject([], value.At);
        return metadata["namespace"] is WireString { Value.Length: > 0 }
            ? value
            : value.With("metadata", metadata.With("namespace", new WireString(options.DefaultNamespace, metadata.At)));
    }

    // ingress: [null] allows everyone; a line with a bare - is easily written and hard to see.
    private void NullItems(ManifestDocument document)
    {
        var spec = document.Written["spec"] as WireObject;
        foreach (var direction in (string[])["ingress", "egress"])
        {
            var rules = (spec?[direction] as WireArray)?.Items ?? [];
            for (var i = 0; i < rules.Length; i++)
            {
                if (rules[i] is WireNull)
                    diagnostics.Add(Finding.NullItem(At(document.At.File, rules[i].At), $"spec.{direction}[{i}]",
                        "every peer on every port", document.Title));
                var ports = ((rules[i] as WireObject)?["ports"] as WireArray)?.Items ?? [];
                for (var p = 0; p < ports.Length; p++)
                {
                    if (ports[p] is WireNull)
                        diagnostics.Add(Finding.NullItem(At(document.At.File, ports[p].At),
                            $"spec.{direction}[{i}].ports[{p}]", "every TCP port", document.Title));
                }
            }
        }
    }

    private static SourceLocation At(string? file, Position at) => new(file, at.Line, at.Column);

    // A bare y or n is a name like others here (AsMeant).
    private static string TextOf(WireObject value, string name) =>
        (value[name] as WireString)?.Value ?? (value[name] as WireBool)?.Letter ?? "";

    private static string GoName(WireValue value) => value switch
    {
        WireArray => "array",
        WireString => "string",
        WireBool => "bool",
        WireNumber => "number",
        _ => "null",
    };
}

using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Patching;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Http;

/// <summary>A decoded object: only fields of its schema, each of its type; and what was dropped on the way.</summary>
internal sealed record Decoded(JsonObject Tree, IReadOnlyList<string> Warnings);

/// <summary>Turns request bodies into objects, refusing as kube-apiserver's decoders do.</summary>
internal static class BodyDecoder
{
    public const string Protobuf = "application/vnd.kubernetes.protobuf";
    public const string Yaml = "application/yaml";

    // So many repeated keys of one YAML body are told.
    private const int MostRepeated = 100;

    // Deeper than any kind this server knows; far from what the recursive readers' stack bears.
    private static readonly WireLimits _limits = new(RequestBody.Limit, MaxDepth: 100);

    /// <summary>A whole object, as create and replace send it.</summary>
    public static Decoded Object(
        ReadOnlyMemory<byte> body, string mediaType, KindSchema kind, FieldValidation validation)
    {
        var (value, repeated) = Value(body, mediaType, kind);
        CheckKind(value, kind);
        var result = StrictDecode.Check(value, kind);
        // The second of two members of one name is told twice over in Go: of YAML only by its line.
        if (!repeated.IsEmpty)
            result = result with { StrictErrors = [new(RepeatedText(repeated), default), .. result.StrictErrors] };
        if (result.Refusal(kind.Kind, kind.Version, validation == FieldValidation.Strict) is { } refusal)
            throw Errors.BadRequest(refusal);
        return new Decoded(Tree(result), Warnings(result, validation));
    }

    /// <summary>What a patch made of an object; <paramref name="patchText"/> is what error texts quote.</summary>
    public static Decoded Patched(JsonObject tree, KindSchema kind, FieldValidation validation, Func<string> patchText)
    {
        var result = StrictDecode.Check(WireJson.FromNode(tree), kind);
        var why = result.TypeError?.Message;
        if (why is null && validation == FieldValidation.Strict && !result.StrictErrors.IsEmpty)
            why = "strict decoding error: " + string.Join(", ", result.StrictErrors.Select(error => error.Message));
        if (why is not null)
            throw Errors.Invalid("", "", "", [Causes.Invalid("patch", GoText.Quote(patchText()), why)]);
        return new Decoded(Tree(result), Warnings(result, validation));
    }

    /// <summary>What server-side apply made of an object; its schema was looked at before.</summary>
    public static JsonObject Applied(JsonObject tree, KindSchema kind)
    {
        var result = StrictDecode.Check(WireJson.FromNode(tree), kind);
        if (result.Refusal(kind.Kind, kind.Version, strict: false) is { } refusal)
            throw Errors.BadRequest(refusal);
        return Tree(result);
    }

    /// <summary>A JSON document of any shape: patches, and DeleteOptions in whatever group version.</summary>
    public static WireValue Json(ReadOnlyMemory<byte> body, Func<string, string> refusal)
    {
        var parsed = WireJson.Parse(body.Span, _limits);
        return parsed.Value ?? throw Errors.BadRequest(refusal(parsed.Error!.Message));
    }

    /// <summary>A YAML document, and the keys that it has twice.</summary>
    public static (WireValue Value, ImmutableArray<RepeatedKey> Repeated) OfYaml(
        ReadOnlyMemory<byte> body, Func<string, string> refusal)
    {
        if (!System.Text.Unicode.Utf8.IsValid(body.Span))
            throw Errors.BadRequest(refusal("yaml: invalid UTF-8"));
        var (values, repeated, error) = YamlReader.Read(Encoding.UTF8.GetString(body.Span), 1, _limits);
        if (error is not null)
            throw Errors.BadRequest(refusal($"yaml: line {error.At.Line}: {error.Message}"));
        return (values.IsEmpty ? new WireNull(default) : values[0], repeated);
    }

    private static (WireValue Value, ImmutableArray<RepeatedKey> Repeated) Value(
        ReadOnlyMemory<byte> body, string mediaType, KindSchema kind) => mediaType switch
        {
            "" or Responses.Json => (Json(body, why => Unrecognized(body, kind, why)), []),
            Yaml => OfYaml(body, why => Unrecognized(body, kind, why)),
            Protobuf when kind.HasProtobuf => (FromProtobuf(body, kind), []),
            _ => throw Errors.UnsupportedMediaType(
                $"{Responses.Json}, {Yaml}" + (kind.HasProtobuf ? $", {Protobuf}" : "")),
        };

    // yaml.v2's TypeError.
    public static string RepeatedText(ImmutableArray<RepeatedKey> repeated) => "yaml: unmarshal errors:\n" +
        string.Join('\n', repeated.Take(MostRepeated).Select(
            key => $"  line {key.At.Line}: key {GoText.Quote(key.Name)} already set in map"));

    private static WireValue FromProtobuf(ReadOnlyMemory<byte> body, KindSchema kind)
    {
        var parsed = WireProtobuf.Parse(body.Span, _limits);
        return parsed.Value ?? throw Errors.BadRequest(
            $"the object provided is unrecognized (must be of type {kind.Kind}): " +
            $"{parsed.Error!.Message} ({Summary(body.Span)})");
    }

    private static string Unrecognized(ReadOnlyMemory<byte> body, KindSchema kind, string why) =>
        $"the object provided is unrecognized (must be of type {kind.Kind}): " +
        $"couldn't get version/kind; json parse error: {why} ({Summary(body.Span)})";

    // runtime.Decode's summarizeData: the first 30 bytes, as text when it looks like JSON.
    private static string Summary(ReadOnlySpan<byte> body)
    {
        const int Shown = 30;
        if (body.IsEmpty)
            return "<empty>";
        var start = body[..Math.Min(body.Length, Shown)];
        var text = body[0] == '{' ? Encoding.UTF8.GetString(start) : System.Convert.ToHexStringLower(start);
        return body.Length > Shown ? text + " ..." : text;
    }

    // A body without apiVersion and kind counts as what its URL names.
    private static void CheckKind(WireValue value, KindSchema kind)
    {
        // DeleteOptions go by the name of every group version.
        if (value is not WireObject body || kind.Kind == "DeleteOptions")
            return;
        var apiVersion = (body["apiVersion"] as WireString)?.Value ?? "";
        var name = (body["kind"] as WireString)?.Value ?? "";
        // The older version is still taken for it, also by those that serve nothing else of that.
        if (kind == EvictionEndpoint.Kind && apiVersion == "policy/v1beta1")
            apiVersion = kind.ApiVersion;
        if (apiVersion.Length > 0 && apiVersion != kind.ApiVersion)
        {
            throw Errors.BadRequest(
                $"the API version in the data ({apiVersion}) does not match " +
                $"the expected API version ({kind.ApiVersion})");
        }

        if (name.Length > 0 && name != kind.Kind)
        {
            throw Errors.BadRequest(
                $"{name} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: the kinds do not match");
        }
    }

    private static JsonObject Tree(DecodeResult result) => WireJson.ToNode(result.Pruned)!.AsObject();

    private static IReadOnlyList<string> Warnings(DecodeResult result, FieldValidation validation) =>
        validation == FieldValidation.Warn ? [.. result.StrictErrors.Select(error => error.Message)] : [];
}

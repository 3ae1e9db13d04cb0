using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Patching;

/// <summary>
/// A patch that was read: what it does, and how error texts quote it (given what it made of the object).
/// </summary>
internal sealed record PatchBody(Func<JsonObject, JsonObject> Apply, Func<JsonObject, string> Quoted)
{
    private const string JsonPatchType = "application/json-patch+json";
    private const string MergePatchType = "application/merge-patch+json";
    private const string StrategicType = "application/strategic-merge-patch+json";

    /// <summary>How to read a patch of that type for objects of a kind; 415 where the kind takes none.</summary>
    public static Func<ReadOnlyMemory<byte>, PatchBody> Reader(string mediaType, KindSchema kind) => mediaType switch
    {
        JsonPatchType => body => OfOperations(Tree(body)),
        MergePatchType => body => OfMerge(Tree(body)),
        // Merge keys belong to Go types. kubectl then sends a merge patch by itself, but for a plain `patch`.
        StrategicType when !kind.IsCustom => body => OfStrategic(Tree(body), kind),
        _ => throw Errors.UnsupportedMediaType(string.Join(", ", MediaTypes(kind))),
    };

    /// <summary>The media types of patches that objects of a kind take.</summary>
    public static ImmutableArray<string> MediaTypes(KindSchema kind) => kind.IsCustom
        ? [JsonPatchType, MergePatchType, ApplyBody.Type]
        : [JsonPatchType, MergePatchType, StrategicType, ApplyBody.Type];

    private static PatchBody OfOperations(JsonNode? tree)
    {
        if (tree is not JsonArray operations)
            throw Errors.BadRequest(
                $"error decoding patch: json: cannot unmarshal {GoValue.TypeName(tree)} " +
                "into Go value of type jsonpatch.Patch");
        return new PatchBody(
            target => OfOneKind(target, tree => Patching.JsonPatch.Apply(tree, operations)), Text);
    }

    private static PatchBody OfMerge(JsonNode? tree)
    {
        var patch = Map(tree);
        return new PatchBody(
            target => OfOneKind(target, tree => MergePatch.Apply(tree, patch)), Text);
    }

    // Of a strategic patch Go drops the kind.
    private static JsonObject OfOneKind(JsonObject target, Func<JsonObject, JsonObject> apply)
    {
        var before = (Cell.Text(target["apiVersion"]), Cell.Text(target["kind"]));
        var patched = apply(target);
        var (version, kind) = (Cell.Text(patched["apiVersion"]), Cell.Text(patched["kind"]));
        if ((version, kind) == before)
            return patched;
        var why = kind.Length == 0 ? $"Object 'Kind' is missing in '{Text(patched)}'"
            : $"no kind \"{kind}\" is registered for version \"{version}\" in scheme " +
                "\"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"";
        throw Errors.Invalid("", "", "", [Causes.Invalid("patch", GoText.Quote(Text(patched)), why)]);
    }

    private static string Text(JsonObject patched) => Encoding.UTF8.GetString(JsonBytes.Of(patched));

    private static PatchBody OfStrategic(JsonNode? tree, KindSchema kind)
    {
        var patch = Map(tree);
        return new PatchBody(
            target => StrategicMergePatch.Apply(target, patch, kind.Type),
            _ => GoValue.Format(patch));
    }

    private static JsonObject Map(JsonNode? tree) =>
        tree as JsonObject
        ?? throw Errors.BadRequest(
            $"error decoding patch: json: cannot unmarshal {GoValue.TypeName(tree)} " +
            "into Go value of type map[string]interface {}");

    private static JsonNode? Tree(ReadOnlyMemory<byte> body) =>
        WireJson.ToNode(BodyDecoder.Json(body, why => $"error decoding patch: {why}"));
}

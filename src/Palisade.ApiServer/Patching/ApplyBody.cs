using System.Text.Json.Nodes;
using Palisade.ApiServer.Fields;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Patching;

/// <summary>application/apply-patch+yaml: the part of an object that server-side apply merges.</summary>
internal static class ApplyBody
{
    public const string Type = "application/apply-patch+yaml";

    public static Decoded Read(ReadOnlyMemory<byte> body, KindSchema kind, FieldValidation validation)
    {
        var (value, repeated) = BodyDecoder.OfYaml(body, why => $"error decoding YAML: {why}");
        if (value is not WireObject)
            throw Errors.BadRequest("error decoding YAML: the body is not an object");
        var tree = WireJson.ToNode(value)!.AsObject();
        CheckKind(tree, kind);
        if (tree["metadata"] is JsonObject meta && meta["managedFields"] is not null)
            throw Errors.BadRequest("metadata.managedFields must be nil");
        // kube-apiserver answers this with 500, though without a reason too; kubectl prints the message alone.
        if (TypedCheck.Error(tree, kind.Merge) is { } error)
            throw new StatusException(400, "", $"failed to create typed patch object ({Subject(tree)}): {error}");
        if (repeated.IsEmpty || validation == FieldValidation.Ignore)
            return new Decoded(tree, []);
        var told = BodyDecoder.RepeatedText(repeated);
        return validation == FieldValidation.Warn
            ? new Decoded(tree, [told])
            : throw Errors.BadRequest($"error strict decoding YAML: {told}");
    }

    private static void CheckKind(JsonObject tree, KindSchema kind)
    {
        var version = Cell.Text(tree["apiVersion"]);
        if (version != kind.ApiVersion)
        {
            throw Errors.BadRequest(
                "Incorrect version specified in apply patch. " +
                $"Specified patch version: {version}, expected: {kind.ApiVersion}");
        }

        if (Cell.Text(tree["kind"]) is var name && name != kind.Kind)
        {
            throw Errors.BadRequest(
                $"{name} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: the kinds do not match");
        }
    }

    // namespace/name; group/version, Kind=kind
    private static string Subject(JsonObject tree)
    {
        var meta = tree["metadata"] as JsonObject;
        var version = Cell.Text(tree["apiVersion"]);
        return $"{Cell.Text(meta?["namespace"])}/{Cell.Text(meta?["name"])}; " +
            $"{(version.Contains('/') ? version : "/" + version)}, Kind={Cell.Text(tree["kind"])}";
    }
}

using System.Collections.Frozen;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Resources;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Discovery;

/// <summary>
/// The OpenAPI 2 document, in protobuf (gnostic's openapi.v2.Document), as far as clients before 1.29 ask it: which
/// kinds can be patched with dryRun and fieldValidation, and the definitions of kinds (explain, apply, validation by
/// the client).
/// </summary>
internal static class OpenApiV2
{
    private static readonly string[] _parameters = ["dryRun", "fieldManager", "fieldValidation", "force"];

    private static readonly string[] _arbitrary =
        ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string", "nullable"];

    private static readonly FrozenSet<string> _extensions = FrozenSet.Create(
        StringComparer.Ordinal, "x-kubernetes-group-version-kind", "x-kubernetes-patch-merge-key",
        "x-kubernetes-patch-strategy", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type");

    public static byte[] Of(IReadOnlyCollection<Resource> resources)
    {
        // Document: swagger 1, info 2 {title 1, version 2}, paths 8 {path 2 {name 1, value 2}}, definitions 9.
        var paths = resources.Select(resource => resource.Kind)
            .Select(kind => Field(2, Field(1, PathOf(kind)), Field(2, Item(kind))));
        return
        [
            .. Field(1, "2.0"),
            .. Field(2, Field(1, "palisade"), Field(2, "1")),
            .. Field(8, [.. paths]),
            .. Field(9, [.. OpenApiDocument.Schemas(resources).Select(pair => Named(pair.Key, pair.Value))]),
        ];
    }

    private static string PathOf(KindSchema kind)
    {
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.ApiVersion}";
        return $"{root}/{(kind.Namespaced ? "namespaces/{namespace}/" : "")}{kind.Plural}/{{name}}";
    }

    // PathItem: patch 8, an Operation: parameters 8, vendor_extension 13.
    private static byte[] Item(KindSchema kind)
    {
        var yaml = $"group: {kind.Group}\nkind: {kind.Kind}\nversion: {kind.Version}\n";
        var extension = Extension(13, "x-kubernetes-group-version-kind", yaml);
        return Field(8, [.. _parameters.Select(Parameter), extension]);
    }

    // ParametersItem: parameter 1 {non_body_parameter 2 {query_parameter_sub_schema 3 {in 2, name 4}}}.
    private static byte[] Parameter(string name) =>
        Field(8, Field(1, Field(2, Field(3, Field(2, "query"), Field(4, name)))));

    // Schema: $ref 1, format 2, description 4, required 19, additional_properties 21 {schema 1}, type 22 {value 1},
    // items 23 {schema 1}, properties 25 {additional_properties 1}, vendor_extension 31.
    private static byte[] Schema(JsonObject schema)
    {
        var parts = new List<byte[]>();
        if (schema["description"] is { } description)
            parts.Add(Field(4, (string)description!));
        if ((string?)schema["allOf"]?[0]?["$ref"] is { } reference)
            parts.Add(Field(1, reference.Replace("/components/schemas/", "/definitions/", StringComparison.Ordinal)));
        else if (!IsArbitrary(schema))
            parts.AddRange(Shape(schema));
        parts.AddRange(schema.Where(member => _extensions.Contains(member.Key))
            .Select(member => Extension(31, member.Key, member.Value!.ToJsonString())));
        return [.. parts.SelectMany(part => part)];
    }

    private static IEnumerable<byte[]> Shape(JsonObject schema)
    {
        if (schema["type"] is { } type)
            yield return Field(22, Field(1, (string)type!));
        if (schema["format"] is { } format)
            yield return Field(2, (string)format!);
        foreach (var name in schema["required"]?.AsArray() ?? [])
            yield return Field(19, (string)name!);
        if (schema["additionalProperties"] is JsonObject values)
            yield return Field(21, Field(1, Schema(values)));
        if (schema["items"] is JsonObject items)
            yield return Field(23, Field(1, Schema(items)));
        if (schema["properties"] is JsonObject { Count: > 0 } properties)
            yield return Field(25, [.. properties.Select(pair => Named(pair.Key, (JsonObject)pair.Value!))]);
    }

    // What version 2 has no words for is any value, as kube-apiserver publishes it.
    private static bool IsArbitrary(JsonObject schema) =>
        _arbitrary.Any(word => (bool?)schema[word] == true)
        || ((string?)schema["type"] == "array" && schema["items"] is null);

    // NamedSchema: name 1, value 2; field 1 of whatever has some.
    private static byte[] Named(string name, JsonObject schema) => Field(1, Field(1, name), Field(2, Schema(schema)));

    // NamedAny: name 1, value 2 {yaml 2}.
    private static byte[] Extension(int tag, string name, string yaml) =>
        Field(tag, Field(1, name), Field(2, Field(2, yaml)));

    private static byte[] Field(int tag, string text) => Field(tag, Encoding.UTF8.GetBytes(text));

    /// <summary>A length-delimited field.</summary>
    private static byte[] Field(int tag, params byte[][] parts)
    {
        var bytes = new List<byte>();
        Append((tag << 3) | 2);
        Append(parts.Sum(part => part.Length));
        foreach (var part in parts)
            bytes.AddRange(part);
        return [.. bytes];

        void Append(int number)
        {
            for (; number >= 0x80; number >>= 7)
                bytes.Add((byte)((number & 0x7f) | 0x80));
            bytes.Add((byte)number);
        }
    }
}

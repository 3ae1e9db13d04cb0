using System.Text;
using Palisade.ApiServer.Resources;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Discovery;

/// <summary>
/// The OpenAPI 2 document, in protobuf (gnostic's openapi.v2.Document), as far as clients before 1.29 ask it: which
/// kinds can be patched with dryRun and fieldValidation. It has no definitions, so that nobody validates by it.
/// </summary>
internal static class OpenApiV2
{
    private static readonly string[] _parameters = ["dryRun", "fieldManager", "fieldValidation", "force"];

    public static byte[] Of(IEnumerable<Resource> resources)
    {
        // Document: swagger 1, info 2 {title 1, version 2}, paths 8 {path 2 {name 1, value 2}}.
        var paths = resources.Select(resource => resource.Kind)
            .Select(kind => Field(2, Field(1, PathOf(kind)), Field(2, Item(kind))));
        return
        [
            .. Field(1, "2.0"),
            .. Field(2, Field(1, "palisade"), Field(2, "1")),
            .. Field(8, [.. paths]),
        ];
    }

    private static string PathOf(KindSchema kind)
    {
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.ApiVersion}";
        return $"{root}/{(kind.Namespaced ? "namespaces/{namespace}/" : "")}{kind.Plural}/{{name}}";
    }

    // PathItem: patch 8, an Operation: parameters 8, vendor_extension 13 (NamedAny: name 1, value 2 {yaml 2}).
    private static byte[] Item(KindSchema kind)
    {
        var yaml = $"group: {kind.Group}\nkind: {kind.Kind}\nversion: {kind.Version}\n";
        var extension = Field(13, Field(1, "x-kubernetes-group-version-kind"), Field(2, Field(2, yaml)));
        return Field(8, [.. _parameters.Select(Parameter), extension]);
    }

    // ParametersItem: parameter 1 {non_body_parameter 2 {query_parameter_sub_schema 3 {in 2, name 4}}}.
    private static byte[] Parameter(string name) =>
        Field(8, Field(1, Field(2, Field(3, Field(2, "query"), Field(4, name)))));

    private static byte[] Field(int tag, string text) => Field(tag, Encoding.UTF8.GetBytes(text));

    /// <summary>A length-delimited field.</summary>
    private static byte[] Field(int tag, params byte[][] parts)
    {
        var bytes = new List<byte> { (byte)((tag << 3) | 2) };
        var length = parts.Sum(part => part.Length);
        for (; length >= 0x80; length >>= 7)
            bytes.Add((byte)((length & 0x7f) | 0x80));
        bytes.Add((byte)length);
        foreach (var part in parts)
            bytes.AddRange(part);
        return [.. bytes];
    }
}

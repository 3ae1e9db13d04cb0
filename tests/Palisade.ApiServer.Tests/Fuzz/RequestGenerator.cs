using System.Text;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Tests.Fuzz;

/// <summary>A request to send: what a test prints when it goes wrong.</summary>
internal sealed record FuzzRequest(string Method, string Path, byte[]? Body, string? Type, string Accept)
{
    public override string ToString() =>
        $"{Method} {Path} {Type} accept {Accept}\n{(Body is null ? "" : Encoding.UTF8.GetString(Body))}";
}

/// <summary>A resource that the server's discovery tells of.</summary>
internal sealed record Served(string Root, string Plural, bool Namespaced, KindSchema Kind);

/// <summary>Requests of every verb, kind, body and query, by one seed each: right, odd and broken ones.</summary>
internal sealed class RequestGenerator(IReadOnlyList<Served> resources, Random random)
{
    private const string Json = "application/json";
    private const string Proto = "application/vnd.kubernetes.protobuf";

    private static readonly string[] _names = ["n0", "n1", "n2", "Not_OK", "kubernetes", "%00", "a..b", new('x', 260)];

    private static readonly string[] _subresources =
        ["status", "status", "status", "scale", "binding", "finalize", "eviction", "log", "exec", "none", "a/b"];

    private static readonly string[] _paths =
    [
        "/", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/apis/none/v9", "/openapi/v2", "/openapi/v3",
        "/openapi/v3/api/v1", "/openapi/v3/apis/apps/v1?hash=00", "/version", "/healthz", "/livez", "/readyz", "/metrics",
        "/api/v1/namespaces//pods", "/api/v1/namespaces/a/b/c/d/e", "/%2e%2e/%2e%2e/etc/passwd", "/apis//", "/api/v1/watch/pods",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "/logs", "/api/v1/nodes/n0/proxy/x",
    ];

    private static readonly string[] _accepts =
    [
        Json, Json, Json, "", "*/*", Proto + "," + Json,
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
        "application/json;as=Table;v=v1beta1;g=meta.k8s.io", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "application/yaml", "text/html", ";;,=", Proto,
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "application/json;q=0.1;v=",
    ];

    private static readonly (string Name, string[] Values)[] _queries =
    [
        ("labelSelector",
        [
            "app=web", "a!=b,c", "!a", "x in (a,b),y notin (c)", "a in ()", "a==b,", "(", "a>5", "a<x", "example.com/k=v", "=,=",
            "a in (,)", "k in (a", "-=-",
        ]),
        ("fieldSelector",
            ["metadata.name=n0", "status.phase!=Running", "spec.nodeName=", "a.b=c", "metadata.name", "=", "a\\=b"]),
        ("limit", ["1", "2", "500", "0", "-1", "99999999999999999999", "x"]),
        ("continue", ["x", "eyJ2IjoicGFsaXNhZGUvdjEiLCJydiI6MX0", "e30", "====", "bnVsbA"]),
        ("resourceVersion", ["0", "1", "5", "18446744073709551615", "9999999", "-1", "x", ""]),
        ("resourceVersionMatch", ["Exact", "NotOlderThan", "x", ""]),
        ("watch", ["true", "1", "false", ""]),
        ("allowWatchBookmarks", ["true", "false"]),
        ("sendInitialEvents", ["true", "false", "x"]),
        ("timeoutSeconds", ["1", "0", "-5", "x", "9999999999"]),
        ("dryRun", ["All", "All", "Some", ""]),
        ("fieldValidation", ["Strict", "Warn", "Ignore", "x"]),
        ("fieldManager", ["m1", "m2", "kubectl", "kubectl-client-side-apply", "kubectl-last-applied", "\u0007", ""]),
        ("force", ["true", "false", "x"]),
        ("includeObject", ["Object", "None", "Metadata", "x"]),
        ("gracePeriodSeconds", ["0", "5", "-1", "x", "99999999999999999999"]),
        ("propagationPolicy", ["Foreground", "Background", "Orphan", "x"]),
        ("orphanDependents", ["true", "x"]),
        ("pretty", ["true"]),
    ];

    private readonly ObjectGenerator _objects = new(random);

    public FuzzRequest Next()
    {
        if (random.Next(40) == 0)
        {
            var body = random.Next(2) == 0 ? null : "{}"u8.ToArray();
            return new(Method(), Pick(_paths) + Query(), body, Json, Pick(_accepts));
        }

        var served = resources[random.Next(resources.Count)];
        var ns = served.Namespaced ? random.Next(30) == 0 ? "none" : "fuzz-" + random.Next(2) : null;
        var name = random.Next(12) == 0 ? Pick(_names) : "n" + random.Next(3);
        var all = served.Root + (ns is null || random.Next(25) == 0 ? "" : $"namespaces/{ns}/") + served.Plural;
        var one = $"{all}/{name}" + (random.Next(6) == 0 ? "/" + Pick(_subresources) : "");
        var tree = _objects.Object(served.Kind, ns, name);
        return random.Next(20) switch
        {
            < 5 => Write("POST", all, tree, served.Kind),
            < 8 => Write("PUT", one, tree, served.Kind),
            < 15 => Patch(one, tree),
            < 16 => new("GET", one + Query(), null, null, Pick(_accepts)),
            < 18 => new(random.Next(8) == 0 ? "HEAD" : "GET", all + Query(), null, null, Pick(_accepts)),
            18 when random.Next(4) > 0 => Delete(one),
            18 => Delete(all),
            _ => new(Method(), one + Query(), Bytes(tree), Pick([Json, "", "text/plain", Proto]), Pick(_accepts)),
        };
    }

    private FuzzRequest Write(string method, string path, JsonObject tree, KindSchema kind)
    {
        if (random.Next(3) == 0)
            Damage.Tree(tree, random);
        var (body, type) = random.Next(4) switch
        {
            0 => (Encoding.UTF8.GetBytes(Yaml.Write(tree, random)), "application/yaml"),
            1 => (Protobuf.Write(tree, kind), Proto),
            _ => (Bytes(tree), Json),
        };
        return new(method, path + Query(), Hurt(body), type, Pick(_accepts));
    }

    private FuzzRequest Patch(string path, JsonObject tree)
    {
        var part = _objects.Part(tree);
        if (random.Next(4) == 0)
            Damage.Tree(part, random);
        var (body, type) = random.Next(4) switch
        {
            0 => (Bytes(part), "application/merge-patch+json"),
            1 => (Bytes(Directives(part)), "application/strategic-merge-patch+json"),
            2 => (Bytes(Operations(part)), "application/json-patch+json"),
            _ => (Encoding.UTF8.GetBytes(Yaml.Write(Named(part, tree), random)), "application/apply-patch+yaml"),
        };
        return new("PATCH", path + Query(), Hurt(body), type, Pick(_accepts));
    }

    private FuzzRequest Delete(string path)
    {
        var options = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = "v1" };
        if (random.Next(2) == 0)
            options["propagationPolicy"] = Pick(["Foreground", "Background", "Orphan", "x"]);
        if (random.Next(4) == 0)
            options["preconditions"] = new JsonObject { ["uid"] = "u", ["resourceVersion"] = "1" };
        if (random.Next(6) == 0)
            Damage.Tree(options, random);
        return random.Next(3) switch
        {
            0 => new("DELETE", path + Query(), null, null, Json),
            1 => new("DELETE", path + Query(), Hurt(Protobuf.Write(options, ApiKinds.DeleteOptions)), Proto, Json),
            _ => new("DELETE", path + Query(), Hurt(Bytes(options)), Json, Json),
        };
    }

    private static JsonObject Named(JsonObject part, JsonObject tree)
    {
        part["apiVersion"] = tree["apiVersion"]?.DeepClone();
        part["kind"] = tree["kind"]?.DeepClone();
        (part["metadata"] as JsonObject)?.Remove("managedFields");
        return part;
    }

    private JsonObject Directives(JsonObject part)
    {
        foreach (var (name, value) in part.ToList())
        {
            if (value is JsonObject inner)
                Directives(inner);
            else if (value is JsonArray list && random.Next(4) == 0)
                part["$setElementOrder/" + name] = new JsonArray([.. list.Select(item => item?.DeepClone())]);
            else if (value is JsonArray items && random.Next(6) == 0)
                part["$deleteFromPrimitiveList/" + name] = items.DeepClone();
        }

        if (random.Next(15) == 0)
            part["$patch"] = Pick(["replace", "delete", "merge", "x"]);
        if (random.Next(15) == 0)
            part["$retainKeys"] = new JsonArray([.. part.Select(pair => JsonValue.Create(pair.Key)).Take(2)]);
        return part;
    }

    private JsonArray Operations(JsonObject part)
    {
        var operations = new JsonArray();
        for (var n = random.Next(1, 5); n > 0; n--)
        {
            operations.Add((JsonNode)new JsonObject
            {
                ["op"] = Pick(["add", "remove", "replace", "move", "copy", "test", "add", "x"]),
                ["path"] = Pointer(part),
                ["from"] = Pointer(part),
                ["value"] = part.Count == 0 ? null : part.ElementAt(random.Next(part.Count)).Value?.DeepClone(),
            });
        }

        return operations;
    }

    private string Pointer(JsonObject part)
    {
        var path = "";
        JsonNode? node = part;
        while (random.Next(4) > 0)
        {
            switch (node)
            {
                case JsonObject { Count: > 0 } map:
                    (var name, node) = map.ElementAt(random.Next(map.Count));
                    path += "/" + name.Replace("~", "~0").Replace("/", "~1");
                    break;
                case JsonArray { Count: > 0 } list:
                    var index = random.Next(list.Count);
                    node = list[index];
                    path += "/" + (random.Next(5) == 0 ? "-" : index);
                    break;
                default:
                    return path;
            }
        }

        return path;
    }

    private byte[] Hurt(byte[] body) => random.Next(6) == 0 ? Damage.Bytes(body, random) : body;

    private string Query()
    {
        var text = new StringBuilder();
        while (random.Next(5) > 1)
        {
            var (name, values) = _queries[random.Next(_queries.Length)];
            var value = Pick(values);
            if (random.Next(12) == 0)
                value = Damage.Text(value, random);
            text.Append(text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }

        return text.ToString();
    }

    private string Method() => Pick(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "ODD"]);

    private static byte[] Bytes(JsonNode tree) => Encoding.UTF8.GetBytes(tree.ToJsonString());

    private T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];
}

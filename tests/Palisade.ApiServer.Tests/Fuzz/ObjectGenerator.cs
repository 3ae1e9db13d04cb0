using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Tests.Fuzz;

/// <summary>Objects made from a kind's own schema: mostly of the right types, of values with a meaning.</summary>
internal sealed class ObjectGenerator(Random random)
{
    private const int MaxDepth = 7;

    private static readonly string[] _servers =
        ["uid", "resourceVersion", "deletionTimestamp", "generateName", "creationTimestamp"];

    private static readonly string[] _texts =
    [
        "a", "web", "TCP", "UDP", "Always", "RollingUpdate", "10.0.0.0/8", "10.0.0.1", "2001:db8::/64", "Exists", "In",
        "NotIn", "Ingress", "Egress", "nginx:1", "ClusterIP", "LoadBalancer", "100m", "1Gi", "5%", "True", "Admin", "Accept",
        "Deny", "kubernetes", "example.com/x", "*.example.com", "/tmp", "v1", "Pod", "http", "80", "IPv4", "Orphan",
    ];

    private static readonly string[] _keys = ["app", "tier", "a", "example.com/k", "kubernetes.io/metadata.name", "b"];

    public JsonObject Object(KindSchema kind, string? ns, string name)
    {
        if (random.Next(2) == 0 && Samples.Of(kind, ns, name) is { } sample)
            return sample;
        var tree = Struct(kind.Type, 0);
        tree["apiVersion"] = kind.ApiVersion;
        tree["kind"] = kind.Kind;
        var meta = tree["metadata"] as JsonObject ?? [];
        foreach (var drop in _servers)
        {
            if (random.Next(10) > 0)
                meta.Remove(drop);
        }

        if (random.Next(20) > 0)
            meta.Remove("finalizers");
        meta["name"] = name;
        if (kind.Namespaced && ns is not null)
            meta["namespace"] = ns;
        else
            meta.Remove("namespace");
        tree["metadata"] = meta;
        return tree;
    }

    /// <summary>Some members of an object, sometimes null: a merge patch.</summary>
    public JsonObject Part(JsonObject tree)
    {
        var part = new JsonObject();
        foreach (var (name, value) in tree.Where(_ => random.Next(3) > 0))
        {
            part[name] = value switch
            {
                JsonObject inner when random.Next(4) > 0 => Part(inner),
                _ when random.Next(12) == 0 => null,
                _ => value?.DeepClone(),
            };
        }

        return part;
    }

    private JsonObject Struct(ObjectSchema type, int depth)
    {
        var tree = new JsonObject();
        var chance = depth < 2 ? 2 : depth + 1;
        foreach (var field in type.Fields)
        {
            if (field.Required || random.Next(chance) == 0)
                tree[field.Name] = Value(field, depth);
        }

        return tree;
    }

    private JsonNode? Value(ApiField field, int depth) => field.Shape switch
    {
        FieldShape.List => new JsonArray([.. Enumerable.Range(0, Few(depth)).Select(_ => Item(field, depth + 1))]),
        FieldShape.Map => Map(field, depth),
        _ => Item(field, depth + 1),
    };

    private JsonObject Map(ApiField field, int depth)
    {
        var map = new JsonObject();
        for (var n = Few(depth); n > 0; n--)
            map[_keys[random.Next(_keys.Length)]] = Item(field, depth + 1);
        return map;
    }

    private JsonNode? Item(ApiField field, int depth) => field.Kind switch
    {
        FieldKind.Object => depth > MaxDepth ? new JsonObject() : Struct(field.Type!(), depth),
        FieldKind.Int32 or FieldKind.Int64 => random.Next(4) switch
        {
            0 => 0,
            1 => 80,
            2 => 30000 + random.Next(100),
            _ => 1,
        },
        FieldKind.Bool => random.Next(2) == 0,
        FieldKind.IntOrString => random.Next(2) == 0 ? random.Next(1, 1000) : "http",
        FieldKind.Quantity => random.Next(2) == 0 ? "100m" : "1Gi",
        FieldKind.Time => "2026-01-01T00:00:00Z",
        FieldKind.MicroTime => "2026-01-01T00:00:00.000000Z",
        FieldKind.Bytes => "aGk=",
        FieldKind.StringList => new JsonArray("a"),
        FieldKind.Any => new JsonObject { ["f:spec"] = new JsonObject() },
        _ => Text(field.Name),
    };

    // A string that its field probably takes.
    private string Text(string field) => field switch
    {
        "name" => random.Next(3) == 0 ? "web" : "n" + random.Next(3),
        "operator" => _texts[9 + random.Next(3)],
        "protocol" => _texts[2 + random.Next(2)],
        "operation" => random.Next(2) == 0 ? "Apply" : "Update",
        "fieldsType" => "FieldsV1",
        _ => _texts[random.Next(_texts.Length)],
    };

    private int Few(int depth) => random.Next(depth > 4 ? 2 : 3);
}

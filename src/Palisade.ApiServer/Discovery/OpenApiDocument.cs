using System.Text.Json.Nodes;
using Palisade.ApiServer.Patching;
using Palisade.ApiServer.Resources;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Discovery;

/// <summary>
/// An OpenAPI 3.0 document of one group version, as far as kubectl reads it: the schemas of the kinds with how their
/// lists merge (explain, apply), and for each kind a PATCH operation that names fieldValidation (apply).
/// </summary>
internal static class OpenApiDocument
{
    private const string IntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    private const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private const string Time = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
    private const string MicroTime = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";

    private static JsonObject Either(string one, string other, string? format = null)
    {
        var schema = new JsonObject();
        if (format is not null)
            schema["format"] = format;
        schema["oneOf"] = new JsonArray(new JsonObject { ["type"] = one }, new JsonObject { ["type"] = other });
        return schema;
    }

    public static JsonObject Of(string path, IReadOnlyList<Resource> resources)
    {
        var paths = new JsonObject();
        foreach (var resource in resources)
            AddPaths(paths, path, resource.Kind);
        var all = new JsonObject();
        foreach (var (name, schema) in Schemas(resources))
            all[name] = schema;
        // As OpenAPI 2 cannot say it; without a type of its own, so that explain names it.
        all[IntOrString] = Either("integer", "string", "int-or-string");
        all[Quantity] = Either("string", "number");
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "palisade" },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = all },
        };
    }

    /// <summary>The schemas of kinds and of all they refer to, by name, in its order.</summary>
    public static SortedDictionary<string, JsonObject> Schemas(IEnumerable<Resource> resources)
    {
        var schemas = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal)
        {
            [IntOrString] = new() { ["type"] = "string", ["format"] = "int-or-string" },
            [Quantity] = new() { ["type"] = "string" },
            [Time] = new() { ["type"] = "string", ["format"] = "date-time" },
            [MicroTime] = new() { ["type"] = "string", ["format"] = "date-time" },
        };
        foreach (var kind in resources.Select(resource => resource.Kind))
        {
            AddKind(schemas, kind);
            schemas[kind.Type.OpenApiName]["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(kind));
        }

        return schemas;
    }

    private static void AddPaths(JsonObject paths, string path, KindSchema kind)
    {
        var collection = kind.Namespaced ? $"/{path}/namespaces/{{namespace}}/{kind.Plural}" : $"/{path}/{kind.Plural}";
        paths[collection] = new JsonObject
        {
            ["post"] = Operation("post", kind, "dryRun", "fieldManager", "fieldValidation"),
        };
        var patch = Operation("patch", kind, "dryRun", "fieldManager", "fieldValidation", "force");
        // kubectl computes a strategic merge by this document where the operation takes one.
        patch["requestBody"] = new JsonObject
        {
            ["content"] = new JsonObject(PatchBody.MediaTypes(kind).Select(type =>
                KeyValuePair.Create(type, (JsonNode?)new JsonObject()))),
        };
        paths[collection + "/{name}"] = new JsonObject
        {
            ["get"] = Operation("get", kind),
            ["put"] = Operation("put", kind, "dryRun", "fieldManager", "fieldValidation"),
            ["patch"] = patch,
        };
    }

    private static JsonObject Operation(string action, KindSchema kind, params string[] parameters) => new()
    {
        ["operationId"] = $"{action}{kind.Kind}",
        ["parameters"] = new JsonArray([.. parameters.Select(name => (JsonNode)new JsonObject
        {
            ["name"] = name,
            ["in"] = "query",
            ["schema"] = new JsonObject { ["type"] = name == "force" ? "boolean" : "string", ["uniqueItems"] = true },
        })]),
        ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
        ["x-kubernetes-action"] = action,
        ["x-kubernetes-group-version-kind"] = GroupVersionKind(kind),
    };

    private static JsonObject GroupVersionKind(KindSchema kind) =>
        new() { ["group"] = kind.Group, ["version"] = kind.Version, ["kind"] = kind.Kind };

    private static void AddKind(SortedDictionary<string, JsonObject> schemas, KindSchema kind)
    {
        if (CustomOpenApi.Of(kind, Reference(ApiKinds.ObjectMeta.OpenApiName)) is not { } schema)
        {
            AddSchema(schemas, kind.Type);
            return;
        }

        schemas[kind.Type.OpenApiName] = schema;
        AddSchema(schemas, ApiKinds.ObjectMeta);
    }

    private static void AddSchema(SortedDictionary<string, JsonObject> schemas, ObjectSchema type)
    {
        if (schemas.ContainsKey(type.OpenApiName))
            return;
        // Entered before its fields: types refer to each other in circles.
        var schema = schemas[type.OpenApiName] = new JsonObject { ["type"] = "object" };
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var field in type.Fields)
        {
            properties[field.Name] = Shaped(schemas, field, type.Merge.Field(field.Name)!);
            if (field.Required)
                required.Add((JsonNode)field.Name);
        }

        schema["properties"] = properties;
        if (required.Count > 0)
            schema["required"] = required;
        if (type.Merge.IsAtomic)
            schema["x-kubernetes-map-type"] = "atomic";
    }

    private static JsonObject Shaped(SortedDictionary<string, JsonObject> schemas, ApiField field, MergeType merge)
    {
        var shaped = Item(schemas, field);
        if (field.Shape == FieldShape.List)
            shaped = List(shaped, merge);
        else if (field.Shape == FieldShape.Map)
            shaped = Map(shaped, merge);
        if (field.MergeKey is not null)
            shaped["x-kubernetes-patch-merge-key"] = field.MergeKey;
        var strategy = (field.MergeKey is not null || field.PrimitiveMerge, field.RetainKeys) switch
        {
            (true, true) => "merge,retainKeys",
            (true, false) => "merge",
            (false, true) => "retainKeys",
            _ => null,
        };
        if (strategy is not null)
            shaped["x-kubernetes-patch-strategy"] = strategy;
        return shaped;
    }

    private static JsonObject List(JsonObject item, MergeType merge)
    {
        var list = new JsonObject { ["type"] = "array", ["items"] = item };
        list["x-kubernetes-list-type"] = merge.IsAtomic ? "atomic" : merge.Keys.IsEmpty ? "set" : "map";
        if (!merge.IsAtomic && !merge.Keys.IsEmpty)
            list["x-kubernetes-list-map-keys"] = new JsonArray([.. merge.Keys.Select(key => (JsonNode)key.Name)]);
        return list;
    }

    private static JsonObject Map(JsonObject value, MergeType merge)
    {
        var map = new JsonObject { ["type"] = "object", ["additionalProperties"] = value };
        if (merge.IsAtomic)
            map["x-kubernetes-map-type"] = "atomic";
        return map;
    }

    private static JsonObject Item(SortedDictionary<string, JsonObject> schemas, ApiField field)
    {
        switch (field.Kind)
        {
            case FieldKind.Object or FieldKind.ObjectOrOther:
                var type = field.Type!();
                AddSchema(schemas, type);
                return Reference(type.OpenApiName);
            case FieldKind.Int32:
                return new JsonObject { ["type"] = "integer", ["format"] = "int32" };
            case FieldKind.Int64:
                return new JsonObject { ["type"] = "integer", ["format"] = "int64" };
            case FieldKind.Number:
                return new JsonObject { ["type"] = "number" };
            case FieldKind.Bool:
                return new JsonObject { ["type"] = "boolean" };
            case FieldKind.IntOrString:
                return Reference(IntOrString);
            case FieldKind.Quantity:
                return Reference(Quantity);
            case FieldKind.Time:
                return Reference(Time);
            case FieldKind.MicroTime:
                return Reference(MicroTime);
            case FieldKind.Bytes:
                return new JsonObject { ["type"] = "string", ["format"] = "byte" };
            case FieldKind.StringList:
                return new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } };
            case FieldKind.Any:
                return new JsonObject { ["type"] = "object" };
            default:
                return new JsonObject { ["type"] = "string" };
        }
    }

    // A list of one alternative, as the real server writes it: explain takes the type's name from its last part.
    private static JsonObject Reference(string name) => new()
    {
        ["allOf"] = new JsonArray(new JsonObject { ["$ref"] = $"#/components/schemas/{name}" }),
    };
}

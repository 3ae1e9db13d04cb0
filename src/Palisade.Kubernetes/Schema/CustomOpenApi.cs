using System.Text.Json.Nodes;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Schema;

/// <summary>The schema of a custom resource as an API server publishes it: in one piece, but for metadata.</summary>
public static class CustomOpenApi
{
    /// <summary>
    /// The OpenAPI v3 schema of a custom kind, with <paramref name="metadata"/> in its place; null for other kinds.
    /// </summary>
    public static JsonObject? Of(KindSchema kind, JsonObject metadata)
    {
        if (kind.Custom is not { } custom)
            return null;
        var schema = custom.Published is { } published ? Published(published) : Schema(custom);
        if (schema["properties"] is not JsonObject properties)
            schema["properties"] = properties = [];
        properties["metadata"] = metadata;
        return schema;
    }

    private static JsonObject Published(WireObject words)
    {
        var schema = WireJson.ToNode(words)!.AsObject();
        if (schema["properties"] is not JsonObject properties)
            schema["properties"] = properties = [];
        foreach (var name in (string[])["apiVersion", "kind"])
            properties[name] ??= new JsonObject { ["type"] = "string" };
        return schema;
    }

    private static JsonObject Schema(CustomSchema node)
    {
        var schema = new JsonObject();
        Bounds(schema, node);
        if (!node.Properties.IsEmpty)
        {
            schema["properties"] = new JsonObject(
                node.Properties.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)Schema(p.Schema))));
        }

        if (node.Properties.Any(p => p.Required))
            schema["required"] = Texts(node.Properties.Where(p => p.Required).Select(p => p.Name));
        if (node.Items is not null)
            schema["items"] = Schema(node.Items);
        if (node.Values is not null)
            schema["additionalProperties"] = Schema(node.Values);
        if (!node.Rules.IsEmpty)
        {
            schema["x-kubernetes-validations"] = new JsonArray([.. node.Rules.Select(rule => (JsonNode)new JsonObject
            {
                ["rule"] = rule.Rule,
                ["message"] = rule.Message,
            })]);
        }

        return schema;
    }

    private static void Bounds(JsonObject schema, CustomSchema node)
    {
        Add("type", node.Type?.ToString().ToLowerInvariant());
        Add("format", node.Format);
        Add("pattern", node.Pattern);
        Add("default", node.Default is null ? null : WireJson.ToNode(node.Default));
        Add("minimum", node.Minimum);
        Add("maximum", node.Maximum);
        Add("minLength", node.MinLength);
        Add("maxLength", node.MaxLength);
        Add("minItems", node.MinItems);
        Add("maxItems", node.MaxItems);
        Add("minProperties", node.MinProperties);
        Add("maxProperties", node.MaxProperties);
        if (!node.Enum.IsEmpty)
            schema["enum"] = new JsonArray([.. node.Enum.Select(WireJson.ToNode)]);
        Add("x-kubernetes-list-type", node.IsSet ? "set" : node.MapKeys.IsEmpty ? null : "map");
        if (!node.MapKeys.IsEmpty)
            schema["x-kubernetes-list-map-keys"] = Texts(node.MapKeys);

        void Add(string name, JsonNode? value)
        {
            if (value is not null)
                schema[name] = value;
        }
    }

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];
}

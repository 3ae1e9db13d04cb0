using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;

namespace Palisade.ApiServer.Http;

/// <summary>Objects in the form a client asked for.</summary>
internal static class Representation
{
    private const string MetaGroup = "meta.k8s.io";

    public static byte[] List(
        Resource resource,
        IReadOnlyList<StoredObject> items,
        JsonObject metadata,
        Negotiated negotiated,
        string? includeObject,
        DateTimeOffset now)
    {
        if (negotiated.Form == Form.Table)
            return JsonBytes.Of(TableOf(resource, items, metadata, negotiated, includeObject, now));
        var isWhole = negotiated.Form == Form.Whole;
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer, JsonBytes.Options))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", isWhole ? resource.Kind.ListKind : "PartialObjectMetadataList");
            writer.WriteString(
                "apiVersion", isWhole ? resource.Kind.ApiVersion : $"{MetaGroup}/{negotiated.MetaVersion}");
            writer.WritePropertyName("metadata");
            metadata.WriteTo(writer);
            writer.WriteStartArray("items");
            foreach (var stored in items)
            {
                if (isWhole)
                    writer.WriteRawValue(stored.Json, skipInputValidation: true);
                else
                    MetadataOf(stored, negotiated).WriteTo(writer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// One object as a watch event shows it in another form than whole. The columns come with the first event only.
    /// </summary>
    public static JsonObject One(
        StoredObject stored, Negotiated negotiated, string? includeObject, DateTimeOffset now, bool withColumns)
    {
        if (negotiated.Form == Form.Metadata)
            return MetadataOf(stored, negotiated);
        var metadata = new JsonObject { ["resourceVersion"] = stored.Version.ToString() };
        return TableOf(stored.Resource, [stored], metadata, negotiated, includeObject, now, withColumns);
    }

    public static JsonObject MetadataOf(StoredObject stored, Negotiated negotiated) =>
        PartialObject(stored.Parse(), negotiated.MetaVersion);

    public static JsonObject TableOf(
        Resource resource,
        IReadOnlyList<StoredObject> items,
        JsonObject metadata,
        Negotiated negotiated,
        string? includeObject,
        DateTimeOffset now,
        bool withColumns = true)
    {
        var rows = new JsonArray();
        foreach (var stored in items)
            rows.Add((JsonNode)RowOf(resource, stored.Parse(), negotiated, includeObject, now));
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = $"{MetaGroup}/{negotiated.MetaVersion}",
            ["metadata"] = metadata,
            ["columnDefinitions"] = withColumns
                ? new JsonArray([.. resource.Table.Columns.Select(column => column.ToJson())])
                : null,
            ["rows"] = rows,
        };
    }

    private static JsonObject RowOf(
        Resource resource, JsonObject tree, Negotiated negotiated, string? includeObject, DateTimeOffset now)
    {
        var cells = resource.Table.Row(tree, now);
        var row = new JsonObject { ["cells"] = new JsonArray([.. cells.Cells]) };
        if (cells.Completed)
        {
            row["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Completed",
                ["status"] = "True",
                ["reason"] = tree["status"]?["phase"]?.DeepClone(),
                ["message"] = "The pod has completed successfully or failed.",
            });
        }

        row["object"] = includeObject switch
        {
            "None" => null,
            "Object" => tree,
            _ => PartialObject(tree, negotiated.MetaVersion),
        };
        return row;
    }

    private static JsonObject PartialObject(JsonObject tree, string metaVersion) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = $"{MetaGroup}/{metaVersion}",
        ["metadata"] = tree["metadata"]?.DeepClone(),
    };
}

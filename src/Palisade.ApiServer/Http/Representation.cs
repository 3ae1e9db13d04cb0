using System.Buffers;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;

namespace Palisade.ApiServer.Http;

/// <summary>Objects in the form a client asked for.</summary>
internal static class Representation
{
    private const string MetaGroup = "meta.k8s.io";
    private const int FlushFrom = 32 * 1024;

    /// <summary>
    /// Writes a list piece by piece: however many objects it has, only a little of it is in memory at a time.
    /// </summary>
    public static async Task WriteListAsync(
        Stream body,
        Resource resource,
        IReadOnlyList<StoredObject> items,
        JsonObject metadata,
        Negotiated negotiated,
        string? includeObject,
        DateTimeOffset now,
        CancellationToken cancel)
    {
        var buffer = new ArrayBufferWriter<byte>(2 * FlushFrom);
        var head = Head(resource, metadata, negotiated);
        var name = negotiated.Form == Form.Table ? "rows"u8 : "items"u8;
        if (negotiated.IsYaml)
            buffer.Write([.. YamlBytes.Of(head), .. name, .. items.Count > 0 ? ":\n"u8 : ": []\n"u8]);
        else
            buffer.Write([.. JsonBytes.Of(head).AsSpan()[..^1], .. ",\""u8, .. name, .. "\":["u8]);
        for (var i = 0; i < items.Count; i++)
        {
            var item = Item(resource, items[i], negotiated, includeObject, now);
            if (i > 0 && !negotiated.IsYaml)
                buffer.Write(","u8);
            buffer.Write(negotiated.IsYaml ? YamlBytes.Item(JsonBytes.ParseObject(item)) : item);
            if (buffer.WrittenCount < FlushFrom)
                continue;
            await body.WriteAsync(buffer.WrittenMemory, cancel);
            buffer.ResetWrittenCount();
        }

        if (!negotiated.IsYaml)
            buffer.Write("]}"u8);
        await body.WriteAsync(buffer.WrittenMemory, cancel);
    }

    /// <summary>
    /// One object as a watch event shows it in another form than whole. The columns come with the first event only.
    /// </summary>
    public static JsonObject One(
        StoredObject stored, Negotiated negotiated, string? includeObject, DateTimeOffset now, bool withColumns)
    {
        if (negotiated.Form == Form.Metadata)
            return MetadataOf(stored, negotiated);
        return TableOf(stored, negotiated, includeObject, now, withColumns);
    }

    private static JsonObject MetadataOf(StoredObject stored, Negotiated negotiated) =>
        PartialObject(stored.Parse(), negotiated.MetaVersion);

    private static JsonObject TableOf(
        StoredObject stored, Negotiated negotiated, string? includeObject, DateTimeOffset now, bool withColumns)
    {
        var metadata = new JsonObject { ["resourceVersion"] = stored.Version.ToString() };
        var table = TableHead(stored.Resource, metadata, negotiated, withColumns);
        table["rows"] = new JsonArray(RowOf(stored.Resource, stored.Parse(), negotiated, includeObject, now));
        return table;
    }

    // Everything of a list but its objects, which come last.
    private static JsonObject Head(Resource resource, JsonObject metadata, Negotiated negotiated)
    {
        if (negotiated.Form == Form.Table)
            return TableHead(resource, metadata, negotiated, withColumns: true);
        var isWhole = negotiated.Form == Form.Whole;
        return new JsonObject
        {
            ["kind"] = isWhole ? resource.Kind.ListKind : "PartialObjectMetadataList",
            ["apiVersion"] = isWhole ? resource.Kind.ApiVersion : $"{MetaGroup}/{negotiated.MetaVersion}",
            ["metadata"] = metadata,
        };
    }

    private static JsonObject TableHead(
        Resource resource, JsonObject metadata, Negotiated negotiated, bool withColumns) => new()
        {
            ["kind"] = "Table",
            ["apiVersion"] = $"{MetaGroup}/{negotiated.MetaVersion}",
            ["metadata"] = metadata,
            ["columnDefinitions"] = withColumns
            ? new JsonArray([.. resource.Table.Columns.Select(column => column.ToJson())])
            : null,
        };

    private static byte[] Item(
        Resource resource, StoredObject stored, Negotiated negotiated, string? includeObject, DateTimeOffset now) =>
        negotiated.Form switch
        {
            Form.Whole => stored.Json,
            Form.Metadata => JsonBytes.Of(MetadataOf(stored, negotiated)),
            _ => JsonBytes.Of(RowOf(resource, stored.Parse(), negotiated, includeObject, now)),
        };

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

using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Tables;

/// <summary>A column of kubectl get. Priority 1: only with -o wide.</summary>
internal sealed record TableColumn(string Name, string Type, string Description, int Priority = 0, string Format = "")
{
    public static TableColumn ObjectName { get; } = new(
        "Name", "string", "Name must be unique within a namespace.", Format: "name");

    public static TableColumn Age { get; } = new("Age", "string", "How long ago the object was made.");

    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["type"] = Type,
        ["format"] = Format,
        ["description"] = Description,
        ["priority"] = Priority,
    };
}

/// <summary>The cells of one object, in column order; Completed marks pods that have ended.</summary>
internal readonly record struct TableRow(IReadOnlyList<JsonNode?> Cells, bool Completed = false);

/// <summary>How a kind is printed: columns, and the cells of an object at a time.</summary>
internal sealed record TableLayout(ImmutableArray<TableColumn> Columns, Func<JsonObject, DateTimeOffset, TableRow> Row);

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Tables;

/// <summary>Cells that several kinds print, and reading of trees whose types the decoder has already checked.</summary>
internal static class Cell
{
    public const string None = "<none>";

    public static string Name(JsonObject tree) => Text(tree["metadata"]?["name"]);

    public static string Age(JsonObject tree, DateTimeOffset now) => Since(tree["metadata"]?["creationTimestamp"], now);

    /// <summary>How long ago an RFC 3339 time was; &lt;unknown&gt; without one.</summary>
    public static string Since(JsonNode? time, DateTimeOffset now) =>
        Time(time) is { } at ? HumanDuration.Of(now - at) : "<unknown>";

    public static DateTimeOffset? Time(JsonNode? node) =>
        DateTimeOffset.TryParse(Text(node), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : null;

    /// <summary>A string; "" for everything else.</summary>
    public static string Text(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";

    /// <summary>A string or number as text; "" for everything else.</summary>
    public static string Scalar(JsonNode? node) => node is JsonValue value ? value.ToString() : "";

    public static long Number(JsonNode? node, long absent = 0) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && long.TryParse(
            value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : absent;

    public static bool Flag(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    public static IEnumerable<JsonObject> Objects(JsonNode? list) =>
        list is JsonArray array ? array.OfType<JsonObject>() : [];

    /// <summary>The conditions of one type in an object's status: one, or none.</summary>
    public static IEnumerable<JsonObject> Conditions(JsonNode? status, string type) =>
        Objects(status?["conditions"]).Where(condition => Text(condition["type"]) == type);

    /// <summary>Whether a condition in an object's status is True.</summary>
    public static bool Holds(JsonNode? status, string type) =>
        Conditions(status, type).Any(condition => Text(condition["status"]) == "True");

    public static IEnumerable<string> Texts(JsonNode? list) => list is JsonArray array ? array.Select(Text) : [];

    public static string OrNone(string text) => text.Length == 0 ? None : text;
}

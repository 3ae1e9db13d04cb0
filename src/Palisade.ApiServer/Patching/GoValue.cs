using System.Text.Json;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Patching;

/// <summary>
/// A JSON value as Go's %+v prints it: map[spec:map[foo:bar]], keys sorted. Error texts quote patches so.
/// </summary>
internal static class GoValue
{
    public static string Format(JsonNode? node) => node switch
    {
        null => "<nil>",
        JsonObject map => $"map[{string.Join(' ', map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(Member))}]",
        JsonArray list => $"[{string.Join(' ', list.Select(Format))}]",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => node.ToJsonString(),
    };

    /// <summary>What encoding/json calls a value of this kind.</summary>
    public static string TypeName(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "bool",
        _ => "null",
    };

    private static string Member(KeyValuePair<string, JsonNode?> member) => $"{member.Key}:{Format(member.Value)}";
}

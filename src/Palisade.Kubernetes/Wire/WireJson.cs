using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Palisade.Kubernetes.Wire;

/// <summary>JSON to and from wire values.</summary>
public static class WireJson
{
    /// <summary>
    /// Reads one JSON document. Errors are worded as Go's encoding/json does, since the API server's answers quote
    /// them;
    /// invalid UTF-8 is refused (Go would silently replace it).
    /// </summary>
    public static WireResult Parse(ReadOnlySpan<byte> utf8, WireLimits? limits = null) =>
        new JsonReader(utf8, limits ?? WireLimits.Default).ReadDocument();

    /// <summary>Reads JSON documents that stand one after another; an error ends the reading.</summary>
    public static (ImmutableArray<WireValue> Values, WireError? Error) ParseStream(
        ReadOnlySpan<byte> utf8,
        WireLimits? limits = null) =>
        new JsonReader(utf8, limits ?? WireLimits.Default).ReadStream();

    /// <summary>The value as compact JSON; of a repeated member only the last is written.</summary>
    public static byte[] Write(WireValue value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Options))
            Write(value, writer);
        return stream.ToArray();
    }

    /// <summary>Writes the value where the writer stands; of a repeated member only the last is written.</summary>
    public static void Write(WireValue value, Utf8JsonWriter writer)
    {
        switch (value)
        {
            case WireObject o:
                writer.WriteStartObject();
                foreach (var member in o.Distinct())
                {
                    writer.WritePropertyName(member.Name);
                    Write(member.Value, writer);
                }

                writer.WriteEndObject();
                break;
            case WireArray a:
                writer.WriteStartArray();
                foreach (var item in a.Items)
                    Write(item, writer);
                writer.WriteEndArray();
                break;
            case WireString s:
                writer.WriteStringValue(s.Value);
                break;
            case WireNumber n:
                writer.WriteRawValue(n.Text);
                break;
            case WireBool b:
                writer.WriteBooleanValue(b.Value);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    /// <summary>The value as a tree that can be edited; null for null.</summary>
    public static JsonNode? ToNode(WireValue value)
    {
        switch (value)
        {
            case WireObject o:
                var node = new JsonObject();
                foreach (var member in o.Distinct())
                    node[member.Name] = ToNode(member.Value);
                return node;
            case WireArray a:
                return new JsonArray([.. a.Items.Select(ToNode)]);
            case WireString s:
                return JsonValue.Create(s.Value);
            case WireBool b:
                return JsonValue.Create(b.Value);
            case WireNumber n:
                return long.TryParse(n.Text, out var whole) ? JsonValue.Create(whole) : JsonNode.Parse(n.Text);
            default:
                return null;
        }
    }

    /// <summary>The tree as a value without positions.</summary>
    public static WireValue FromNode(JsonNode? node) => node switch
    {
        JsonObject o => new WireObject([.. o.Select(p => new WireMember(p.Key, default, FromNode(p.Value)))], default),
        JsonArray a => new WireArray([.. a.Select(FromNode)], default),
        null => new WireNull(default),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => new WireString(node.GetValue<string>(), default),
            JsonValueKind.True => new WireBool(true, default),
            JsonValueKind.False => new WireBool(false, default),
            JsonValueKind.Null => new WireNull(default),
            _ => new WireNumber(node.ToJsonString(), default),
        },
    };

    // Readers of the API are not browsers: <, > and & stay readable.
    private static JsonWriterOptions Options =>
        new()
        {
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            SkipValidation = true
        };
}

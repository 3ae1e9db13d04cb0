using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Tests.Fuzz;

/// <summary>Writes objects as application/vnd.kubernetes.protobuf, by the tags of their schema.</summary>
internal static class Protobuf
{
    public static byte[] Write(JsonObject tree, KindSchema kind)
    {
        byte[] type = [.. Field(1, Utf8(kind.ApiVersion)), .. Field(2, Utf8(kind.Kind))];
        var raw = Message(tree, kind.Type);
        return [0x6b, 0x38, 0x73, 0x00, .. Field(1, type), .. Field(2, raw), .. Field(3, []), .. Field(4, [])];
    }

    private static byte[] Message(JsonObject tree, ObjectSchema type)
    {
        var bytes = new List<byte>();
        foreach (var field in type.Declared.Where(field => field.Tag > 0))
        {
            if (field.Embedded)
                bytes.AddRange(Field(field.Tag, Message(tree, field.Type!())));
            else if (tree[field.Name] is { } value)
                bytes.AddRange(Values(value, field));
        }

        return [.. bytes];
    }

    private static IEnumerable<byte> Values(JsonNode value, ApiField field) => (field.Shape, value) switch
    {
        (FieldShape.List, JsonArray list) => list.SelectMany(item => Item(field.Tag, item, field)),
        (FieldShape.Map, JsonObject map) => map.SelectMany(pair => Field(
            field.Tag, [.. Field(1, Utf8(pair.Key)), .. Item(2, pair.Value, field)])),
        _ => Item(field.Tag, value, field),
    };

    private static byte[] Item(int tag, JsonNode? value, ApiField field) => field.Kind switch
    {
        FieldKind.Object => Field(tag, Message(value as JsonObject ?? [], field.Type!())),
        FieldKind.Int32 or FieldKind.Int64 => [.. Varint(tag << 3), .. Varint(Number(value))],
        FieldKind.Bool => [.. Varint(tag << 3), (byte)(value is JsonValue v && v.ToString() == "true" ? 1 : 0)],
        FieldKind.IntOrString => Field(tag, value?.GetValueKind() == JsonValueKind.String
            ? [8, 1, .. Field(3, Utf8(value.ToString()))]
            : [8, 0, 16, .. Varint(Number(value))]),
        FieldKind.Quantity => Field(tag, Field(1, Utf8(value?.ToString() ?? ""))),
        FieldKind.Time or FieldKind.MicroTime => Field(tag, [8, .. Varint(1_767_225_600)]),
        FieldKind.Any => Field(tag, Field(1, Utf8(value?.ToJsonString() ?? "null"))),
        FieldKind.Bytes => Field(tag, Base64(value)),
        FieldKind.StringList => Field(tag, Field(1, Utf8("a"))),
        _ => Field(tag, Utf8(value?.ToString() ?? "")),
    };

    private static long Number(JsonNode? value) =>
        long.TryParse(value?.ToString(), CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static byte[] Field(int tag, byte[] bytes) =>
        [.. Varint((tag << 3) | 2), .. Varint(bytes.Length), .. bytes];

    private static byte[] Varint(long value)
    {
        var bytes = new List<byte>();
        var rest = unchecked((ulong)value);
        do
        {
            bytes.Add((byte)((rest & 0x7f) | (rest > 0x7f ? 0x80u : 0)));
            rest >>= 7;
        }
        while (rest > 0);
        return [.. bytes];
    }

    private static byte[] Base64(JsonNode? value)
    {
        var text = value?.ToString() ?? "";
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : [];
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Fields;

/// <summary>
/// One step of a path into an object, in the words of FieldsV1: f:NAME a field or map key, k:{…} an item of a list by
/// its keys, v:VALUE an item of a set, i:N an item by its place.
/// </summary>
internal readonly record struct FieldStep : IComparable<FieldStep>
{
    private const string Kinds = "fkvi";

    private FieldStep(string text) => Text = text;

    /// <summary>As FieldsV1 has it.</summary>
    public string Text { get; }

    /// <summary>The field's name; null for a step into a list.</summary>
    public string? Name => Text[0] == 'f' ? Text[2..] : null;

    public static FieldStep Field(string name) => new("f:" + name);

    public static FieldStep At(int index) => new("i:" + index.ToString(CultureInfo.InvariantCulture));

    /// <summary>
    /// How a list tells an item from the others; null where it cannot (the item is not as the schema wants it).
    /// </summary>
    public static FieldStep? Item(JsonNode? item, MergeType list)
    {
        if (list.Keys.IsEmpty)
            return item is JsonObject or JsonArray ? null : new FieldStep("v:" + Compact(item));
        if (item is not JsonObject map)
            return null;
        var keys = new JsonObject();
        foreach (var (name, absent) in list.Keys.OrderBy(key => key.Name, StringComparer.Ordinal))
        {
            if (map[name] is JsonObject or JsonArray || (map[name] is null && absent is null))
                return null;
            keys[name] = map[name]?.DeepClone() ?? absent;
        }

        return new FieldStep("k:" + Compact(keys));
    }

    /// <summary>A member name of FieldsV1; null when it is none.</summary>
    public static FieldStep? Parse(string text)
    {
        if (text.Length < 2 || text[1] != ':' || !Kinds.Contains(text[0]))
            return null;
        try
        {
            return text[0] switch
            {
                'f' => new FieldStep(text),
                'k' => JsonNode.Parse(text[2..]) is JsonObject keys && keys.All(key => key.Value is null or JsonValue)
                    ? new FieldStep("k:" + Compact(Sorted(keys)))
                    : null,
                'v' => JsonNode.Parse(text[2..]) is var value and (null or JsonValue)
                    ? new FieldStep("v:" + Compact(value))
                    : null,
                _ => int.TryParse(text[2..], NumberStyles.None, CultureInfo.InvariantCulture, out _)
                    ? new FieldStep(text)
                    : null,
            };
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            // Not JSON, or a key twice.
            return null;
        }
    }

    /// <summary>Fields, then items by keys, values and places, each in the order of their text.</summary>
    public int CompareTo(FieldStep other)
    {
        var order = Kinds.IndexOf(Text[0]).CompareTo(Kinds.IndexOf(other.Text[0]));
        return order != 0 ? order : string.CompareOrdinal(Text, other.Text);
    }

    /// <summary>As error texts show it: .name, [name="web"], [="value"].</summary>
    public override string ToString() => Text[0] switch
    {
        'f' => "." + Text[2..],
        'k' => $"[{string.Join(',', JsonNode.Parse(Text[2..])!.AsObject().Select(k => $"{k.Key}={Shown(k.Value)}"))}]",
        'v' => $"[={Shown(JsonNode.Parse(Text[2..]))}]",
        _ => $"[{Text[2..]}]",
    };

    private static string Shown(JsonNode? value) => value switch
    {
        null => "null",
        _ when value.GetValueKind() == JsonValueKind.String => GoText.Quote(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    private static string Compact(JsonNode? node) =>
        node is null ? "null" : Encoding.UTF8.GetString(JsonBytes.Of(node));

    private static JsonObject Sorted(JsonObject keys) => new(
        keys.OrderBy(key => key.Key, StringComparer.Ordinal)
            .Select(key => KeyValuePair.Create(key.Key, key.Value?.DeepClone())));
}

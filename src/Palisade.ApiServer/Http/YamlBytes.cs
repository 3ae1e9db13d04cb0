using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Http;

/// <summary>
/// JSON shown as YAML, in blocks. What is not plainly a word is quoted.
/// </summary>
internal static class YamlBytes
{
    // Per level, as Go's writer indents.
    private const string Step = "  ";

    /// <summary>A document of its own.</summary>
    public static byte[] Of(JsonNode node) => Written(node, "");

    /// <summary>An item of a list at the margin.</summary>
    public static byte[] Item(JsonNode node) => [.. "- "u8, .. Written(node, Step)];

    private static byte[] Written(JsonNode? node, string indent)
    {
        var text = new StringBuilder();
        Write(text, node, indent);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    // Begins where the text stands and ends with a line's end; further lines are indented.
    private static void Write(StringBuilder text, JsonNode? node, string indent)
    {
        var first = true;
        switch (node)
        {
            case JsonObject { Count: > 0 } members:
                foreach (var (name, value) in members)
                {
                    text.Append(first ? "" : indent).Append(Scalar(name)).Append(':');
                    first = false;
                    WriteValue(text, value, indent);
                }

                break;
            case JsonArray { Count: > 0 } items:
                foreach (var item in items)
                {
                    text.Append(first ? "" : indent).Append("- ");
                    first = false;
                    Write(text, item, indent + Step);
                }

                break;
            default:
                text.Append(Value(node)).Append('\n');
                break;
        }
    }

    // After a member's colon: what has lines of its own begins on the next, lists no deeper than their member.
    private static void WriteValue(StringBuilder text, JsonNode? value, string indent)
    {
        var deeper = value switch
        {
            JsonObject { Count: > 0 } => indent + Step,
            JsonArray { Count: > 0 } => indent,
            _ => null,
        };
        text.Append(deeper is null ? " " : "\n" + deeper);
        Write(text, value, deeper ?? indent);
    }

    private static string Value(JsonNode? node) => node?.GetValueKind() switch
    {
        null => "null",
        JsonValueKind.String => Scalar(node.GetValue<string>()),
        // Numbers, truths, and what is empty.
        _ => node.ToJsonString(),
    };

    private static string Scalar(string text)
    {
        if (IsWord(text))
            return text;
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            // What YAML's readers refuse, take for a line's end, or drop.
            _ = rune.Value switch
            {
                '"' or '\\' => quoted.Append('\\').Append(rune),
                '\n' => quoted.Append("\\n"),
                < ' ' or (>= 0x7f and < 0xa0) or 0x2028 or 0x2029 or 0xfeff or 0xfffe or 0xffff =>
                    quoted.Append($"\\u{rune.Value:x4}"),
                _ => quoted.Append(rune),
            };
        }

        return quoted.Append('"').ToString();
    }

    // Of characters that mean nothing in YAML, and nothing but a string to its readers.
    private static bool IsWord(string text) => text.Length > 0
        && char.IsAsciiLetter(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/')
        && YamlScalars.Resolve(text, default) is WireString;
}

using System.Text;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Tests.Fuzz;

/// <summary>Writes objects as block YAML, sometimes by what only YAML has: anchors, merges, tags, bare words.</summary>
internal static class Yaml
{
    private static readonly string[] _words =
    [
        "y", "no", "~", "0x1F", "010", "1e3", ".inf", "2026-01-01", "!!str 5", "!!binary aGk=", "*a", "&a b", "|\n  x", "? k",
    ];

    public static string Write(JsonNode? tree, Random random)
    {
        var text = new StringBuilder();
        if (random.Next(10) == 0)
            text.Append("%YAML 1.1\n---\n");
        Node(tree, 0, text, random);
        if (random.Next(10) == 0)
            text.Append("\n---\nsecond: document\n");
        return text.ToString();
    }

    private static void Node(JsonNode? node, int indent, StringBuilder text, Random random)
    {
        var lead = "\n" + new string(' ', indent);
        switch (node)
        {
            case JsonObject { Count: > 0 } map:
                if (random.Next(200) == 0)
                    text.Append(lead).Append("<<: {merged: true}");
                foreach (var (name, value) in map)
                {
                    text.Append(lead).Append(JsonValue.Create(name)!.ToJsonString()).Append(": ");
                    Node(value, indent + 1, text, random);
                }

                break;
            case JsonArray { Count: > 0 } list:
                foreach (var item in list)
                {
                    text.Append(lead).Append("- ");
                    Node(item, indent + 1, text, random);
                }

                break;
            default:
                var isOdd = random.Next(100) == 0;
                text.Append(isOdd ? _words[random.Next(_words.Length)] : node?.ToJsonString() ?? "null");
                break;
        }
    }
}

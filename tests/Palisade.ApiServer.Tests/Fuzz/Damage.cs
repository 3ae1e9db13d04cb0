using System.Text;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Tests.Fuzz;

/// <summary>Makes good documents bad.</summary>
internal static class Damage
{
    /// <summary>One to three values replaced by odd ones.</summary>
    public static void Tree(JsonNode tree, Random random)
    {
        for (var n = random.Next(1, 4); n > 0; n--)
            Replace(tree, random);
    }

    /// <summary>A byte changed, inserted or doubled, the end cut off, or a stretch repeated.</summary>
    public static byte[] Bytes(byte[] good, Random random)
    {
        if (good.Length == 0)
            return [(byte)random.Next(256)];
        var at = random.Next(good.Length);
        switch (random.Next(5))
        {
            case 0:
                return good[..at];
            case 1:
                return [.. good[..at], (byte)random.Next(256), .. good[at..]];
            case 2:
                var stretch = good[at..Math.Min(good.Length, at + random.Next(1, 40))];
                return [.. good[..at], .. stretch, .. stretch, .. good[at..]];
            case 3:
                return [.. good[..at], .. "{[\":,- #&*!|>'%@`\n\t\\"u8.Slice(random.Next(20), 1), .. good[at..]];
            default:
                var bytes = good.ToArray();
                bytes[at] = (byte)random.Next(256);
                return bytes;
        }
    }

    public static string Text(string good, Random random) =>
        Encoding.Latin1.GetString(Bytes(Encoding.Latin1.GetBytes(good), random));

    private static void Replace(JsonNode tree, Random random)
    {
        var node = tree;
        while (true)
        {
            switch (node)
            {
                case JsonObject { Count: > 0 } map:
                    var name = map.ElementAt(random.Next(map.Count)).Key;
                    if (map[name] is JsonObject or JsonArray && random.Next(4) > 0)
                        node = map[name]!;
                    else
                    {
                        map[name] = Odd(random);
                        return;
                    }

                    break;
                case JsonArray { Count: > 0 } list:
                    var index = random.Next(list.Count);
                    if (list[index] is JsonObject or JsonArray && random.Next(4) > 0)
                        node = list[index]!;
                    else
                    {
                        list[index] = Odd(random);
                        return;
                    }

                    break;
                default:
                    return;
            }
        }
    }

    private static JsonNode? Odd(Random random) => random.Next(16) switch
    {
        0 => null,
        1 => true,
        2 => -1,
        3 => 1e300,
        4 => 3_000_000_000,
        5 => "",
        6 => "Not OK",
        7 => "\u0000\ud83d\ude00",
        8 => new JsonArray(),
        9 => new JsonArray(null, null),
        10 => new JsonObject(),
        11 => new JsonObject { ["$patch"] = "replace" },
        12 => new JsonObject { [""] = null, ["$retainKeys"] = 5, ["$setElementOrder/containers"] = "x" },
        13 => new JsonArray(new JsonObject { ["$patch"] = "delete" }, 5),
        14 => new JsonArray(new JsonObject
        {
            ["manager"] = "m",
            ["operation"] = "Apply",
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = new JsonObject
            {
                ["f:spec"] = new JsonObject { ["k:{\"name\":\"a\"}"] = new JsonObject { ["."] = new JsonObject() } },
                [random.Next(2) == 0 ? "v:5" : "k:{"] = new JsonObject(),
                ["f:metadata"] = new JsonObject { ["f:labels"] = new JsonObject() },
            },
        }),
        _ => new string('x', 300),
    };
}

using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Patching;

/// <summary>application/json-patch+json (RFC 6902).</summary>
internal static class JsonPatch
{
    // As kube-apiserver's own bound.
    private const int MaxOperations = 10_000;

    public static JsonObject Apply(JsonObject target, JsonArray operations)
    {
        if (operations.Count > MaxOperations)
        {
            throw new StatusException(
                413, "RequestEntityTooLarge",
                "Request entity too large: The allowed maximum operations in a JSON patch is " +
                $"{MaxOperations}, got {operations.Count}");
        }

        JsonNode? root = target;
        long copied = 0;
        foreach (var item in operations)
        {
            // A document copied into itself again and again doubles each time.
            if (item is JsonObject copy && Cell.Text(copy["op"]) == "copy")
                copied += JsonBytes.Of(Find(root, Pointer(copy, "from"), "copy") ?? "").Length;
            if (copied > RequestBody.Limit)
                throw Errors.TooLarge(RequestBody.Limit);
            if (item is not JsonObject operation)
                throw Errors.BadRequest(
                    $"error decoding patch: json: cannot unmarshal {GoValue.TypeName(item)} " +
                    "into Go value of type jsonpatch.Operation");
            root = ApplyOne(root, operation);
        }

        return root as JsonObject ?? throw Rejected("the patched document is not an object");
    }

    private static JsonNode? ApplyOne(JsonNode? root, JsonObject operation)
    {
        var name = Cell.Text(operation["op"]);
        var path = Pointer(operation, "path");
        switch (name)
        {
            case "add":
                return Add(root, path, Value(operation, name));
            case "remove":
                return Remove(root, path);
            case "replace":
                Find(root, path, "replace");
                return Replace(root, path, Value(operation, name));
            case "move":
                var from = Pointer(operation, "from");
                var moved = Find(root, from, "move");
                return Add(Remove(root, from), path, moved);
            case "copy":
                return Add(root, path, Find(root, Pointer(operation, "from"), "copy")?.DeepClone());
            case "test":
                if (!JsonNode.DeepEquals(Find(root, path, "test"), operation["value"]))
                    throw Rejected($"testing value {Cell.Text(operation["path"])} failed: test failed");
                return root;
            default:
                throw Rejected($"Unexpected kind: {name}");
        }
    }

    private static JsonNode? Value(JsonObject operation, string name) =>
        operation.TryGetPropertyValue("value", out var value)
            ? value?.DeepClone()
            : throw Rejected($"{name} operation is missing a value");

    private static JsonNode? Add(JsonNode? root, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
            return value;
        var parent = Find(root, path[..^1], "add");
        switch (parent)
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list when path[^1] == "-":
                list.Add(value);
                break;
            case JsonArray list:
                list.Insert(Index(path[^1], list.Count), value);
                break;
            default:
                throw Rejected(
                    $"add operation does not apply: doc is missing path: \"/{string.Join('/', path)}\": missing value");
        }

        return root;
    }

    // What is there is known.
    private static JsonNode? Replace(JsonNode? root, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
            return value;
        if (Find(root, path[..^1], "replace") is JsonArray list)
            list[Index(path[^1], list.Count - 1)] = value;
        else
            return Add(root, path, value);
        return root;
    }

    private static JsonNode? Remove(JsonNode? root, string[] path)
    {
        if (path.Length == 0)
            throw Rejected("remove operation does not apply: the whole document cannot be removed");
        switch (Find(root, path[..^1], "remove"))
        {
            case JsonObject map when map.Remove(path[^1]):
                break;
            case JsonArray list:
                list.RemoveAt(Index(path[^1], list.Count - 1));
                break;
            default:
                throw Rejected(
                    $"remove operation does not apply: doc is missing key: /{string.Join('/', path)}: missing value");
        }

        return root;
    }

    private static JsonNode? Find(JsonNode? node, ReadOnlySpan<string> path, string operation)
    {
        foreach (var step in path)
        {
            node = node switch
            {
                JsonObject map when map.TryGetPropertyValue(step, out var value) => value,
                JsonArray list => list[Index(step, list.Count - 1)],
                _ => throw Rejected(
                    $"{operation} operation does not apply: doc is missing path: {step}: missing value"),
            };
        }

        return node;
    }

    // Negative ones count from behind, as in the library that kube-apiserver uses.
    private static int Index(string step, int max)
    {
        if (int.TryParse(step, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index)
            && step[0] != '+' && index <= max && index >= -max - 1)
            return index < 0 ? index + max + 1 : index;
        throw Rejected($"Unable to access invalid index: {step}: invalid index referenced");
    }

    // RFC 6901: ~1 is a slash, ~0 a tilde.
    private static string[] Pointer(JsonObject operation, string name)
    {
        var text = Cell.Text(operation[name]);
        if (operation[name] is null || (text.Length > 0 && text[0] != '/'))
            throw Rejected($"operation has no valid {name}");
        return text.Length == 0
            ? []
            : [.. text[1..].Split('/').Select(step => step.Replace("~1", "/").Replace("~0", "~"))];
    }

    // No causes, as kube-apiserver: kubectl then prints the message. The reason is ours; theirs ends before it.
    private static StatusException Rejected(string why) => new(
        422, "Invalid", $"the server rejected our request due to an error in our request: {why}", new JsonObject());
}

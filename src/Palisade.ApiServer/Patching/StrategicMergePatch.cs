using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Patching;

/// <summary>
/// application/strategic-merge-patch+json (apimachinery strategicpatch): like a merge patch, but lists with a merge
/// key are merged item by item, and directives say the rest ($patch, $retainKeys, $setElementOrder/…,
/// $deleteFromPrimitiveList/…).
/// </summary>
internal static class StrategicMergePatch
{
    private const string PatchDirective = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string ElementOrder = "$setElementOrder/";
    private const string DeletePrimitives = "$deleteFromPrimitiveList/";

    /// <summary>Merges into <paramref name="target"/>, which is changed and answered.</summary>
    public static JsonObject Apply(JsonObject target, JsonObject patch, ObjectSchema? type)
    {
        switch (Cell.Text(patch[PatchDirective]))
        {
            case "":
            case "merge":
                break;
            case "replace":
                return Apply([], Without(patch, PatchDirective), type);
            case "delete":
                return [];
            default:
                throw Errors.BadRequest($"Unknown patch type: {Cell.Text(patch[PatchDirective])} in map");
        }

        Retain(target, patch);
        JsonMembers.Remove(target, [.. patch.Where(member => member.Value is null).Select(member => member.Key)]);
        foreach (var (name, value) in patch)
        {
            if (name is PatchDirective or RetainKeys || name.StartsWith(ElementOrder, StringComparison.Ordinal))
                continue;
            if (name.StartsWith(DeletePrimitives, StringComparison.Ordinal))
                RemovePrimitives(target, name[DeletePrimitives.Length..], value);
            else
                MergeMember(target, patch, name, value, type?.Field(name));
        }

        OrderUntouched(target, patch, type);
        return target;
    }

    private static void MergeMember(JsonObject target, JsonObject patch, string name, JsonNode? value, ApiField? field)
    {
        var old = target[name];
        switch (value)
        {
            case null:
                break;
            case JsonObject inner:
                var type = field is { Kind: FieldKind.Object, Shape: FieldShape.Single } ? field.Type!() : null;
                target[name] = Apply(old is JsonObject map ? map.DeepClone().AsObject() : [], inner, type);
                break;
            case JsonArray items when field is { MergeKey: not null, Shape: FieldShape.List }:
                var merged = MergeObjects(old as JsonArray ?? [], items, field.MergeKey, field.Type?.Invoke());
                target[name] = Ordered(
                    merged, old as JsonArray, patch[ElementOrder + name], item => KeyOf(item, field.MergeKey));
                break;
            case JsonArray items when field is { PrimitiveMerge: true }:
                var united = MergePrimitives(old as JsonArray ?? [], items);
                target[name] = Ordered(
                    united, old as JsonArray, patch[ElementOrder + name], TextOf);
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    // An order may come without the list itself: kubectl apply sends it when only other members of the items changed.
    private static void OrderUntouched(JsonObject target, JsonObject patch, ObjectSchema? type)
    {
        foreach (var (name, order) in patch.Where(pair => pair.Key.StartsWith(ElementOrder, StringComparison.Ordinal)))
        {
            var list = name[ElementOrder.Length..];
            if (patch.ContainsKey(list) || target[list] is not JsonArray items || type?.Field(list) is not { } field)
                continue;
            Func<JsonNode?, string> key = field.MergeKey is { } mergeKey
                ? item => KeyOf(item, mergeKey)
                : TextOf;
            target[list] = Ordered([.. items.Select(item => item?.DeepClone())], items, order, key);
        }
    }

    private static List<JsonNode?> MergeObjects(JsonArray old, JsonArray patch, string mergeKey, ObjectSchema? type)
    {
        if (patch.Any(item => item is JsonObject o && Cell.Text(o[PatchDirective]) == "replace"))
            return [.. Plain(patch, mergeKey, type)];
        var items = old.Select(item => item?.DeepClone()).ToList();
        var places = Places(items, mergeKey);
        var deleted = new HashSet<int>();
        foreach (var item in patch)
        {
            if (item is not JsonObject change)
                throw Errors.BadRequest("expected all elements of the list to be objects");
            var key = KeyOf(change, mergeKey);
            var known = places.GetValueOrDefault(key);
            if (Cell.Text(change[PatchDirective]) == "delete")
            {
                deleted.UnionWith(known ?? []);
                places.Remove(key);
            }
            else if (known is [var first, ..])
            {
                items[first] = Apply(items[first]!.AsObject(), change, type);
            }
            else
            {
                places[key] = [items.Count];
                items.Add(Apply([], change, type));
            }
        }

        return [.. items.Where((_, place) => !deleted.Contains(place))];
    }

    // Where the items of each key stand; a Service may have one port twice.
    private static Dictionary<string, List<int>> Places(List<JsonNode?> items, string mergeKey)
    {
        var places = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i] is not JsonObject item || item[mergeKey] is null)
                continue;
            var key = KeyOf(item, mergeKey);
            if (!places.TryAdd(key, [i]))
                places[key].Add(i);
        }

        return places;
    }

    // The items beside a {$patch: replace} are the whole new list.
    private static IEnumerable<JsonNode?> Plain(JsonArray patch, string mergeKey, ObjectSchema? type) =>
        patch.OfType<JsonObject>()
            .Where(item => item[mergeKey] is not null)
            .Select(item => (JsonNode?)Apply([], Without(item, PatchDirective), type));

    private static List<JsonNode?> MergePrimitives(JsonArray old, JsonArray patch)
    {
        var items = old.Select(item => item?.DeepClone()).ToList();
        var known = items.Select(TextOf).ToHashSet(StringComparer.Ordinal);
        items.AddRange(patch.Where(item => known.Add(TextOf(item))).Select(item => item?.DeepClone()));
        return items;
    }

    private static void RemovePrimitives(JsonObject target, string name, JsonNode? removed)
    {
        if (target[name] is not JsonArray items || removed is not JsonArray list)
            return;
        var gone = list.Select(TextOf).ToHashSet(StringComparer.Ordinal);
        target[name] = new JsonArray(
            [.. items.Where(item => !gone.Contains(TextOf(item))).Select(item => item?.DeepClone())]);
    }

    private static string TextOf(JsonNode? item) => item?.ToJsonString() ?? "";

    // Items the order names stand in its order; the others keep their place relative to those that were there before
    // (strategicpatch mergeSortedSlice).
    private static JsonArray Ordered(
        List<JsonNode?> items, JsonArray? before, JsonNode? order, Func<JsonNode?, string> key)
    {
        if (order is not JsonArray wanted)
            return [.. items];
        var rank = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var item in wanted)
            rank.TryAdd(key(item), rank.Count);
        var place = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var item in before ?? [])
            place.TryAdd(key(item), place.Count);
        var named = new Queue<JsonNode?>(
            items.Where(item => rank.ContainsKey(key(item))).OrderBy(item => rank[key(item)]));
        var others = new Queue<JsonNode?>(items.Where(item => !rank.ContainsKey(key(item))));
        var result = new JsonArray();
        while (named.Count > 0 && others.Count > 0)
        {
            var isNamedFirst = place.TryGetValue(key(named.Peek()), out var left)
                && place.TryGetValue(key(others.Peek()), out var right)
                && left < right;
            result.Add(isNamedFirst ? named.Dequeue() : others.Dequeue());
        }

        foreach (var item in named.Concat(others))
            result.Add(item);
        return result;
    }

    private static void Retain(JsonObject target, JsonObject patch)
    {
        if (patch[RetainKeys] is not JsonArray kept)
            return;
        var names = Cell.Texts(kept).ToHashSet(StringComparer.Ordinal);
        JsonMembers.Remove(target, [.. target.Select(pair => pair.Key).Where(name => !names.Contains(name))]);
    }

    private static string KeyOf(JsonNode? item, string mergeKey) =>
        item is JsonObject o && o[mergeKey] is { } key
            ? key.ToJsonString()
            : throw Errors.BadRequest($"map: {GoValue.Format(item)} does not contain declared merge key: {mergeKey}");

    private static JsonObject Without(JsonObject patch, string name)
    {
        var copy = patch.DeepClone().AsObject();
        copy.Remove(name);
        return copy;
    }
}

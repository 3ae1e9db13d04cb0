using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Fields;

/// <summary>A value and how it is merged: which fields it sets, and itself without some of them.</summary>
internal static class TypedValue
{
    /// <summary>Whether a value is owned whole: a scalar, null, what is atomic, a list of unknown items.</summary>
    public static bool IsLeaf(JsonNode? value, MergeType type) => value switch
    {
        JsonObject => type.IsAtomic,
        JsonArray => type.IsAtomic || type.Form != MergeForm.List,
        _ => true,
    };

    /// <summary>The paths that a configuration sets, as an applier comes to own them.</summary>
    public static FieldSet Fields(JsonNode? value, MergeType type)
    {
        var set = new FieldSet();
        Collect(value, type, new FieldPath(), set);
        return set;
    }

    /// <summary>
    /// The value without the members and items that the set names; null when nothing is left, also inside: a map that
    /// is emptied is still there, as null.
    /// </summary>
    public static JsonNode? Without(JsonNode? value, MergeType type, FieldSet removed)
    {
        if (removed.IsEmpty || IsLeaf(value, type))
            return value?.DeepClone();
        return value switch
        {
            JsonObject { Count: > 0 } map => WithoutMembers(map, type, removed),
            JsonArray { Count: > 0 } list => WithoutItems(list, type, removed),
            _ => value!.DeepClone(),
        };
    }

    private static void Collect(JsonNode? value, MergeType type, FieldPath path, FieldSet set)
    {
        if (IsLeaf(value, type))
        {
            set.Add(path.Steps);
            return;
        }

        foreach (var (step, item, itemType, isItem) in Parts(value, type))
        {
            path.Enter(step);
            Collect(item, itemType, path, set);
            if (isItem || item is JsonObject { Count: 0 })
                set.Add(path.Steps);
            path.Leave();
        }
    }

    /// <summary>
    /// The members of an object or the items of a list, those left out that the schema has no place for; IsItem: it is
    /// there by the client's will (a list's item, a map's key), not as a declared field.
    /// </summary>
    public static IEnumerable<(FieldStep Step, JsonNode? Value, MergeType Type, bool IsItem)> Parts(
        JsonNode? value, MergeType type)
    {
        if (value is JsonObject map)
        {
            foreach (var (name, member) in map)
            {
                if (type.Member(name) is { } memberType)
                    yield return (FieldStep.Field(name), member, memberType, type.Field(name) is null);
            }
        }
        else if (value is JsonArray list)
        {
            foreach (var item in list)
            {
                if (FieldStep.Item(item, type) is { } step)
                    yield return (step, item, type.Items, true);
            }
        }
    }

    private static JsonObject? WithoutMembers(JsonObject map, MergeType type, FieldSet removed)
    {
        var result = new JsonObject();
        foreach (var (name, member) in map)
        {
            var step = FieldStep.Field(name);
            if (!removed.Has(step))
                result[name] = Without(member, type.Member(name) ?? MergeType.Anything, removed.Below(step));
        }

        return result.Count == 0 ? null : result;
    }

    private static JsonArray? WithoutItems(JsonArray list, MergeType type, FieldSet removed)
    {
        var result = new JsonArray();
        foreach (var item in list)
        {
            if (FieldStep.Item(item, type) is not { } step)
                result.Add(item?.DeepClone());
            else if (!removed.Has(step) && Without(item, type.Items, removed.Below(step)) is { } rest)
                result.Add(rest);
        }

        return result.Count == 0 ? null : result;
    }
}

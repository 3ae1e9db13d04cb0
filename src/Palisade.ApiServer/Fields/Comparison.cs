using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Fields;

/// <summary>What differs between two states of an object (structured-merge-diff typed.Comparison).</summary>
internal sealed class Comparison
{
    private readonly FieldPath _path = new();

    private Comparison()
    {
    }

    public FieldSet Added { get; } = new();

    public FieldSet Modified { get; } = new();

    public FieldSet Removed { get; } = new();

    /// <summary>What whoever made the change comes to own.</summary>
    public FieldSet Changed => Modified.Union(Added);

    public static Comparison Of(JsonObject before, JsonObject after, MergeType type)
    {
        var comparison = new Comparison();
        comparison.Walk(new(before), new(after), type);
        return comparison;
    }

    private void Walk(Side before, Side after, MergeType type)
    {
        if (IsLeaf(before, type) && IsLeaf(after, type))
        {
            Leaf(before, after);
            return;
        }

        if (before.Value is JsonArray || after.Value is JsonArray)
            Items(before.Value as JsonArray ?? [], after.Value as JsonArray ?? [], type);
        else
            Members(before, after, type);
        // What appears or goes whole does so itself, too: .metadata.labels beside .metadata.labels.app.
        if (!before.IsThere)
            Added.Add(_path.Steps);
        else if (!after.IsThere)
            Removed.Add(_path.Steps);
    }

    // Empty and absent containers count as leaves, so that one is told from the other.
    private static bool IsLeaf(Side side, MergeType type) =>
        TypedValue.IsLeaf(side.Value, type) || side.Value is JsonObject { Count: 0 } or JsonArray { Count: 0 };

    private void Leaf(Side before, Side after)
    {
        if (!before.IsThere)
            Added.Add(_path.Steps);
        else if (!after.IsThere)
            Removed.Add(_path.Steps);
        else if (!JsonNode.DeepEquals(before.Value, after.Value))
            Modified.Add(_path.Steps);
    }

    private void Members(Side before, Side after, MergeType type)
    {
        var (old, now) = (before.Value as JsonObject ?? [], after.Value as JsonObject ?? []);
        foreach (var name in now.Select(pair => pair.Key).Union(old.Select(pair => pair.Key)))
        {
            if (type.Member(name) is not { } member)
                continue;
            var byValue = type.ByValue.Contains(name);
            _path.Enter(FieldStep.Field(name));
            Walk(Side.Of(old, name, byValue && before.IsThere), Side.Of(now, name, byValue && after.IsThere), member);
            _path.Leave();
        }
    }

    private void Items(JsonArray before, JsonArray after, MergeType type)
    {
        var (old, now) = (ByStep(before, type), ByStep(after, type));
        foreach (var step in now.Keys.Union(old.Keys))
        {
            var (was, has) = (old.GetValueOrDefault(step), now.GetValueOrDefault(step));
            _path.Enter(step);
            // Items that the list cannot tell apart are compared together.
            if (was is { Count: > 1 } || has is { Count: > 1 })
                Leaf(Side.All(was), Side.All(has));
            else
                Walk(Side.All(was), Side.All(has), type.Items);
            _path.Leave();
        }
    }

    private static Dictionary<FieldStep, List<JsonNode?>> ByStep(JsonArray list, MergeType type)
    {
        var steps = new Dictionary<FieldStep, List<JsonNode?>>();
        foreach (var (step, item, _, _) in TypedValue.Parts(list, type))
        {
            if (steps.TryGetValue(step, out var same))
                same.Add(item);
            else
                steps[step] = [item];
        }

        return steps;
    }

    /// <summary>A value, or that there is none; null is a value.</summary>
    private readonly record struct Side(JsonNode? Value, bool IsThere = true)
    {
        public static Side Of(JsonObject map, string name, bool orEmpty) =>
            map.TryGetPropertyValue(name, out var value) ? new(value)
            : orEmpty ? new(new JsonObject()) : new(null, false);

        public static Side All(List<JsonNode?>? items) => items switch
        {
            null => new(null, false),
            [var one] => new(one),
            _ => new(new JsonArray([.. items.Select(item => item?.DeepClone())])),
        };
    }
}

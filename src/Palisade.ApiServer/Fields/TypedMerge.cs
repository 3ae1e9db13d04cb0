using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Fields;

/// <summary>A live object with a configuration laid over it: what that says wins, the rest stays.</summary>
internal static class TypedMerge
{
    public static JsonNode? Merge(JsonNode? live, JsonNode? applied, MergeType type)
    {
        if (TypedValue.IsLeaf(applied, type) || applied is JsonObject { Count: 0 } && live is not JsonObject)
            return applied?.DeepClone();
        return (live, applied) switch
        {
            (JsonObject old, JsonObject map) => MergeMembers(old, map, type),
            (JsonArray old, JsonArray list) => MergeItems(old, list, type),
            (_, JsonObject map) => MergeMembers([], map, type),
            _ => applied!.DeepClone(),
        };
    }

    private static JsonObject MergeMembers(JsonObject live, JsonObject applied, MergeType type)
    {
        var result = live.DeepClone().AsObject();
        foreach (var (name, value) in applied)
            result[name] = Merge(live[name], value, type.Member(name) ?? MergeType.Anything);
        return result;
    }

    // The applied items in their order; live ones that were not applied keep their place among their neighbours. An
    // applied list holds no two items that cannot be told apart (TypedCheck).
    private static JsonArray MergeItems(JsonArray live, JsonArray applied, MergeType type)
    {
        var wanted = applied.Select(item => (Step: FieldStep.Item(item, type), Item: item)).ToList();
        var steps = wanted.Select(item => item.Step).ToHashSet();
        var old = live.Select(item => (Step: FieldStep.Item(item, type), Item: item)).ToList();
        var byStep = old.Where(item => item.Step is not null).ToLookup(item => item.Step, item => item.Item);
        var shared = new Queue<FieldStep?>(wanted.Select(item => item.Step).Where(byStep.Contains));
        var result = new JsonArray();
        var (next, place) = (0, 0);
        while (next < wanted.Count || place < old.Count)
        {
            var isShared = place < old.Count && old[place].Step is not null && steps.Contains(old[place].Step);
            if (isShared && shared.TryPeek(out var due) && due != old[place].Step)
            {
                // One that stands elsewhere in the applied order.
                place++;
            }
            else if (place < old.Count && !isShared)
            {
                result.Add(old[place++].Item?.DeepClone());
            }
            else if (next < wanted.Count)
            {
                var (step, item) = wanted[next++];
                if (isShared && old[place].Step == step)
                    place++;
                if (shared.TryPeek(out var first) && first == step)
                    shared.Dequeue();
                result.Add(Merge(byStep[step].FirstOrDefault(), item, type.Items));
            }
            else
            {
                place++;
            }
        }

        return result;
    }
}

using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Patching;

/// <summary>application/merge-patch+json (RFC 7386): null removes, objects merge, everything else replaces.</summary>
internal static class MergePatch
{
    public static JsonObject Apply(JsonObject target, JsonObject patch)
    {
        JsonMembers.Remove(target, [.. patch.Where(member => member.Value is null).Select(member => member.Key)]);
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    break;
                case JsonObject inner:
                    target[name] = Apply(target[name] is JsonObject old ? old.DeepClone().AsObject() : [], inner);
                    break;
                default:
                    target[name] = value.DeepClone();
                    break;
            }
        }

        return target;
    }
}

using System.Text.Json.Nodes;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>The objects that workloads make of their templates. Pure.</summary>
internal static class PodPlan
{
    /// <summary>A pod of a template, named or (name null) to be named by the server.</summary>
    public static JsonObject Pod(Workload owner, JsonObject template, string? name = null)
    {
        var meta = Meta(template, owner);
        if (name is null)
            meta["generateName"] = Prefix(owner.Name);
        else
            meta["name"] = name;
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = meta,
            ["spec"] = template["spec"]?.DeepClone(),
        };
    }

    /// <summary>The first part of the names of what an owner makes.</summary>
    public static string Prefix(string owner) => owner + "-";

    /// <summary>Namespace, labels and annotations of the template, and the owner.</summary>
    public static JsonObject Meta(JsonObject template, Workload owner)
    {
        var meta = new JsonObject { ["namespace"] = owner.Namespace };
        foreach (var field in (string[])["labels", "annotations", "finalizers"])
        {
            if (template["metadata"]?[field] is { } value)
                meta[field] = value.DeepClone();
        }

        meta["ownerReferences"] = new JsonArray(owner.Reference());
        return meta;
    }

    /// <summary>Adds a label.</summary>
    public static void Label(JsonObject meta, string name, string value)
    {
        if (meta["labels"] is not JsonObject labels)
            meta["labels"] = labels = [];
        labels[name] = value;
    }

    /// <summary>
    /// What names a template: ten characters that follow from it, and from how often they were taken.
    /// </summary>
    public static string HashOf(JsonObject template, long collisions) =>
        NameGenerator.Of($"{template.ToJsonString()} {collisions}", 10);

    /// <summary>
    /// A share of a whole: a number, or a percentage, rounded up or down (intstr.GetScaledValueFromIntOrPercent).
    /// </summary>
    public static long Share(JsonNode? share, long whole, bool up)
    {
        var text = Cell.Text(share);
        if (!text.EndsWith('%') || !long.TryParse(text[..^1], out var percent))
            return Cell.Number(share);
        return up ? (whole * percent + 99) / 100 : whole * percent / 100;
    }
}

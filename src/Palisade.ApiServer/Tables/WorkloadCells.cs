using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Tables;

/// <summary>The columns that all workloads have with -o wide: what their pods run.</summary>
internal static class WorkloadCells
{
    public static TableColumn Containers { get; } =
        new("Containers", "string", "Names of each container in the template.", 1);

    public static TableColumn Images { get; } =
        new("Images", "string", "Images referenced by each container in the template.", 1);

    public static TableColumn Selector { get; } = new("Selector", "string", "The pods it looks after.", 1);

    /// <summary>A column of counts.</summary>
    public static TableColumn Count(string name, string description) => new(name, "integer", description);

    /// <summary>A count of the status; 0 when it is not told.</summary>
    public static long Status(JsonObject tree, string name) => Cell.Number(tree["status"]?[name]);

    /// <summary>The cells of the first two columns.</summary>
    public static JsonNode?[] Of(JsonNode? podSpec) => [Joined(podSpec, "name"), Joined(podSpec, "image")];

    /// <summary>The cells of all three columns.</summary>
    public static JsonNode?[] WithSelector(JsonNode? spec) =>
        [.. Of(spec?["template"]?["spec"]), SelectorText.Of(spec?["selector"])];

    private static string Joined(JsonNode? podSpec, string field) =>
        string.Join(",", Cell.Objects(podSpec?["containers"]).Select(container => Cell.Text(container[field])));
}

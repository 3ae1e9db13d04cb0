using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>v1 Event.</summary>
internal static class EventResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("v1", "Event")!,
        CreatesOnUpdate = true,
        SelectableFields =
        [
            new("involvedObject.kind"),
            new("involvedObject.namespace"),
            new("involvedObject.name"),
            new("involvedObject.uid"),
            new("involvedObject.apiVersion"),
            new("involvedObject.resourceVersion"),
            new("involvedObject.fieldPath"),
            new("reason"),
            new("reportingComponent"),
            new("source"),
            new("type"),
        ],
        Table = new TableLayout(
            [
                new("Last Seen", "string", "Time this event was last observed"),
                new("Type", "string", "Type of this event (Normal, Warning)"),
                new("Reason", "string", "Why the transition into the object's current status"),
                new("Object", "string", "The object this event is about"),
                new("Subobject", "string", "The part of the object this event is about", 1),
                new("Source", "string", "The component reporting this event", 1),
                new("Message", "string", "What happened"),
                new("First Seen", "string", "Time this event was first observed", 1),
                new("Count", "string", "How often it was observed", 1),
                TableColumn.ObjectName with { Priority = 1 },
            ],
            Row),
    };

    private static TableRow Row(JsonObject tree, DateTimeOffset now)
    {
        var about = tree["involvedObject"];
        var first = tree["firstTimestamp"] ?? tree["eventTime"];
        var source = Cell.Text(tree["source"]?["component"]);
        var host = Cell.Text(tree["source"]?["host"]);
        return new TableRow(
        [
            Cell.Since(tree["lastTimestamp"] ?? first, now),
            Cell.Text(tree["type"]),
            Cell.Text(tree["reason"]),
            $"{Cell.Text(about?["kind"]).ToLowerInvariant()}/{Cell.Text(about?["name"])}",
            Cell.Text(about?["fieldPath"]),
            host.Length > 0 ? $"{source}, {host}" : source,
            Cell.Text(tree["message"]).Trim(),
            Cell.Since(first, now),
            $"{Cell.Number(tree["count"], 1)}",
            Cell.Name(tree),
        ]);
    }
}

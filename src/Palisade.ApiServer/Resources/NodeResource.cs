using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>v1 Node.</summary>
internal static class NodeResource
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public static Resource Register() => new()
    {
        Kind = ApiKinds.Node,
        SelectableFields = [new("spec.unschedulable", "false")],
        PrepareCreate = tree => tree["status"] ??= new JsonObject(),
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Status", "string", "The status of the node"),
                new("Roles", "string", "The roles of the node"),
                TableColumn.Age,
                new("Version", "string", "Kubelet Version reported by the node."),
                new("Internal-IP", "string", "The first address of type InternalIP", 1),
                new("External-IP", "string", "The first address of type ExternalIP", 1),
                new("OS-Image", "string", "OS Image reported by the node.", 1),
                new("Kernel-Version", "string", "Kernel Version reported by the node.", 1),
                new("Container-Runtime", "string", "ContainerRuntime Version reported by the node.", 1),
            ],
            Row),
    };

    private static TableRow Row(JsonObject tree, DateTimeOffset now)
    {
        var status = tree["status"];
        var machine = status?["nodeInfo"];
        return new TableRow(
        [
            Cell.Name(tree),
            Status(tree),
            Roles(tree),
            Cell.Age(tree, now),
            Cell.Text(machine?["kubeletVersion"]),
            Address(status, "InternalIP"),
            Address(status, "ExternalIP"),
            OrUnknown(machine?["osImage"]),
            OrUnknown(machine?["kernelVersion"]),
            OrUnknown(machine?["containerRuntimeVersion"]),
        ]);
    }

    private static string Status(JsonObject tree)
    {
        var ready = Cell.Conditions(tree["status"], "Ready").LastOrDefault();
        var text = ready is null ? "Unknown" : Cell.Text(ready["status"]) == "True" ? "Ready" : "NotReady";
        return Cell.Flag(tree["spec"]?["unschedulable"]) ? text + ",SchedulingDisabled" : text;
    }

    private static string Roles(JsonObject tree)
    {
        if (tree["metadata"]?["labels"] is not JsonObject labels)
            return Cell.None;
        var roles = labels.Select(label => label.Key.StartsWith(RolePrefix, StringComparison.Ordinal)
            ? label.Key[RolePrefix.Length..]
            : label.Key == "kubernetes.io/role" ? Cell.Text(label.Value) : "");
        return Cell.OrNone(
            string.Join(",", roles.Where(role => role.Length > 0).Distinct().Order(StringComparer.Ordinal)));
    }

    private static string Address(JsonNode? status, string type) =>
        Cell.OrNone(Cell.Objects(status?["addresses"])
            .Where(address => Cell.Text(address["type"]) == type)
            .Select(address => Cell.Text(address["address"]))
            .FirstOrDefault(""));

    private static string OrUnknown(JsonNode? node) => Cell.Text(node) is { Length: > 0 } text ? text : "<unknown>";
}

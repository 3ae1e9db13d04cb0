using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Streams;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Resources;

/// <summary>v1 Pod.</summary>
internal static class PodResource
{
    public static Resource Register(ApiServerOptions options) => new()
    {
        Kind = ApiKinds.Pod,
        Categories = ["all"],
        CountsGenerations = true,
        ReturnsDeleted = true,
        SelectableFields =
        [
            new("spec.nodeName"),
            new("spec.restartPolicy"),
            new("spec.schedulerName"),
            new("spec.serviceAccountName"),
            new("spec.hostNetwork", "false"),
            new("status.phase"),
            new("status.podIP"),
            new("status.nominatedNodeName"),
        ],
        PrepareCreate = tree => tree["status"] = new JsonObject
        {
            ["phase"] = "Pending",
            ["qosClass"] = PodDefaults.QosClass(tree["spec"]),
        },
        Default = PodDefaults.Fill,
        JudgeChange = PodChanges.Judge,
        WarnCreator = pod => options.PodWarning?.Invoke(pod),
        UnservedSubresources =
            ["ephemeralcontainers", "proxy", "resize",
                .. options.PodStreams is null ? PodStreamEndpoints.Subresources : []],
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Ready", "string", "The aggregate readiness state of this pod for accepting traffic."),
                new("Status", "string", "The aggregate status of the containers in this pod."),
                new("Restarts", "string", "The number of times the containers in this pod have been restarted."),
                TableColumn.Age,
                new("IP", "string", "The first address of the pod.", 1),
                new("Node", "string", "The node the pod runs on.", 1),
                new("Nominated Node", "string", "The node the pod waits for.", 1),
                new("Readiness Gates", "string", "The readiness gates that hold.", 1),
            ],
            PodRow.Of),
    };
}

/// <summary>What may change in a pod's spec once it exists.</summary>
internal static class PodChanges
{
    private const string MayChange =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    private static readonly string[] _free =
        ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"];

    // nodeName may go from nothing to a node: that is what binding does.
    public static IEnumerable<Cause> Judge(JsonObject changed, JsonObject old)
    {
        var node = Cell.Text(old["spec"]?["nodeName"]);
        var isMoved = node.Length > 0 && node != Cell.Text(changed["spec"]?["nodeName"]);
        if (isMoved || !JsonNode.DeepEquals(Fixed(old["spec"]), Fixed(changed["spec"])))
            yield return Causes.Forbidden("spec", MayChange);
    }

    private static JsonNode? Fixed(JsonNode? spec)
    {
        var copy = spec?.DeepClone();
        if (copy is not JsonObject fields)
            return copy;
        foreach (var free in _free)
            fields.Remove(free);
        foreach (var container in Cell.Objects(fields["containers"]).Concat(Cell.Objects(fields["initContainers"])))
            container.Remove("image");
        return fields;
    }
}

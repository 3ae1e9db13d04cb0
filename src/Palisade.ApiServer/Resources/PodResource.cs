using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

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
        Validate = PodRules.Judge,
        Warn = request => request.Old is null && options.PodWarning?.Invoke(request.New) is { } text ? [text] : [],
        UnservedSubresources = ["attach", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize"],
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

/// <summary>The part of pod validation that a pod needs to be run and enforced here; not the whole of kube-apiserver's.</summary>
internal static class PodRules
{
    private const string MayChange =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public static IEnumerable<Cause> Judge(ValidationRequest request) =>
        Containers(request.New["spec"]).Concat(Changes(request));

    private static IEnumerable<Cause> Containers(JsonNode? spec)
    {
        var containers = Cell.Objects(spec?["containers"]).ToList();
        if (containers.Count == 0)
            yield return Cause.Required("spec.containers");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < containers.Count; i++)
        {
            var path = $"spec.containers[{i}]";
            var name = Cell.Text(containers[i]["name"]);
            if (name.Length == 0)
                yield return Cause.Required($"{path}.name");
            else if (!names.Add(name))
                yield return new Cause("FieldValueDuplicate", $"Duplicate value: \"{name}\"", $"{path}.name");
            if (Cell.Text(containers[i]["image"]).Length == 0)
                yield return Cause.Required($"{path}.image");
            foreach (var cause in Ports(containers[i], path))
                yield return cause;
        }
    }

    private static IEnumerable<Cause> Ports(JsonObject container, string path)
    {
        var index = 0;
        foreach (var port in Cell.Objects(container["ports"]))
        {
            var at = $"{path}.ports[{index++}]";
            var number = Cell.Number(port["containerPort"]);
            if (number == 0)
                yield return Cause.Required($"{at}.containerPort");
            else if (number is < 1 or > 65535)
                yield return Cause.Invalid($"{at}.containerPort", $"{number}", "must be between 1 and 65535, inclusive");
            var protocol = Cell.Text(port["protocol"]);
            if (protocol is not ("TCP" or "UDP" or "SCTP"))
                yield return Cause.NotSupported($"{at}.protocol", $"\"{protocol}\"", "SCTP", "TCP", "UDP");
        }
    }

    // nodeName may go from nothing to a node: that is what binding does.
    private static IEnumerable<Cause> Changes(ValidationRequest request)
    {
        if (request.Old is null)
            yield break;
        var before = Fixed(request.Old["spec"]);
        var after = Fixed(request.New["spec"]);
        if (!JsonNode.DeepEquals(before, after))
            yield return Cause.Forbidden("spec", MayChange);
    }

    private static JsonNode? Fixed(JsonNode? spec)
    {
        var copy = spec?.DeepClone();
        if (copy is not JsonObject fields)
            return copy;
        foreach (var free in new[] { "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName" })
            fields.Remove(free);
        foreach (var container in Cell.Objects(fields["containers"]).Concat(Cell.Objects(fields["initContainers"])))
            container.Remove("image");
        return fields;
    }
}

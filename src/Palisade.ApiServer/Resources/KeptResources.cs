using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>
/// Kinds that charts and kubectl name, that are stored as they are and that nothing here acts on: quotas, claims,
/// classes, autoscalers.
/// </summary>
internal static class KeptResources
{
    public static ImmutableArray<Resource> Register() =>
    [
        new()
        {
            Kind = ApiKinds.Find("v1", "ResourceQuota")!,
            PrepareCreate = tree => tree["status"] = new JsonObject(),
            Table = Layout(
                ("Request", tree => Amounts(tree, "requests.", "pods", "services", "secrets", "configmaps")),
                ("Limit", tree => Amounts(tree, "limits."))),
        },
        new()
        {
            Kind = ApiKinds.Find("v1", "LimitRange")!,
            CreatesOnUpdate = true,
            Table = new TableLayout(
                [TableColumn.ObjectName, new("Created At", "date", "When it was made.")],
                (tree, _) => new TableRow([Cell.Name(tree), Cell.Text(tree["metadata"]?["creationTimestamp"])])),
        },
        new()
        {
            Kind = ApiKinds.Find("v1", "PersistentVolumeClaim")!,
            PrepareCreate = tree => tree["status"] = new JsonObject { ["phase"] = "Pending" },
            Table = Layout(
                ("Status", tree => Cell.Text(tree["status"]?["phase"])),
                ("Volume", tree => Cell.Text(tree["spec"]?["volumeName"])),
                ("Capacity", tree => Cell.Scalar(tree["status"]?["capacity"]?["storage"])),
                ("Access Modes", tree => AccessModes(tree["status"]?["accessModes"])),
                ("StorageClass", tree => Cell.Text(tree["spec"]?["storageClassName"]))),
        },
        new()
        {
            Kind = ApiKinds.Find("v1", "PersistentVolume")!,
            PrepareCreate = tree => tree["status"] = new JsonObject { ["phase"] = "Pending" },
            Table = Layout(
                ("Capacity", tree => Cell.Scalar(tree["spec"]?["capacity"]?["storage"])),
                ("Access Modes", tree => AccessModes(tree["spec"]?["accessModes"])),
                ("Reclaim Policy", tree => Cell.Text(tree["spec"]?["persistentVolumeReclaimPolicy"])),
                ("Status", tree => Cell.Text(tree["status"]?["phase"])),
                ("StorageClass", tree => Cell.Text(tree["spec"]?["storageClassName"]))),
        },
        new()
        {
            Kind = ApiKinds.Find("storage.k8s.io/v1", "StorageClass")!,
            Default = tree =>
            {
                tree["reclaimPolicy"] ??= "Delete";
                tree["volumeBindingMode"] ??= "Immediate";
            },
            Table = Layout(
                ("Provisioner", tree => Cell.Text(tree["provisioner"])),
                ("ReclaimPolicy", tree => Cell.Text(tree["reclaimPolicy"])),
                ("VolumeBindingMode", tree => Cell.Text(tree["volumeBindingMode"])),
                ("AllowVolumeExpansion", tree => Cell.Flag(tree["allowVolumeExpansion"]) ? "true" : "false")),
        },
        new()
        {
            Kind = ApiKinds.Find("scheduling.k8s.io/v1", "PriorityClass")!,
            CreatesOnUpdate = true,
            Default = tree => tree["preemptionPolicy"] ??= "PreemptLowerPriority",
            Table = Layout(
                ("Value", tree => $"{Cell.Number(tree["value"])}"),
                ("Global-Default", tree => Cell.Flag(tree["globalDefault"]) ? "true" : "false")),
        },
        new()
        {
            Kind = ApiKinds.Find("autoscaling/v2", "HorizontalPodAutoscaler")!,
            Categories = ["all"],
            Default = tree => (tree["spec"] as JsonObject)?.TryAdd("minReplicas", 1),
            PrepareCreate = tree => tree["status"] = new JsonObject
            {
                ["desiredReplicas"] = 0,
                ["currentMetrics"] = null,
            },
            Table = Layout(
                ("Reference", Target),
                ("Targets", tree => Cell.Objects(tree["spec"]?["metrics"]).Any() ? "<unknown>" : Cell.None),
                ("MinPods", tree => Cell.Scalar(tree["spec"]?["minReplicas"])),
                ("MaxPods", tree => Cell.Scalar(tree["spec"]?["maxReplicas"])),
                ("Replicas", tree => $"{WorkloadCells.Status(tree, "currentReplicas")}")),
        },
    ];

    private static TableLayout Layout(params (string Name, Func<JsonObject, string> Of)[] columns) => new(
        [
            TableColumn.ObjectName,
            .. columns.Select(column => new TableColumn(column.Name, "string", column.Name + ".")),
            TableColumn.Age,
        ],
        (tree, now) => new TableRow(
            [Cell.Name(tree), .. columns.Select(column => (JsonNode?)column.Of(tree)), Cell.Age(tree, now)]));

    private static string Amounts(JsonObject quota, params string[] prefixes)
    {
        var hard = quota["status"]?["hard"] ?? quota["spec"]?["hard"];
        return hard is not JsonObject amounts
            ? ""
            : string.Join(", ", amounts.OrderBy(amount => amount.Key, StringComparer.Ordinal)
                .Where(amount => prefixes.Any(prefix => amount.Key.StartsWith(prefix, StringComparison.Ordinal)))
                .Select(amount => $"{amount.Key}: {Used(quota, amount.Key)}/{Cell.Scalar(amount.Value)}"));
    }

    private static string Used(JsonObject quota, string name) =>
        quota["status"]?["used"]?[name] is { } used ? Cell.Scalar(used) : "0";

    private static string AccessModes(JsonNode? modes) => string.Join(",", Cell.Texts(modes).Select(mode => mode switch
    {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        _ => "RWOP",
    }));

    private static string Target(JsonObject autoscaler)
    {
        var target = autoscaler["spec"]?["scaleTargetRef"];
        return $"{Cell.Text(target?["kind"])}/{Cell.Text(target?["name"])}";
    }
}

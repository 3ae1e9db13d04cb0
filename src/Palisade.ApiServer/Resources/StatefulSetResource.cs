using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using static Palisade.ApiServer.Tables.WorkloadCells;

namespace Palisade.ApiServer.Resources;

/// <summary>apps/v1 StatefulSet; Controllers/Workloads/StatefulSetPass keeps its pods, in order.</summary>
internal static class StatefulSetResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("apps/v1", "StatefulSet")!,
        Categories = ["all"],
        CountsGenerations = true,
        HasScale = true,
        PrepareCreate = tree => tree["status"] = new JsonObject { ["replicas"] = 0, ["availableReplicas"] = 0 },
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Ready", "string", "Number of the pod with ready state"),
                TableColumn.Age,
                Containers,
                Images,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    $"{Status(tree, "readyReplicas")}/{Cell.Number(tree["spec"]?["replicas"])}",
                    Cell.Age(tree, now),
                    .. Of(tree["spec"]?["template"]?["spec"]),
                ])),
    };
}

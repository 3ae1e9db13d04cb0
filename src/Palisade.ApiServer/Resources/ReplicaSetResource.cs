using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using static Palisade.ApiServer.Tables.WorkloadCells;

namespace Palisade.ApiServer.Resources;

/// <summary>apps/v1 ReplicaSet; Controllers/Workloads/ReplicaSetPass keeps its pods.</summary>
internal static class ReplicaSetResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("apps/v1", "ReplicaSet")!,
        Categories = ["all"],
        CountsGenerations = true,
        HasScale = true,
        SelectableFields = [new("status.replicas")],
        PrepareCreate = tree => tree["status"] = new JsonObject { ["replicas"] = 0 },
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                Count("Desired", "How many pods there should be."),
                Count("Current", "How many pods there are."),
                Count("Ready", "How many of them are ready."),
                TableColumn.Age,
                Containers,
                Images,
                Selector,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    Cell.Number(tree["spec"]?["replicas"]),
                    Status(tree, "replicas"),
                    Status(tree, "readyReplicas"),
                    Cell.Age(tree, now),
                    .. WithSelector(tree["spec"]),
                ])),
    };
}

using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using static Palisade.ApiServer.Tables.WorkloadCells;

namespace Palisade.ApiServer.Resources;

/// <summary>apps/v1 Deployment; Controllers/Workloads/DeploymentPass rolls it out.</summary>
internal static class DeploymentResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("apps/v1", "Deployment")!,
        Categories = ["all"],
        CountsGenerations = true,
        HasScale = true,
        PrepareCreate = tree => tree["status"] = new JsonObject(),
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Ready", "string", "Number of the pod with ready state"),
                Count("Up-to-date", "Pods of the newest template."),
                Count("Available", "Pods that have been ready for long enough."),
                TableColumn.Age,
                Containers,
                Images,
                Selector,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    $"{Status(tree, "readyReplicas")}/{Cell.Number(tree["spec"]?["replicas"])}",
                    Status(tree, "updatedReplicas"),
                    Status(tree, "availableReplicas"),
                    Cell.Age(tree, now),
                    .. WithSelector(tree["spec"]),
                ])),
    };
}

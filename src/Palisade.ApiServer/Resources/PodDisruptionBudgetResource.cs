using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>policy/v1 PodDisruptionBudget: Objects/Disruption goes by it.</summary>
internal static class PodDisruptionBudgetResource
{
    private const string NotApplicable = "N/A";

    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("policy/v1", "PodDisruptionBudget")!,
        NeedsVersion = true,
        CountsGenerations = true,
        PrepareCreate = tree => tree["status"] = new JsonObject
        {
            ["disruptionsAllowed"] = 0,
            ["currentHealthy"] = 0,
            ["desiredHealthy"] = 0,
            ["expectedPods"] = 0,
        },
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Min Available", "string", "How many pods must stay available."),
                new("Max Unavailable", "string", "How many pods may be unavailable."),
                WorkloadCells.Count("Allowed Disruptions", "How many pods may be evicted now."),
                TableColumn.Age,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    Share(tree["spec"]?["minAvailable"]),
                    Share(tree["spec"]?["maxUnavailable"]),
                    WorkloadCells.Status(tree, "disruptionsAllowed"),
                    Cell.Age(tree, now),
                ])),
    };

    private static string Share(JsonNode? share) => share is null ? NotApplicable : Cell.Scalar(share);
}

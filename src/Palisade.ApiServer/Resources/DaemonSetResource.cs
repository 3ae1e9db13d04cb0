using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using static Palisade.ApiServer.Tables.WorkloadCells;

namespace Palisade.ApiServer.Resources;

/// <summary>apps/v1 DaemonSet; Controllers/Workloads/DaemonSetPass keeps a pod on each node.</summary>
internal static class DaemonSetResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("apps/v1", "DaemonSet")!,
        Categories = ["all"],
        CountsGenerations = true,
        PrepareCreate = tree => tree["status"] = new JsonObject
        {
            ["currentNumberScheduled"] = 0,
            ["numberMisscheduled"] = 0,
            ["desiredNumberScheduled"] = 0,
            ["numberReady"] = 0,
        },
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                Count("Desired", "How many nodes should run its pod."),
                Count("Current", "How many nodes run its pod."),
                Count("Ready", "How many of the pods are ready."),
                Count("Up-to-date", "Pods of the newest template."),
                Count("Available", "Pods that have been ready for long enough."),
                new("Node Selector", "string", "The labels of the nodes that run its pod."),
                TableColumn.Age,
                Containers,
                Images,
                Selector,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    Status(tree, "desiredNumberScheduled"),
                    Status(tree, "currentNumberScheduled"),
                    Status(tree, "numberReady"),
                    Status(tree, "updatedNumberScheduled"),
                    Status(tree, "numberAvailable"),
                    SelectorText.OfMap(tree["spec"]?["template"]?["spec"]?["nodeSelector"]),
                    Cell.Age(tree, now),
                    .. WithSelector(tree["spec"]),
                ])),
    };
}

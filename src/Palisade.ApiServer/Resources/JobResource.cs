using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using static Palisade.ApiServer.Tables.WorkloadCells;

namespace Palisade.ApiServer.Resources;

/// <summary>batch/v1 Job; Controllers/Workloads/JobPass runs it.</summary>
internal static class JobResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("batch/v1", "Job")!,
        Categories = ["all"],
        CountsGenerations = true,
        SelectableFields = [new("status.successful", "0")],
        PrepareCreate = tree => tree["status"] = new JsonObject(),
        Default = SelectByUid,
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Status", "string", "Status of the job."),
                new("Completions", "string", "How many pods have succeeded, of how many."),
                new("Duration", "string", "Time required to complete the job."),
                TableColumn.Age,
                Containers,
                Images,
                Selector,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    State(tree),
                    Completions(tree),
                    Duration(tree, now),
                    Cell.Age(tree, now),
                    .. WithSelector(tree["spec"]),
                ])),
    };

    /// <summary>
    /// The selector and labels that tell a Job's pods from all others' (pkg/registry/batch/job, generateSelector).
    /// </summary>
    private static void SelectByUid(JsonObject job)
    {
        if (job["spec"] is not JsonObject spec || Cell.Flag(spec["manualSelector"]) || spec["selector"] is not null
            || spec["template"] is not JsonObject template)
            return;
        var uid = Cell.Text(job["metadata"]?["uid"]);
        if (template["metadata"] is not JsonObject meta)
            template.Insert(0, "metadata", meta = []);
        if (meta["labels"] is not JsonObject labels)
            meta["labels"] = labels = [];
        foreach (var prefix in (string[])["batch.kubernetes.io/", ""])
        {
            labels[prefix + "controller-uid"] = uid;
            labels[prefix + "job-name"] = Cell.Name(job);
        }

        spec["selector"] = new JsonObject
        {
            ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = uid },
        };
    }

    private static string State(JsonObject job)
    {
        bool Is(string type) => Cell.Holds(job["status"], type);
        if (Is("Complete"))
            return "Complete";
        if (Is("Failed"))
            return "Failed";
        if (job["metadata"]?["deletionTimestamp"] is not null)
            return "Terminating";
        return Is("Suspended") ? "Suspended" : Is("FailureTarget") ? "FailureTarget" : "Running";
    }

    private static string Completions(JsonObject job)
    {
        var (spec, done) = (job["spec"], Status(job, "succeeded"));
        if (spec?["completions"] is { } completions)
            return $"{done}/{Cell.Number(completions)}";
        return Cell.Number(spec?["parallelism"]) is > 1 and var many ? $"{done}/1 of {many}" : $"{done}/1";
    }

    private static string Duration(JsonObject job, DateTimeOffset now) =>
        Cell.Time(job["status"]?["startTime"]) is not { } start
            ? ""
            : HumanDuration.Of((Cell.Time(job["status"]?["completionTime"]) ?? now) - start);
}

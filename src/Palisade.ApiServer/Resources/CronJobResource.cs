using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using static Palisade.ApiServer.Tables.WorkloadCells;

namespace Palisade.ApiServer.Resources;

/// <summary>batch/v1 CronJob. It is kept, and `kubectl create job --from` works; no clock starts its Jobs.</summary>
internal static class CronJobResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("batch/v1", "CronJob")!,
        Categories = ["all"],
        CountsGenerations = true,
        PrepareCreate = tree => tree["status"] = new JsonObject(),
        WarnCreator = _ =>
            "CronJobs are kept but not run here: start one with `kubectl create job --from=cronjob/NAME`",
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Schedule", "string", "The schedule in Cron format."),
                new("Timezone", "string", "The time zone of the schedule."),
                new("Suspend", "boolean", "Whether no further Jobs are started."),
                Count("Active", "Jobs that run."),
                new("Last Schedule", "string", "When a Job was started last."),
                TableColumn.Age,
                Containers,
                Images,
                Selector,
            ],
            Row),
    };

    private static TableRow Row(JsonObject tree, DateTimeOffset now)
    {
        var (spec, status) = (tree["spec"], tree["status"]);
        var job = spec?["jobTemplate"]?["spec"];
        return new TableRow(
        [
            Cell.Name(tree),
            Cell.Text(spec?["schedule"]),
            Cell.OrNone(Cell.Text(spec?["timeZone"])),
            Cell.Flag(spec?["suspend"]) ? "True" : "False",
            Cell.Objects(status?["active"]).Count(),
            status?["lastScheduleTime"] is { } last ? Cell.Since(last, now) : Cell.None,
            Cell.Age(tree, now),
            .. WithSelector(job),
        ]);
    }
}

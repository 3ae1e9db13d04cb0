using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// Runs pods of each Job until as many have succeeded as it asks for, or more have failed than it bears. Its pods are
/// kept, so that their logs can be read.
/// </summary>
internal sealed class JobPass(ClusterView view)
{
    private const string Resource = "jobs.batch";

    public void Run()
    {
        foreach (var job in view.Of(Resource).Where(job => !job.IsDeleting))
        {
            if (EndOf(job) is { } ended)
                Forget(job, ended);
            else
                Work(job);
        }
    }

    private static DateTimeOffset? EndOf(Workload job)
    {
        var end = Cell.Conditions(job.Status, "Complete").Concat(Cell.Conditions(job.Status, "Failed"))
            .FirstOrDefault();
        return end is null ? null : Cell.Time(end["lastTransitionTime"]) ?? DateTimeOffset.MinValue;
    }

    private void Forget(Workload job, DateTimeOffset ended)
    {
        if (job.Spec["ttlSecondsAfterFinished"] is not { } seconds)
            return;
        var at = ended.AddSeconds(Cell.Number(seconds));
        if (at <= view.Now)
            view.Delete(Resource, job);
        else
            view.LookAgain(at);
    }

    private void Work(Workload job)
    {
        var spec = job.Spec;
        var tally = new Tally(view.PodsOf(job));
        // Without completions the first success ends it, once all have ended.
        var wanted = spec["completions"] is { } completions ? Cell.Number(completions) : (long?)null;
        var isDone = wanted is { } count
            ? tally.Succeeded >= count
            : tally.Succeeded > 0 && tally.Active.Count == 0;
        var started = Cell.Time(job.Status["startTime"]) ?? view.Now;
        var deadline = spec["activeDeadlineSeconds"] is { } seconds
            ? started.AddSeconds(Cell.Number(seconds))
            : (DateTimeOffset?)null;
        view.LookAgain(deadline);
        if (isDone)
            End(job, tally, "Complete", "CompletionsReached", "Reached expected number of succeeded pods");
        else if (tally.Failed > Cell.Number(spec["backoffLimit"], 6))
            End(job, tally, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        else if (deadline <= view.Now)
            End(job, tally, "Failed", "DeadlineExceeded", "Job was active longer than specified deadline");
        else
            Continue(job, tally, wanted);
    }

    private void Continue(Workload job, Tally tally, long? wanted)
    {
        var isSuspended = Cell.Flag(job.Spec["suspend"]);
        var most = Cell.Number(job.Spec["parallelism"], 1);
        // A success without completions to reach means that no more are begun.
        var open = wanted is { } count ? count - tally.Succeeded : tally.Succeeded > 0 ? tally.Active.Count : most;
        var missing = isSuspended ? -tally.Active.Count : Math.Min(most, open) - tally.Active.Count;
        for (var i = 0; i < missing; i++)
        {
            if (!view.Create(PodPlan.Pod(job, job.Template)))
                break;
        }

        foreach (var pod in tally.Active.Take((int)Math.Max(0, -missing)))
            view.Delete(ClusterView.Pods, pod);
        var status = StatusOf(job, new Tally(view.PodsOf(job)));
        if (isSuspended)
            status["conditions"] = new JsonArray(Condition(job, "Suspended", "JobSuspended", "Job suspended"));
        else
            status["startTime"] = job.Status["startTime"]?.DeepClone() ?? view.NowText;
        view.WriteStatus(Resource, job, status);
    }

    private void End(Workload job, Tally tally, string type, string reason, string message)
    {
        foreach (var pod in tally.Active)
            view.Delete(ClusterView.Pods, pod);
        var status = StatusOf(job, tally with { Active = [] });
        var isComplete = type == "Complete";
        status["conditions"] = new JsonArray(
            Condition(job, isComplete ? "SuccessCriteriaMet" : "FailureTarget", reason, message),
            Condition(job, type, reason, message));
        status["startTime"] = job.Status["startTime"]?.DeepClone() ?? view.NowText;
        if (isComplete)
            status["completionTime"] = view.NowText;
        view.WriteStatus(Resource, job, status);
    }

    private static JsonObject StatusOf(Workload job, Tally tally)
    {
        var status = new JsonObject();
        foreach (var (name, count) in ((string, int)[])
            [("active", tally.Active.Count), ("succeeded", tally.Succeeded), ("failed", tally.Failed)])
        {
            if (count > 0)
                status[name] = count;
        }

        status["ready"] = tally.Active.Count(pod => pod.IsReady);
        status["terminating"] = 0;
        status["uncountedTerminatedPods"] = new JsonObject();
        return status;
    }

    private JsonObject Condition(Workload job, string type, string reason, string message)
    {
        var old = Cell.Conditions(job.Status, type).FirstOrDefault();
        var since = old?["lastTransitionTime"]?.DeepClone() ?? view.NowText;
        return new JsonObject
        {
            ["type"] = type,
            ["status"] = "True",
            ["lastProbeTime"] = since.DeepClone(),
            ["lastTransitionTime"] = since,
            ["reason"] = reason,
            ["message"] = message,
        };
    }

    private sealed record Tally(List<WorkerPod> Active, int Succeeded, int Failed)
    {
        public Tally(List<WorkerPod> pods)
            : this(
                [.. pods.Where(pod => pod.IsActive)],
                pods.Count(pod => pod.Phase == "Succeeded"),
                pods.Count(pod => pod.Phase == "Failed"))
        {
        }
    }
}

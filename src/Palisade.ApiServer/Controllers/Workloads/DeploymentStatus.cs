using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// The status of a Deployment, in the controller's own reasons and texts: `kubectl rollout status` and `wait` read
/// them.
/// </summary>
internal static class DeploymentStatus
{
    public static void Write(ClusterView view, Workload deployment, Workload? newest, List<Workload> sets)
    {
        long Sum(string field) => sets.Sum(set => WorkloadCells.Status(set.Tree, field));
        var (replicas, available) = (Sum("replicas"), Sum("availableReplicas"));
        var status = new JsonObject { ["observedGeneration"] = deployment.Generation };
        void Count(string name, long count)
        {
            if (count > 0)
                status[name] = count;
        }

        Count("replicas", replicas);
        Count("updatedReplicas", newest is null ? 0 : WorkloadCells.Status(newest.Tree, "replicas"));
        Count("readyReplicas", Sum("readyReplicas"));
        Count("availableReplicas", available);
        Count("unavailableReplicas", Math.Max(0, sets.Sum(set => set.Replicas) - available));
        if (deployment.Status["collisionCount"] is { } collisions)
            status["collisionCount"] = collisions.DeepClone();
        status["conditions"] = new JsonArray(
            Available(view, deployment, available), Progress(view, deployment, newest, status));
        view.WriteStatus(DeploymentPass.Resource, deployment, status);
    }

    private static JsonObject Available(ClusterView view, Workload deployment, long available)
    {
        var (_, unavailable) = DeploymentPass.Bounds(deployment);
        return available >= deployment.Replicas - unavailable
            ? Condition(
                view, deployment, "Available", "True", "MinimumReplicasAvailable",
                "Deployment has minimum availability.")
            : Condition(
                view, deployment, "Available", "False", "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.");
    }

    private static JsonObject Progress(ClusterView view, Workload deployment, Workload? newest, JsonObject status)
    {
        const string type = "Progressing";
        var old = Cell.Conditions(deployment.Status, type).FirstOrDefault();
        var set = newest is null ? "" : $"ReplicaSet \"{newest.Name}\"";
        JsonObject Say(string value, string reason, string message, bool isNews = false) =>
            Condition(view, deployment, type, value, reason, message, isNews);
        if (Cell.Flag(deployment.Spec["paused"]))
            return Say("Unknown", "DeploymentPaused", "Deployment is paused");
        if (newest is null)
            return old?.DeepClone().AsObject() ?? Say("True", "NewReplicaSetCreated", "");
        if (IsComplete(deployment, status))
            return Say("True", "NewReplicaSetAvailable", $"{set} has successfully progressed.");
        if (old is null || !Cell.Text(old["message"]).Contains($"\"{newest.Name}\"", StringComparison.Ordinal))
            return Say("True", "NewReplicaSetCreated", $"Created new replica set \"{newest.Name}\"");
        if (HasMoved(deployment.Status, status))
            return Say("True", "ReplicaSetUpdated", $"{set} is progressing.", isNews: true);
        var reason = Cell.Text(old["reason"]);
        var deadline = Cell.Time(old["lastUpdateTime"])?.AddSeconds(
            Cell.Number(deployment.Spec["progressDeadlineSeconds"], 600));
        if (reason is not ("NewReplicaSetAvailable" or "ProgressDeadlineExceeded"))
        {
            if (deadline <= view.Now)
                return Say("False", "ProgressDeadlineExceeded", $"{set} has timed out progressing.");
            view.LookAgain(deadline);
        }

        return old.DeepClone().AsObject();
    }

    private static bool IsComplete(Workload deployment, JsonObject status) =>
        ((string[])["replicas", "updatedReplicas", "availableReplicas"])
            .All(field => Cell.Number(status[field]) == deployment.Replicas);

    private static bool HasMoved(JsonObject old, JsonObject status)
    {
        long More(string field) => Cell.Number(status[field]) - Cell.Number(old[field]);
        var older = (JsonObject of) => Cell.Number(of["replicas"]) - Cell.Number(of["updatedReplicas"]);
        return More("updatedReplicas") > 0 || More("readyReplicas") > 0 || More("availableReplicas") > 0
            || older(status) < older(old);
    }

    private static JsonObject Condition(
        ClusterView view,
        Workload deployment,
        string type,
        string value,
        string reason,
        string message,
        bool isNews = false)
    {
        var old = Cell.Conditions(deployment.Status, type).FirstOrDefault();
        var isSame = Cell.Text(old?["status"]) == value;
        var isOld = isSame && !isNews && Cell.Text(old?["reason"]) == reason && Cell.Text(old?["message"]) == message;
        return new JsonObject
        {
            ["type"] = type,
            ["status"] = value,
            ["lastUpdateTime"] = isOld ? old!["lastUpdateTime"]?.DeepClone() : view.NowText,
            ["lastTransitionTime"] = isSame ? old!["lastTransitionTime"]?.DeepClone() : view.NowText,
            ["reason"] = reason,
            ["message"] = message,
        };
    }
}

using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// One step of the replicas from the old ReplicaSets of a Deployment to its newest (pkg/controller/deployment,
/// rolling.go and recreate.go).
/// </summary>
internal sealed class Rollout(
    ClusterView view, Workload deployment, Workload? newest, List<Workload> old, Action<Workload, long> scaleTo)
{
    public void Move(bool isPaused)
    {
        if (isPaused || newest is null)
            FollowScale();
        else if (Cell.Text(deployment.Spec["strategy"]?["type"]) == "Recreate")
            Recreate(newest);
        else
            Roll(newest);
    }

    /// <summary>While nothing is rolled out, what is asked for more or less goes to the newest that has any.</summary>
    private void FollowScale()
    {
        var sets = newest is null ? old : [.. old, newest];
        var difference = deployment.Replicas - sets.Sum(set => set.Replicas);
        var target = sets.LastOrDefault(set => set.Replicas > 0) ?? sets.LastOrDefault();
        if (target is not null && difference != 0)
            scaleTo(target, Math.Max(0, target.Replicas + difference));
    }

    private void Recreate(Workload target)
    {
        var standing = old.Where(set => set.Replicas > 0).ToList();
        foreach (var set in standing)
            scaleTo(set, 0);
        if (standing.Count == 0 && old.All(set => view.PodsOf(set).All(pod => pod.IsFinished)))
            Scale(target, deployment.Replicas);
    }

    private void Roll(Workload target)
    {
        var (surge, unavailable) = DeploymentPass.Bounds(deployment);
        var all = target.Replicas + old.Sum(set => set.Replicas);
        var wanted = deployment.Replicas;
        var next = target.Replicas >= wanted
            ? wanted
            : Math.Min(wanted, target.Replicas + Math.Max(0, wanted + surge - all));
        // One at a time: what goes is counted by what is there then.
        if (!Scale(target, next))
            Shrink(target, all, wanted - unavailable);
    }

    private void Shrink(Workload target, long all, long least)
    {
        // Those of the newest that are not up yet are no reason for others to go.
        var free = all - least - Math.Max(0, target.Replicas - Available(target));
        if (free <= 0)
            return;
        var spare = old.Sum(Available) + Available(target) - least;
        foreach (var set in old)
        {
            var broken = Math.Clamp(set.Replicas - Available(set), 0, free);
            var working = Math.Clamp(set.Replicas - broken, 0, Math.Max(0, spare));
            free -= broken;
            spare -= working;
            Scale(set, set.Replicas - broken - working);
        }
    }

    private bool Scale(Workload set, long replicas)
    {
        if (set.Replicas == replicas)
            return false;
        scaleTo(set, replicas);
        return true;
    }

    private static long Available(Workload set) => WorkloadCells.Status(set.Tree, "availableReplicas");
}

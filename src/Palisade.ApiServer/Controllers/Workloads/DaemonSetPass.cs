using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// Keeps one pod of each DaemonSet on every node that its template's node selector names. Taints and affinity are not
/// looked at.
/// </summary>
internal sealed class DaemonSetPass(ClusterView view, Revisions revisions)
{
    public const string Nodes = "nodes";
    private const string Resource = "daemonsets.apps";

    public void Run()
    {
        foreach (var set in view.Of(Resource).Where(set => !set.IsDeleting))
        {
            view.Adopt(ClusterView.Pods, set);
            if (revisions.Current(set) is not { } revision)
                continue;
            var hash = revision.Stored.Labels[Revisions.HashLabel];
            var nodes = view.Of(Nodes).Where(node => TakesPodsOf(set, node)).Select(node => node.Name)
                .ToHashSet(StringComparer.Ordinal);
            KeepPods(set, nodes, hash);
            Update(set, nodes.Count, hash);
            WriteStatus(set, nodes, hash);
        }
    }

    private static bool TakesPodsOf(Workload set, Workload node)
    {
        var spec = set.Template["spec"];
        var selector = spec?["nodeSelector"] as JsonObject ?? [];
        return (Cell.Text(spec?["nodeName"]) is not { Length: > 0 } name || name == node.Name)
            && selector.All(label => node.Stored.Labels.GetValueOrDefault(label.Key) == Cell.Text(label.Value));
    }

    private void KeepPods(Workload set, HashSet<string> nodes, string hash)
    {
        var served = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pod in view.PodsOf(set).Where(pod => !pod.IsDeleting))
        {
            if (pod.IsFinished || !nodes.Contains(pod.Node) || !served.Add(pod.Node))
                view.Delete(ClusterView.Pods, pod);
        }

        foreach (var node in nodes.Except(served).Order(StringComparer.Ordinal))
        {
            var pod = PodPlan.Pod(set, set.Template);
            PodPlan.Label(pod["metadata"]!.AsObject(), Revisions.HashLabel, hash);
            pod["spec"]!["nodeName"] = node;
            view.Create(pod);
        }
    }

    /// <summary>Removes pods of older templates, as many as may be missing; KeepPods makes them anew.</summary>
    private void Update(Workload set, int wanted, string hash)
    {
        var strategy = set.Spec["updateStrategy"];
        if (Cell.Text(strategy?["type"]) == "OnDelete")
            return;
        var pods = view.PodsOf(set).Where(pod => !pod.IsDeleting).ToList();
        var most = Math.Max(1, PodPlan.Share(strategy?["rollingUpdate"]?["maxUnavailable"], wanted, up: true));
        bool IsAvailable(WorkerPod pod) => view.IsAvailable(set, pod);
        var free = most - (wanted - pods.Count(IsAvailable));
        foreach (var pod in pods.Where(pod => pod.Label(Revisions.HashLabel) != hash).OrderBy(IsAvailable))
        {
            if (IsAvailable(pod) && free-- <= 0)
                return;
            view.Delete(ClusterView.Pods, pod);
        }
    }

    private void WriteStatus(Workload set, HashSet<string> nodes, string hash)
    {
        var pods = view.PodsOf(set).Where(pod => pod.IsActive && nodes.Contains(pod.Node)).ToList();
        var available = view.CountAvailable(set, pods);
        var status = new JsonObject
        {
            ["currentNumberScheduled"] = pods.Count,
            ["numberMisscheduled"] = 0,
            ["desiredNumberScheduled"] = nodes.Count,
            ["numberReady"] = pods.Count(pod => pod.IsReady),
            ["observedGeneration"] = set.Generation,
            ["updatedNumberScheduled"] = pods.Count(pod => pod.Label(Revisions.HashLabel) == hash),
            ["numberAvailable"] = available,
        };
        if (nodes.Count > available)
            status["numberUnavailable"] = nodes.Count - available;
        view.WriteStatus(Resource, set, status);
    }
}

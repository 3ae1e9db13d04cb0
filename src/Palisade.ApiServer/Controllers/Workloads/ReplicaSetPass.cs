using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>Keeps as many pods as each ReplicaSet asks for.</summary>
internal sealed class ReplicaSetPass(ClusterView view)
{
    public const string Resource = "replicasets.apps";

    // One pass does not make a storm: the rest comes with the next, which the pods made bring about.
    private const int MostAtOnce = 100;

    public void Run()
    {
        foreach (var set in view.Of(Resource).Where(set => !set.IsDeleting))
        {
            view.Adopt(ClusterView.Pods, set);
            Scale(set);
            WriteStatus(set);
        }
    }

    private void Scale(Workload set)
    {
        var pods = view.PodsOf(set).Where(pod => pod.IsActive).ToList();
        var missing = Math.Min(set.Replicas - pods.Count, MostAtOnce);
        for (var i = 0; i < missing; i++)
        {
            if (!view.Create(PodPlan.Pod(set, set.Template)))
                return;
        }

        foreach (var pod in pods.OrderBy(Worth).ThenByDescending(pod => pod.Created, StringComparer.Ordinal)
            .Take((int)Math.Max(0, -missing)))
            view.Delete(ClusterView.Pods, pod);
    }

    /// <summary>What is missed least goes first: not on a node, not running, not ready (ActivePodsWithRanks).</summary>
    private static int Worth(WorkerPod pod) =>
        (pod.Node.Length > 0 ? 4 : 0) + (pod.Phase == "Running" ? 2 : 0) + (pod.IsReady ? 1 : 0);

    private void WriteStatus(Workload set)
    {
        var pods = view.PodsOf(set).Where(pod => pod.IsActive).ToList();
        var status = new JsonObject { ["replicas"] = pods.Count };
        var wanted = set.Template["metadata"]?["labels"] as JsonObject ?? [];
        void Count(string name, int count)
        {
            if (count > 0)
                status[name] = count;
        }

        Count(
            "fullyLabeledReplicas",
            pods.Count(pod => wanted.All(label => pod.Label(label.Key) == Cell.Text(label.Value))));
        Count("readyReplicas", pods.Count(pod => pod.IsReady));
        Count("availableReplicas", view.CountAvailable(set, pods));
        status["observedGeneration"] = set.Generation;
        view.WriteStatus(Resource, set, status);
    }
}

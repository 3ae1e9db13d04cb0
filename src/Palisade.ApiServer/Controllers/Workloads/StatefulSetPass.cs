using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// Keeps the pods NAME-0, NAME-1 … of each StatefulSet, one after the other unless it says Parallel; a new template
/// goes from the last to the first, down to the partition.
/// </summary>
internal sealed class StatefulSetPass(ClusterView view, Revisions revisions)
{
    private const string Resource = "statefulsets.apps";

    public void Run()
    {
        foreach (var set in view.Of(Resource).Where(set => !set.IsDeleting))
        {
            view.Adopt(ClusterView.Pods, set);
            if (revisions.Current(set) is not { } update)
                continue;
            var current = Cell.Text(set.Status["currentRevision"]) is { Length: > 0 } name ? name : update.Name;
            if (KeepPods(set, update.Name, current))
                Update(set, update.Name);
            WriteStatus(set, update.Name, current);
        }
    }

    private static long First(Workload set) => Cell.Number(set.Spec["ordinals"]?["start"]);

    private static long Partition(Workload set) =>
        Cell.Text(set.Spec["updateStrategy"]?["type"]) == "OnDelete"
            ? long.MaxValue
            : First(set) + Cell.Number(set.Spec["updateStrategy"]?["rollingUpdate"]?["partition"]);

    private SortedDictionary<long, WorkerPod> PodsOf(Workload set)
    {
        var pods = new SortedDictionary<long, WorkerPod>();
        var prefix = PodPlan.Prefix(set.Name);
        foreach (var pod in view.PodsOf(set).Where(pod => pod.Name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (long.TryParse(pod.Name[prefix.Length..], CultureInfo.InvariantCulture, out var ordinal))
                pods[ordinal] = pod;
        }

        return pods;
    }

    /// <summary>Makes and removes pods; true when all that there should be are there and ready.</summary>
    private bool KeepPods(Workload set, string update, string current)
    {
        var isParallel = Cell.Text(set.Spec["podManagementPolicy"]) == "Parallel";
        var (first, end) = (First(set), First(set) + set.Replicas);
        var pods = PodsOf(set);
        var isComplete = true;
        for (var ordinal = first; ordinal < end; ordinal++)
        {
            var pod = pods.GetValueOrDefault(ordinal);
            if (pod is { IsReady: true, IsActive: true })
                continue;
            isComplete = false;
            if (pod is { IsFinished: true, IsDeleting: false })
                view.Delete(ClusterView.Pods, pod);
            else if (pod is null)
                Make(set, ordinal, ordinal < Partition(set) ? current : update);
            if (!isParallel)
                return false;
        }

        foreach (var (_, pod) in pods.Reverse().Where(pod => pod.Key < first || pod.Key >= end))
        {
            if (!pod.IsDeleting)
                view.Delete(ClusterView.Pods, pod);
            if (!isParallel)
                return false;
        }

        return isComplete;
    }

    private void Make(Workload set, long ordinal, string revision)
    {
        var template = revisions.TemplateOf(set, revision) ?? set.Template.DeepClone().AsObject();
        var name = PodPlan.Prefix(set.Name) + ordinal.ToString(CultureInfo.InvariantCulture);
        var pod = PodPlan.Pod(set, template, name);
        var meta = pod["metadata"]!.AsObject();
        PodPlan.Label(meta, "statefulset.kubernetes.io/pod-name", name);
        PodPlan.Label(meta, "apps.kubernetes.io/pod-index", ordinal.ToString(CultureInfo.InvariantCulture));
        PodPlan.Label(meta, Revisions.HashLabel, revision);
        var spec = pod["spec"]!.AsObject();
        spec["hostname"] = name;
        if (Cell.Text(set.Spec["serviceName"]) is { Length: > 0 } service)
            spec["subdomain"] = service;
        Claim(set, spec, name);
        view.Create(pod);
    }

    /// <summary>A claim for each template of one, and the volume that names it. Nothing here fills claims.</summary>
    private void Claim(Workload set, JsonObject spec, string pod)
    {
        foreach (var template in Cell.Objects(set.Spec["volumeClaimTemplates"]))
        {
            var volume = Cell.Name(template);
            var claim = template.DeepClone().AsObject();
            claim["apiVersion"] = "v1";
            claim["kind"] = "PersistentVolumeClaim";
            claim["metadata"]!["name"] = $"{volume}-{pod}";
            claim["metadata"]!["namespace"] = set.Namespace;
            claim.Remove("status");
            // It outlives the pod, and is there when the pod is made anew.
            view.Create(claim);
            var others = Cell.Objects(spec["volumes"]).Where(other => Cell.Text(other["name"]) != volume)
                .Select(other => other.DeepClone());
            spec["volumes"] = new JsonArray(
            [
                .. others,
                new JsonObject
                {
                    ["name"] = volume,
                    ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = $"{volume}-{pod}" },
                },
            ]);
        }
    }

    /// <summary>Removes the last pod that has an older template; KeepPods makes it anew.</summary>
    private void Update(Workload set, string update)
    {
        var outdated = PodsOf(set).Reverse()
            .FirstOrDefault(pod => pod.Key >= Partition(set) && pod.Value.Label(Revisions.HashLabel) != update);
        if (outdated.Value is { } pod)
            view.Delete(ClusterView.Pods, pod);
    }

    private void WriteStatus(Workload set, string update, string current)
    {
        var pods = PodsOf(set).Values.ToList();
        var updated = pods.Count(pod => pod.Label(Revisions.HashLabel) == update);
        var ready = pods.Count(pod => pod.IsReady);
        if (updated == set.Replicas && pods.Count == updated && ready == updated)
            current = update;
        view.WriteStatus(Resource, set, new JsonObject
        {
            ["observedGeneration"] = set.Generation,
            ["replicas"] = pods.Count,
            ["readyReplicas"] = ready,
            ["currentReplicas"] = pods.Count(pod => pod.Label(Revisions.HashLabel) == current),
            ["updatedReplicas"] = updated,
            ["currentRevision"] = current,
            ["updateRevision"] = update,
            ["collisionCount"] = 0,
            ["availableReplicas"] = view.CountAvailable(set, pods),
        });
    }
}

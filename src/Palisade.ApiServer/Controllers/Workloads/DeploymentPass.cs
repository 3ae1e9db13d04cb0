using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// Gives each template of a Deployment a ReplicaSet, and moves the replicas to the newest one, within what the strategy
/// allows. Which templates there were, and their numbers, stand in the ReplicaSets: `kubectl rollout` reads them there.
/// </summary>
internal sealed class DeploymentPass(ClusterView view)
{
    public const string Resource = "deployments.apps";
    public const string HashLabel = "pod-template-hash";
    private const string Revision = "deployment.kubernetes.io/revision";
    private const string History = "deployment.kubernetes.io/revision-history";
    private const string Desired = "deployment.kubernetes.io/desired-replicas";
    private const string Most = "deployment.kubernetes.io/max-replicas";

    // Of the Deployment itself; its ReplicaSets have their own, or none.
    private static readonly string[] _ownAnnotations =
        ["kubectl.kubernetes.io/last-applied-configuration", Revision, History, Desired, Most];

    public void Run()
    {
        foreach (var deployment in view.Of(Resource).Where(deployment => !deployment.IsDeleting))
        {
            view.Adopt(ReplicaSetPass.Resource, deployment);
            Sync(deployment);
        }
    }

    /// <summary>
    /// How many more, and how many fewer than the replicas there may be while a template is rolled out.
    /// </summary>
    internal static (long Surge, long Unavailable) Bounds(Workload deployment)
    {
        var rolling = deployment.Spec["strategy"]?["rollingUpdate"];
        if (rolling is null)
            return (0, deployment.Replicas);
        var surge = PodPlan.Share(rolling["maxSurge"], deployment.Replicas, up: true);
        var unavailable = PodPlan.Share(rolling["maxUnavailable"], deployment.Replicas, up: false);
        return (surge, Math.Min(deployment.Replicas, surge == 0 && unavailable == 0 ? 1 : unavailable));
    }

    private void Sync(Workload deployment)
    {
        var sets = SetsOf(deployment);
        var isPaused = Cell.Flag(deployment.Spec["paused"]);
        var newest = sets.FirstOrDefault(set => HasTemplate(set, deployment));
        if (newest is null && !isPaused)
        {
            if (!Begin(deployment, sets))
                return;
            sets = SetsOf(deployment);
            newest = sets.FirstOrDefault(set => HasTemplate(set, deployment));
        }

        if (newest is not null && !isPaused)
            Number(deployment, newest, sets);
        sets = SetsOf(deployment);
        newest = sets.FirstOrDefault(set => set.Uid == newest?.Uid);
        new Rollout(view, deployment, newest, [.. sets.Where(set => set.Uid != newest?.Uid)], ScaleTo).Move(isPaused);
        sets = SetsOf(deployment);
        newest = sets.FirstOrDefault(set => set.Uid == newest?.Uid);
        DeploymentStatus.Write(view, deployment, newest, sets);
        if (!isPaused)
            Forget(deployment, newest, sets);
    }

    private List<Workload> SetsOf(Workload deployment) =>
    [
        .. view.Of(ReplicaSetPass.Resource).Where(set => set.Owner == deployment.Uid && !set.IsDeleting)
            .OrderBy(set => set.Created, StringComparer.Ordinal).ThenBy(set => set.Name, StringComparer.Ordinal),
    ];

    private static bool HasTemplate(Workload set, Workload deployment)
    {
        var template = set.Template.DeepClone();
        (template["metadata"]?["labels"] as JsonObject)?.Remove(HashLabel);
        return JsonNode.DeepEquals(template, deployment.Template);
    }

    private bool Begin(Workload deployment, List<Workload> sets)
    {
        var collisions = Cell.Number(deployment.Status["collisionCount"]);
        var hash = PodPlan.HashOf(deployment.Template, collisions);
        var name = PodPlan.Prefix(deployment.Name) + hash;
        if (view.Of(ReplicaSetPass.Resource).Any(set => set.Namespace == deployment.Namespace && set.Name == name))
        {
            // The name is another's: the next pass takes another one.
            var status = deployment.Status.DeepClone().AsObject();
            status["collisionCount"] = collisions + 1;
            view.WriteStatus(Resource, deployment, status);
            return false;
        }

        var template = deployment.Template.DeepClone().AsObject();
        PodPlan.Label(template["metadata"]!.AsObject(), HashLabel, hash);
        var meta = PodPlan.Meta(template, deployment);
        meta["name"] = name;
        meta["annotations"] = Annotations(deployment);
        meta["annotations"]![Revision] = $"{Newest(sets) + 1}";
        var selector = deployment.Spec["selector"]!.DeepClone().AsObject();
        if (selector["matchLabels"] is not JsonObject labels)
            selector["matchLabels"] = labels = [];
        labels[HashLabel] = hash;
        return view.Create(new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "ReplicaSet",
            ["metadata"] = meta,
            ["spec"] = new JsonObject
            {
                ["replicas"] = 0,
                ["minReadySeconds"] = deployment.MinReadySeconds,
                ["selector"] = selector,
                ["template"] = template,
            },
        });
    }

    private static JsonObject Annotations(Workload deployment)
    {
        var annotations = deployment.Meta["annotations"]?.DeepClone() as JsonObject ?? [];
        foreach (var own in _ownAnnotations)
            annotations.Remove(own);
        var (surge, _) = Bounds(deployment);
        annotations[Desired] = $"{deployment.Replicas}";
        annotations[Most] = $"{deployment.Replicas + surge}";
        return annotations;
    }

    private static long NumberOf(Workload set) =>
        long.TryParse(set.Annotation(Revision), CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static long Newest(IEnumerable<Workload> sets) => sets.Select(NumberOf).DefaultIfEmpty(0).Max();

    /// <summary>The template in use has the highest number, also when it is an old one again.</summary>
    private void Number(Workload deployment, Workload newest, List<Workload> sets)
    {
        var number = Math.Max(NumberOf(newest), Newest(sets.Where(set => set.Uid != newest.Uid)) + 1);
        var annotations = Annotations(deployment);
        annotations[Revision] = $"{number}";
        if (NumberOf(newest) is > 0 and var old && old != number)
            annotations[History] = newest.Annotation(History) is { Length: > 0 } before ? $"{before},{old}" : $"{old}";
        if (annotations.Any(pair => newest.Annotation(pair.Key) != Cell.Text(pair.Value)))
            view.Change(ReplicaSetPass.Resource, newest, Annotated(annotations));
        if (deployment.Annotation(Revision) != $"{number}")
            view.Change(Resource, deployment, Annotated(new JsonObject { [Revision] = $"{number}" }));
    }

    private static JsonObject Annotated(JsonObject annotations) =>
        new() { ["metadata"] = new JsonObject { ["annotations"] = annotations } };

    private void ScaleTo(Workload set, long replicas) => view.Change(
        ReplicaSetPass.Resource, set, new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } });

    private void Forget(Workload deployment, Workload? newest, List<Workload> sets)
    {
        var old = sets.Where(set => set.Uid != newest?.Uid && set.Replicas == 0
            && Cell.Number(set.Status["replicas"]) == 0).OrderBy(NumberOf).ToList();
        var kept = (int)Cell.Number(deployment.Spec["revisionHistoryLimit"], 10);
        foreach (var set in old.Take(Math.Max(0, old.Count - kept)))
            view.Delete(ReplicaSetPass.Resource, set);
    }
}

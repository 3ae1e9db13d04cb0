using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// The templates of a StatefulSet or DaemonSet as ControllerRevisions: `kubectl rollout history` and `undo` read them.
/// </summary>
internal sealed class Revisions(ClusterView view)
{
    public const string Resource = "controllerrevisions.apps";
    public const string HashLabel = "controller-revision-hash";

    /// <summary>The revision of the template in use, made or numbered anew where needed; null: not yet.</summary>
    public Workload? Current(Workload owner)
    {
        var data = new JsonObject
        {
            ["spec"] = new JsonObject { ["template"] = owner.Template.DeepClone() },
        };
        data["spec"]!["template"]!["$patch"] = "replace";
        var all = Of(owner);
        var newest = all.Select(Number).DefaultIfEmpty(0).Max();
        var current = all.FirstOrDefault(revision => JsonNode.DeepEquals(revision.Tree["data"], data));
        if (current is null)
            return Make(owner, data, newest + 1) ? Current(owner) : null;
        if (Number(current) < newest)
        {
            view.Change(Resource, current, new JsonObject { ["revision"] = newest + 1 });
            return Of(owner).FirstOrDefault(revision => revision.Uid == current.Uid);
        }

        Forget(owner, all);
        return current;
    }

    /// <summary>The template that a revision of that name kept; null when there is none.</summary>
    public JsonObject? TemplateOf(Workload owner, string name)
    {
        var data = Of(owner).FirstOrDefault(revision => revision.Name == name)?.Tree["data"];
        var template = data?["spec"]?["template"]?.DeepClone() as JsonObject;
        template?.Remove("$patch");
        return template;
    }

    private static long Number(Workload revision) => Cell.Number(revision.Tree["revision"]);

    private List<Workload> Of(Workload owner) =>
        [.. view.Of(Resource).Where(revision => revision.Owner == owner.Uid).OrderBy(Number)];

    private bool Make(Workload owner, JsonObject data, long number)
    {
        var hash = PodPlan.HashOf(owner.Template, number);
        var meta = PodPlan.Meta(owner.Template, owner);
        meta.Remove("finalizers");
        meta["name"] = PodPlan.Prefix(owner.Name) + hash;
        PodPlan.Label(meta, HashLabel, hash);
        return view.Create(new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "ControllerRevision",
            ["metadata"] = meta,
            ["data"] = data,
            ["revision"] = number,
        });
    }

    // Those that pods still have are among the newest, but for a rollout that was given up often.
    private void Forget(Workload owner, List<Workload> all)
    {
        var used = view.PodsOf(owner).Select(pod => pod.Label(HashLabel)).ToHashSet(StringComparer.Ordinal);
        bool IsUsed(Workload revision) => used.Contains(revision.Name)
            || used.Contains(revision.Stored.Labels.GetValueOrDefault(HashLabel, ""));
        var kept = (int)Cell.Number(owner.Spec["revisionHistoryLimit"], 10) + 1;
        foreach (var revision in all.Take(Math.Max(0, all.Count - kept)).Where(revision => !IsUsed(revision)))
            view.Delete(Resource, revision);
    }
}

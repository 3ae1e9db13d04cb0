using System.Text.Json.Nodes;
using Palisade.ApiServer.Selecting;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// One state of an object that looks after others, or is looked after. <see cref="Tree"/> is shared: copy before
/// changing.
/// </summary>
internal class Workload
{
    private readonly Lazy<LabelSelection> _selector;

    public Workload(StoredObject stored)
    {
        Stored = stored;
        Tree = stored.Parse();
        // The form of the query parameter, which has the same meaning. An empty selector is refused before.
        _selector = new(() => LabelSelection.Parse(SelectorText.Of(Spec["selector"])));
        Owner = Cell.Objects(Meta["ownerReferences"]).Where(owner => Cell.Flag(owner["controller"]))
            .Select(owner => Cell.Text(owner["uid"])).FirstOrDefault("");
    }

    public StoredObject Stored { get; }

    public JsonObject Tree { get; }

    public string Name => Stored.Key.Name;

    public string Namespace => Stored.Key.Namespace;

    public string Uid => Stored.Uid;

    /// <summary>The uid of its controller; empty without one.</summary>
    public string Owner { get; }

    public JsonObject Meta => Tree["metadata"]!.AsObject();

    public JsonObject Spec => Tree["spec"] as JsonObject ?? [];

    public JsonObject Status => Tree["status"] as JsonObject ?? [];

    public JsonObject Template => Spec["template"]!.AsObject();

    public long Replicas => Cell.Number(Spec["replicas"]);

    public long MinReadySeconds => Cell.Number(Spec["minReadySeconds"]);

    public long Generation => Cell.Number(Meta["generation"]);

    public bool IsDeleting => Meta["deletionTimestamp"] is not null;

    public string Created => Cell.Text(Meta["creationTimestamp"]);

    public string Annotation(string name) => Cell.Text(Meta["annotations"]?[name]);

    /// <summary>Whether its selector chooses an object of its namespace.</summary>
    public bool Selects(Workload other) =>
        other.Namespace == Namespace && _selector.Value.Matches(other.Stored.Labels);

    /// <summary>The reference by which it owns what it makes.</summary>
    public JsonObject Reference() => new()
    {
        ["apiVersion"] = Stored.Resource.Kind.ApiVersion,
        ["kind"] = Stored.Resource.Kind.Kind,
        ["name"] = Name,
        ["uid"] = Uid,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };
}

/// <summary>One state of a pod, as the controllers of workloads see it.</summary>
internal sealed class WorkerPod : Workload
{
    public WorkerPod(StoredObject stored)
        : base(stored)
    {
        var ready = Cell.Conditions(Status, "Ready").FirstOrDefault(c => Cell.Text(c["status"]) == "True");
        IsReady = ready is not null;
        ReadySince = Cell.Time(ready?["lastTransitionTime"]);
    }

    public string Phase => Cell.Text(Status["phase"]);

    public string Node => Cell.Text(Spec["nodeName"]);

    public bool IsReady { get; }

    public DateTimeOffset? ReadySince { get; }

    /// <summary>Whether its containers have ended for good.</summary>
    public bool IsFinished => Phase is "Succeeded" or "Failed";

    /// <summary>Whether it counts as a replica.</summary>
    public bool IsActive => !IsDeleting && !IsFinished;

    public string Label(string name) => Stored.Labels.GetValueOrDefault(name, "");

    /// <summary>When it counts as available; null as long as it is not ready.</summary>
    public DateTimeOffset? AvailableAt(long minReadySeconds) =>
        !IsReady ? null : minReadySeconds == 0 ? DateTimeOffset.MinValue : ReadySince?.AddSeconds(minReadySeconds);
}

using System.Text.Json.Nodes;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// What the passes of workloads read and write. Reads are of this moment, own writes included; each state of an object
/// is parsed once. Writes that others forestalled are left to the next pass.
/// </summary>
internal sealed class ClusterView(ObjectStore store, TimeProvider time)
{
    public const string Pods = "pods";
    private readonly Dictionary<string, Reading> _read = new(StringComparer.Ordinal);
    private DateTimeOffset? _again;

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Now, as the API writes times.</summary>
    public string NowText => Metadata.Time(Now);

    /// <summary>When the pass wants to be run again; reading it forgets it.</summary>
    public DateTimeOffset? TakeAgain() => (_again, _again = null).Item1;

    /// <summary>Asks for another pass at a time, if that is still to come.</summary>
    public void LookAgain(DateTimeOffset? at)
    {
        if (at > Now && !(at >= _again))
            _again = at;
    }

    /// <summary>The objects of a resource.</summary>
    public IReadOnlyList<Workload> Of(string resource)
    {
        var map = store.Stored(resource);
        var before = _read.GetValueOrDefault(resource);
        if (ReferenceEquals(before?.Map, map))
            return before!.List;
        var known = new Dictionary<StoredObject, Workload>(map.Count);
        foreach (var stored in map.Values)
        {
            if (before?.Known.GetValueOrDefault(stored) is not { } read)
                read = resource == Pods ? new WorkerPod(stored) : new Workload(stored);
            known[stored] = read;
        }

        _read[resource] = before = new Reading(map, known, [.. known.Values]);
        return before.List;
    }

    /// <summary>The pods that an object looks after, by name.</summary>
    public List<WorkerPod> PodsOf(Workload owner) =>
        [.. Of(Pods).OfType<WorkerPod>().Where(pod => pod.Owner == owner.Uid)];

    /// <summary>How many of a workload's pods are available; asks for another pass when more of them will be.</summary>
    public int CountAvailable(Workload owner, IReadOnlyCollection<WorkerPod> pods)
    {
        foreach (var pod in pods)
            LookAgain(pod.AvailableAt(owner.MinReadySeconds));
        return pods.Count(pod => IsAvailable(owner, pod));
    }

    /// <summary>Whether a pod has been ready for as long as its workload asks.</summary>
    public bool IsAvailable(Workload owner, WorkerPod pod) => pod.AvailableAt(owner.MinReadySeconds) <= Now;

    /// <summary>
    /// Gives what nobody looks after, and a workload selects, to the workload: what `delete --cascade=orphan` left.
    /// </summary>
    public void Adopt(string resource, Workload owner)
    {
        foreach (var orphan in Of(resource).Where(o => o.Owner.Length == 0 && !o.IsDeleting && owner.Selects(o)))
        {
            var owners = orphan.Meta["ownerReferences"]?.DeepClone() as JsonArray ?? [];
            owners.Add((JsonNode)owner.Reference());
            Change(resource, orphan, new JsonObject
            {
                ["metadata"] = new JsonObject { ["ownerReferences"] = owners },
            });
        }
    }

    public bool Create(JsonObject value) => Try(() => store.Create(value));

    public void Delete(string resource, Workload gone) =>
        Try(() => store.Delete(resource, gone.Namespace, gone.Name));

    /// <summary>Merges a patch into an object that is still the one that was read.</summary>
    public bool Change(string resource, Workload old, JsonObject patch)
    {
        if (patch["metadata"] is not JsonObject meta)
            patch["metadata"] = meta = [];
        meta["resourceVersion"] = $"{old.Stored.Version}";
        return Try(() => store.Patch(resource, old.Namespace, old.Name, patch));
    }

    /// <summary>Writes a whole status, if it says something else.</summary>
    public void WriteStatus(string resource, Workload of, JsonObject status)
    {
        if (JsonNode.DeepEquals(status, of.Status))
            return;
        foreach (var gone in of.Status.Select(field => field.Key).Where(name => !status.ContainsKey(name)).ToList())
            status[gone] = null;
        Try(() => store.Patch(
            resource, of.Namespace, of.Name, new JsonObject { ["status"] = status }, status: true));
    }

    private static bool Try(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (StatusException)
        {
            // Changed meanwhile, or refused: the event of what stands in the way will bring the next pass.
            return false;
        }
    }

    private sealed record Reading(
        IReadOnlyDictionary<ObjectKey, StoredObject> Map,
        Dictionary<StoredObject, Workload> Known,
        IReadOnlyList<Workload> List);
}

using System.Text;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>What an update may not change of a workload (pkg/apis/apps and pkg/apis/batch validation).</summary>
internal static class WorkloadChanges
{
    private static readonly string[] _freeOfStatefulSet =
    [
        "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
    ];

    public static void Check(Place now, Place before, string kind, CauseList causes)
    {
        switch (kind)
        {
            case "Deployment" or "ReplicaSet" or "DaemonSet":
                Immutable(now["selector"], before["selector"], causes);
                break;
            case "StatefulSet":
                if (!Same(Bound(now), Bound(before)))
                {
                    causes.Forbidden(
                        now,
                        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                        + "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                        + "'minReadySeconds' are forbidden");
                }

                break;
            case "Job":
                foreach (var name in (string[])["completions", "selector", "template", "completionMode"])
                    Immutable(now[name], before[name], causes);
                break;
        }
    }

    private static void Immutable(Place now, Place before, CauseList causes)
    {
        if (!Same(now.Value, before.Value))
            causes.InvalidValue(now, now.Value is null ? "null" : Json(now.Value), "field is immutable");
    }

    private static WireObject? Bound(Place spec) =>
        _freeOfStatefulSet.Aggregate(spec.Value as WireObject, (bound, name) => bound?.Without(name));

    private static bool Same(WireValue? a, WireValue? b) =>
        ReferenceEquals(a, b) || (a is not null && b is not null && Json(a) == Json(b));

    // Members in one order, so that texts are equal where values are.
    private static string Json(WireValue value) =>
        Encoding.UTF8.GetString(WireJson.Write(value is WireObject o ? o.Sorted() : value));
}

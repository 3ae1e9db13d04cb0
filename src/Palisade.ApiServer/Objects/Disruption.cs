using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Selecting;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Objects;

/// <summary>
/// Whether a pod may be evicted: by the PodDisruptionBudgets that select it, counted at the moment (what the disruption
/// controller would write into their status, with the pods there are as those expected).
/// </summary>
internal static class Disruption
{
    private const string Budgets = "poddisruptionbudgets.policy";

    /// <summary>Refuses as kube-apiserver does (pkg/registry/core/pod/storage/eviction.go).</summary>
    public static void Check(ResourceRegistry registry, StoreTransaction transaction, StoredObject pod)
    {
        var tree = pod.Parse();
        if (IsOver(tree) || Cell.Text(tree["status"]?["phase"]) == "Pending")
            return;
        var budgets = transaction.Of(registry.ById(Budgets)!).Values
            .Where(budget => budget.Key.Namespace == pod.Key.Namespace);
        foreach (var budget in budgets)
        {
            var spec = budget.Parse()["spec"];
            if (SelectorOf(spec) is not { } selector || !selector.Matches(pod.Labels))
                continue;
            var pods = transaction.Of(registry.Pods).Values
                .Where(other => other.Key.Namespace == pod.Key.Namespace && selector.Matches(other.Labels))
                .Select(other => other.Parse()).Where(other => !IsOver(other)).ToList();
            var healthy = pods.Count(IsReady);
            var desired = Desired(spec!, pods.Count);
            if (IsReady(tree) ? healthy > desired : MayGoUnready(spec!, healthy, desired))
                continue;
            throw new StatusException(
                429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
                new JsonObject
                {
                    ["causes"] = new JsonArray(new JsonObject
                    {
                        ["reason"] = "DisruptionBudget",
                        ["message"] = $"The disruption budget {budget.Key.Name} needs {desired} healthy pods " +
                            $"and has {healthy} currently",
                    }),
                });
        }
    }

    private static bool MayGoUnready(JsonNode spec, long healthy, long desired) =>
        Cell.Text(spec["unhealthyPodEvictionPolicy"]) == "AlwaysAllow" || (desired > 0 && healthy >= desired);

    private static LabelSelection? SelectorOf(JsonNode? spec) =>
        spec?["selector"] is JsonObject selector ? LabelSelection.Of(selector) : null;

    private static bool IsOver(JsonObject pod) => pod["metadata"]?["deletionTimestamp"] is not null
        || Cell.Text(pod["status"]?["phase"]) is "Succeeded" or "Failed";

    private static bool IsReady(JsonObject pod) => Cell.Holds(pod["status"], "Ready");

    private static long Desired(JsonNode spec, int expected)
    {
        if (spec["minAvailable"] is { } least)
            return Share(least, expected);
        return spec["maxUnavailable"] is { } most ? Math.Max(0, expected - Share(most, expected)) : 0;
    }

    // Percentages are rounded up, both of them.
    private static long Share(JsonNode share, int expected)
    {
        var text = Cell.Scalar(share);
        return text.EndsWith('%') && int.TryParse(text[..^1], CultureInfo.InvariantCulture, out var percent)
            ? ((Math.Max(0, (long)percent) * expected) + 99) / 100
            : Cell.Number(share);
    }
}

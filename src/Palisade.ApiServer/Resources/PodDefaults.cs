using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Resources;

/// <summary>
/// What kube-apiserver's defaults and admission plugins fill into a pod besides the defaults that manifests get too.
/// </summary>
internal static class PodDefaults
{
    public static void Fill(JsonObject pod)
    {
        if (pod["spec"] is not JsonObject spec)
            pod["spec"] = spec = [];
        spec["serviceAccountName"] ??= spec["serviceAccount"]?.DeepClone() ?? "default";
        spec["serviceAccount"] = spec["serviceAccountName"]?.DeepClone();
        spec["preemptionPolicy"] ??= "PreemptLowerPriority";
        spec["priority"] ??= 0;
    }

    /// <summary>
    /// status.qosClass: Guaranteed when limits equal requests for cpu and memory everywhere, BestEffort without any.
    /// </summary>
    public static string QosClass(JsonNode? spec)
    {
        var containers = Cell.Objects(spec?["containers"]).Concat(Cell.Objects(spec?["initContainers"])).ToList();
        if (containers.All(container => Count(container, "requests") + Count(container, "limits") == 0))
            return "BestEffort";
        return containers.All(IsGuaranteed) ? "Guaranteed" : "Burstable";
    }

    private static int Count(JsonObject container, string which) =>
        container["resources"]?[which] is JsonObject amounts
            ? amounts.Count(amount => amount.Key is "cpu" or "memory")
            : 0;

    private static bool IsGuaranteed(JsonObject container)
    {
        var limits = container["resources"]?["limits"] as JsonObject;
        var requests = container["resources"]?["requests"] as JsonObject;
        return new[] { "cpu", "memory" }.All(name =>
            limits?[name] is { } limit
            && (requests?[name] is not { } request || request.ToString() == limit.ToString()));
    }
}

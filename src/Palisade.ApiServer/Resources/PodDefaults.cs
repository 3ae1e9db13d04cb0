using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Resources;

/// <summary>What kube-apiserver fills into a pod (pkg/apis/core/v1/defaults.go), as far as clients and the lab read it.</summary>
internal static class PodDefaults
{
    public static void Fill(JsonObject pod)
    {
        if (pod["spec"] is not JsonObject spec)
            pod["spec"] = spec = [];
        foreach (var container in Cell.Objects(spec["initContainers"]).Concat(Cell.Objects(spec["containers"])))
            FillContainer(container, Cell.Flag(spec["hostNetwork"]));
        foreach (var volume in Cell.Objects(spec["volumes"]).Where(volume => volume.Count == 1))
            volume["emptyDir"] = new JsonObject();
        spec["restartPolicy"] ??= "Always";
        spec["terminationGracePeriodSeconds"] ??= 30;
        spec["dnsPolicy"] ??= "ClusterFirst";
        spec["serviceAccountName"] ??= spec["serviceAccount"]?.DeepClone() ?? "default";
        spec["serviceAccount"] = spec["serviceAccountName"]?.DeepClone();
        spec["securityContext"] ??= new JsonObject();
        spec["schedulerName"] ??= "default-scheduler";
        spec["enableServiceLinks"] ??= true;
        spec["preemptionPolicy"] ??= "PreemptLowerPriority";
        spec["priority"] ??= 0;
    }

    /// <summary>status.qosClass: Guaranteed when limits equal requests for cpu and memory everywhere, BestEffort without any.</summary>
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
            limits?[name] is { } limit && (requests?[name] is not { } request || request.ToString() == limit.ToString()));
    }

    private static void FillContainer(JsonObject container, bool hostNetwork)
    {
        foreach (var port in Cell.Objects(container["ports"]))
        {
            if (Cell.Text(port["protocol"]).Length == 0)
                port["protocol"] = "TCP";
            if (hostNetwork && port["containerPort"] is { } number)
                port["hostPort"] ??= number.DeepClone();
        }

        container["resources"] ??= new JsonObject();
        container["terminationMessagePath"] ??= "/dev/termination-log";
        container["terminationMessagePolicy"] ??= "File";
        container["imagePullPolicy"] ??= PullPolicy(Cell.Text(container["image"]));
    }

    // The tag latest, or none, is pulled always; a digest or another tag only when absent.
    private static string PullPolicy(string image)
    {
        var name = image[(image.LastIndexOf('/') + 1)..];
        if (name.Contains('@'))
            return "IfNotPresent";
        var colon = name.IndexOf(':');
        return colon < 0 || name[(colon + 1)..] == "latest" ? "Always" : "IfNotPresent";
    }
}

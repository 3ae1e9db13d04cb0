using System.Text.Json.Nodes;
using Palisade.Lab.Network;

namespace Palisade.Lab.Pods;

/// <summary>Writes status as a kubelet does, from what the lab knows of a pod.</summary>
internal static class PodStatusWriter
{
    /// <summary>The patch for a pod that no node can take.</summary>
    public static JsonObject Unschedulable(string why, string now) => new()
    {
        ["phase"] = "Pending",
        ["conditions"] = new JsonArray(Condition("PodScheduled", false, now, "Unschedulable", why)),
    };

    /// <summary>The whole status.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="node">Its node.</param>
    /// <param name="addresses">Its addresses; null before it has any.</param>
    /// <param name="started">When the node took it on.</param>
    /// <param name="opened">When its link came up and its containers began; null before that.</param>
    /// <param name="report">What each container does.</param>
    /// <param name="note">What the reader should know; empty for nothing.</param>
    public static JsonObject Write(
        PodObject pod, LabNode node, AddressPair? addresses, string started, string? opened,
        Func<PodContainer, ContainerReport> report, string note)
    {
        var isFinished = Phase(pod, report, opened) is "Succeeded" or "Failed";
        var isReady = opened is not null && !isFinished
            && pod.LongRunning.All(container => report(container).IsReady);
        var since = opened ?? started;
        var reason = isFinished ? "PodCompleted" : isReady ? "" : "ContainersNotReady";
        var status = new JsonObject
        {
            ["phase"] = Phase(pod, report, opened),
            ["conditions"] = new JsonArray(
                Condition("PodReadyToStartContainers", opened is not null, since),
                Condition("Initialized", opened is not null, since),
                Condition("Ready", isReady, since, reason),
                Condition("ContainersReady", isReady, since, reason),
                Condition("PodScheduled", true, started)),
            ["message"] = note.Length > 0 ? note : null,
            ["startTime"] = started,
            ["containerStatuses"] = Statuses(pod.Containers, report),
        };
        if (!pod.InitContainers.IsEmpty)
            status["initContainerStatuses"] = Statuses(pod.InitContainers, report);
        WriteAddresses(status, node, addresses);
        return status;
    }

    private static void WriteAddresses(JsonObject status, LabNode node, AddressPair? addresses)
    {
        status["hostIP"] = node.Addresses.V4.ToString();
        status["hostIPs"] = List(node.Addresses);
        if (addresses is null)
            return;
        status["podIP"] = addresses.V4.ToString();
        status["podIPs"] = List(addresses);
    }

    private static JsonArray List(AddressPair addresses) =>
        new([.. addresses.All.Select(address => new JsonObject { ["ip"] = address.ToString() })]);

    private static string Phase(PodObject pod, Func<PodContainer, ContainerReport> report, string? opened)
    {
        if (opened is null)
            return "Pending";
        var states = pod.Containers.Select(report).ToList();
        // A container that will be started again is never "ended": with restartPolicy Always no pod succeeds or fails.
        if (states.Count == 0 || !states.All(state => state.State is ContainerState.Terminated))
            return "Running";
        return states.All(state => state.State is ContainerState.Terminated { ExitCode: 0 }) ? "Succeeded" : "Failed";
    }

    private static JsonArray Statuses(
        IEnumerable<PodContainer> containers, Func<PodContainer, ContainerReport> report) =>
        new([.. containers.Select(container => Status(container, report(container)))]);

    private static JsonObject Status(PodContainer container, ContainerReport report)
    {
        var status = new JsonObject
        {
            ["name"] = container.Name,
            ["image"] = container.Image,
            ["imageID"] = "",
            ["ready"] = report.IsReady,
            ["started"] = report.IsRunning,
            ["restartCount"] = report.Restarts,
            ["state"] = report.State.ToJson(),
            ["lastState"] = report.Last?.ToJson() ?? [],
        };
        return status;
    }

    private static JsonObject Condition(string type, bool holds, string since, string reason = "", string message = "")
    {
        var condition = new JsonObject
        {
            ["type"] = type,
            ["status"] = holds ? "True" : "False",
            ["lastTransitionTime"] = since,
        };
        if (!holds && reason.Length > 0)
            condition["reason"] = reason;
        if (message.Length > 0)
            condition["message"] = message;
        return condition;
    }
}

using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Palisade.Lab.Network;
using Palisade.Lab.Pods;
using ObjectStore = Palisade.ApiServer.ObjectStore;

namespace Palisade.Lab.Nodes;

/// <summary>The Node objects of the lab's nodes.</summary>
internal static class NodeObjects
{
    private const string Resource = "nodes";

    /// <summary>
    /// Makes the API list exactly the lab's nodes (and whatever nodes a user made up under other names).
    /// </summary>
    public static void Register(ObjectStore store, LabNetwork network, string kubeVersion, string now)
    {
        foreach (var node in network.Nodes)
        {
            if (store.Get(Resource, null, node.Name) is null)
                store.Create(NodeOf(node, network.Plan));
            store.Patch(Resource, null, node.Name, new JsonObject { ["status"] = StatusOf(node, kubeVersion, now) },
                status: true);
        }
    }

    /// <summary>
    /// Removes the nodes that an earlier start had beyond these. Their pods are made again without a node, addresses
    /// and uid, so that the scheduler finds them another: a spec.nodeName cannot be changed.
    /// </summary>
    public static void RemoveSurplus(ObjectStore store, LabNetwork network, Action<string> say)
    {
        var surplus = store.List(Resource).Select(node => PodObject.Text(node["metadata"]?["name"]) ?? "")
            .Where(name => AddressPlan.NodeNumber(name) > network.Nodes.Count).ToHashSet();
        if (surplus.Count == 0)
            return;
        foreach (var pod in store.List("pods"))
        {
            var read = new PodObject(pod);
            if (read.NodeName is not { } name || !surplus.Contains(name) || read.IsFinished)
                continue;
            store.DeleteNow("pods", read.Namespace, read.Name);
            store.Create(WithoutNode(pod));
            say($"pod {read.Key} was on {name}, which is no more: it gets another node and other addresses");
        }

        foreach (var name in surplus)
            store.Delete(Resource, null, name);
    }

    private static JsonObject WithoutNode(JsonObject pod)
    {
        var metadata = new JsonObject();
        foreach (var kept in (string[])["name", "namespace", "labels", "annotations", "ownerReferences"])
        {
            if (pod["metadata"]?[kept] is { } value)
                metadata[kept] = value.DeepClone();
        }

        var spec = (JsonObject)pod["spec"]!.DeepClone();
        spec.Remove("nodeName");
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = metadata, ["spec"] = spec };
    }

    private static JsonObject NodeOf(LabNode node, AddressPlan plan)
    {
        var ranges = plan.PodRanges(node.Number).Select(range => range.ToString()).ToList();
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject
            {
                ["name"] = node.Name,
                ["labels"] = new JsonObject
                {
                    ["kubernetes.io/arch"] = Architecture,
                    ["kubernetes.io/hostname"] = node.Name,
                    ["kubernetes.io/os"] = "linux",
                },
            },
            ["spec"] = new JsonObject
            {
                ["podCIDR"] = ranges[0],
                ["podCIDRs"] = new JsonArray([.. ranges.Select(range => JsonValue.Create(range))]),
            },
        };
    }

    private static JsonObject StatusOf(LabNode node, string kubeVersion, string now)
    {
        var addresses = node.Addresses.All
            .Select(address => new JsonObject { ["type"] = "InternalIP", ["address"] = address.ToString() })
            .Append(new JsonObject { ["type"] = "Hostname", ["address"] = node.Name });
        return new JsonObject
        {
            ["addresses"] = new JsonArray([.. addresses]),
            // The whole list is replaced: what an earlier run's agent said about its table no longer holds.
            ["conditions"] = new JsonArray(
                Condition("MemoryPressure", false, "KubeletHasSufficientMemory", now),
                Condition("DiskPressure", false, "KubeletHasNoDiskPressure", now),
                Condition("PIDPressure", false, "KubeletHasSufficientPID", now),
                Condition("Ready", true, "KubeletReady", now)),
            ["capacity"] = Resources(),
            ["allocatable"] = Resources(),
            ["nodeInfo"] = new JsonObject
            {
                ["architecture"] = Architecture,
                ["bootID"] = "",
                ["containerRuntimeVersion"] = "palisade://0.1.0",
                ["kernelVersion"] = Environment.OSVersion.Version.ToString(),
                ["kubeProxyVersion"] = "",
                ["kubeletVersion"] = $"v{kubeVersion}.0",
                ["machineID"] = "",
                ["operatingSystem"] = "linux",
                ["osImage"] = RuntimeInformation.OSDescription,
                ["systemUUID"] = "",
            },
        };
    }

    private static string Architecture =>
        RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    private static JsonObject Resources() => new()
    {
        ["cpu"] = Environment.ProcessorCount.ToString(),
        ["memory"] = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1024}Ki",
        ["pods"] = AddressPool.Size.ToString(),
    };

    private static JsonObject Condition(string type, bool holds, string reason, string now) => new()
    {
        ["type"] = type,
        ["status"] = holds ? "True" : "False",
        ["reason"] = reason,
        ["message"] = "",
        ["lastHeartbeatTime"] = now,
        ["lastTransitionTime"] = now,
    };
}

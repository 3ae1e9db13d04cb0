using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers;

/// <summary>A pod as far as it can stand behind a Service: read once, when it changed.</summary>
internal sealed record PodBehind
{
    private PodBehind(JsonObject pod)
    {
        var meta = pod["metadata"]!;
        Namespace = Cell.Text(meta["namespace"]);
        Name = Cell.Text(meta["name"]);
        Uid = Cell.Text(meta["uid"]);
        Node = Cell.Text(pod["spec"]?["nodeName"]);
        Labels = Map(meta["labels"]);
        IsTerminating = meta["deletionTimestamp"] is not null;
        IsReady = Cell.Holds(pod["status"], "Ready");
        // A hostname counts only together with the Service as its subdomain (pod.spec.subdomain).
        Hostname = Cell.Text(pod["spec"]?["hostname"]);
        Subdomain = Cell.Text(pod["spec"]?["subdomain"]);
        IsGone = Cell.Text(pod["status"]?["phase"]) is "Succeeded" or "Failed";
        Addresses =
        [
            .. Cell.Objects(pod["status"]?["podIPs"]).Select(item => Cell.Text(item["ip"]))
                .Where(text => IPAddress.TryParse(text, out _)),
        ];
        Ports = [.. Containers(pod).SelectMany(container => Cell.Objects(container["ports"])).Select(Port)];
    }

    public string Namespace { get; }

    public string Name { get; }

    public string Uid { get; }

    public string Node { get; }

    public string Hostname { get; }

    public string Subdomain { get; }

    public bool IsReady { get; }

    public bool IsTerminating { get; }

    /// <summary>Whether it has ended: its addresses may be another's soon.</summary>
    public bool IsGone { get; }

    public ImmutableArray<(string Key, string Value)> Labels { get; }

    public ImmutableArray<string> Addresses { get; }

    private ImmutableArray<(string Name, string Protocol, int Number)> Ports { get; }

    /// <summary>Reads a pod.</summary>
    public static PodBehind Read(JsonObject pod) => new(pod);

    /// <summary>Its address of the family, or null.</summary>
    public string? AddressOf(AddressFamily family) =>
        Addresses.FirstOrDefault(text => IPAddress.Parse(text).AddressFamily == family);

    /// <summary>What a Service port's targetPort stands for here; null when the pod declares no such name.</summary>
    public int? Target(JsonObject port)
    {
        var target = port["targetPort"];
        if (Cell.Text(target) is { Length: > 0 } name)
        {
            var protocol = Cell.Text(port["protocol"]);
            foreach (var declared in Ports)
            {
                if (declared.Name == name && declared.Protocol == protocol)
                    return declared.Number;
            }

            return null;
        }

        return (int)(Cell.Number(target) is > 0 and var number ? number : Cell.Number(port["port"]));
    }

    /// <summary>Whether the Service's selector, which is never empty here, chooses the pod.</summary>
    public bool IsChosenBy(JsonObject selector) =>
        selector.All(wanted => Labels.Contains((wanted.Key, Cell.Text(wanted.Value))));

    private static ImmutableArray<(string, string)> Map(JsonNode? labels) =>
        labels is JsonObject map ? [.. map.Select(label => (label.Key, Cell.Text(label.Value)))] : [];

    // Sidecars count, other init containers do not (pod/util.go, FindPort).
    private static IEnumerable<JsonObject> Containers(JsonObject pod) =>
        Cell.Objects(pod["spec"]?["containers"]).Concat(Cell.Objects(pod["spec"]?["initContainers"])
            .Where(container => Cell.Text(container["restartPolicy"]) == "Always"));

    private static (string, string, int) Port(JsonObject port) => (
        Cell.Text(port["name"]),
        Cell.Text(port["protocol"]) is { Length: > 0 } protocol ? protocol : "TCP",
        (int)Cell.Number(port["containerPort"]));
}

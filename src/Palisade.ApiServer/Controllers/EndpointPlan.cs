using System.Net.Sockets;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Controllers;

/// <summary>
/// What EndpointSlices and Endpoints a Service with a selector should have. Pure; the same pods give the same bytes.
/// </summary>
internal static class EndpointPlan
{
    public const string ManagedBy = "endpointslice.kubernetes.io/managed-by";
    public const string Manager = "endpointslice-controller.k8s.io";
    public const string ServiceName = "kubernetes.io/service-name";

    // The slice controller's --max-endpoints-per-slice, and the endpoints controller's bound.
    private const int MostInSlice = 100;
    private const int MostInEndpoints = 1000;

    /// <summary>The selector when the Service's endpoints are to be kept, else null.</summary>
    public static JsonObject? SelectorOf(JsonObject service) =>
        Cell.Text(service["spec"]?["type"]) != "ExternalName" && service["spec"]?["selector"] is JsonObject
        { Count: > 0 } selector
            ? selector : null;

    /// <summary>
    /// A slice for each family and each set of resolved ports, as long as it has pods, cut at 100; a family without
    /// any pod has one empty slice.
    /// </summary>
    public static IEnumerable<JsonObject> Slices(JsonObject service, IReadOnlyList<PodBehind> pods)
    {
        foreach (var family in Cell.Texts(service["spec"]?["ipFamilies"]))
        {
            var of = family == "IPv6" ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
            var groups = pods.Where(pod => pod.AddressOf(of) is not null)
                .GroupBy(pod => PortsFor(service, pod).ToJsonString())
                .OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
            if (groups.Count == 0)
                yield return Slice(service, family, "[]", [], 0);
            foreach (var group in groups)
            {
                var chunks = group.OrderBy(pod => pod.Name, StringComparer.Ordinal).Chunk(MostInSlice);
                foreach (var (at, chunk) in chunks.Index())
                    yield return Slice(service, family, group.Key, [.. chunk.Select(pod => End(service, pod, of))], at);
            }
        }
    }

    /// <summary>The Endpoints object: the first family only.</summary>
    public static JsonObject Endpoints(JsonObject service, IReadOnlyList<PodBehind> pods)
    {
        var first = Cell.Texts(service["spec"]?["ipFamilies"]).FirstOrDefault() == "IPv6"
            ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var subsets = pods.Where(pod => pod.AddressOf(first) is not null && !pod.IsTerminating)
            .OrderBy(pod => pod.Name, StringComparer.Ordinal).Take(MostInEndpoints)
            .GroupBy(pod => PortsFor(service, pod).ToJsonString()).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Subset(service, group, first));
        var labels = service["metadata"]?["labels"]?.DeepClone() as JsonObject ?? [];
        labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller";
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Endpoints",
            ["metadata"] = new JsonObject
            {
                ["name"] = Cell.Name(service),
                ["namespace"] = Namespace(service),
                ["labels"] = labels,
            },
            ["subsets"] = new JsonArray([.. subsets]),
        };
    }

    private static JsonObject Subset(JsonObject service, IGrouping<string, PodBehind> group, AddressFamily family)
    {
        var subset = new JsonObject();
        foreach (var (field, ready) in ((string, bool)[])[("addresses", true), ("notReadyAddresses", false)])
        {
            var addresses = group.Where(pod => Counts(service, pod) == ready).Select(pod => new JsonObject
            {
                ["ip"] = pod.AddressOf(family),
                ["nodeName"] = pod.Node,
                ["targetRef"] = Reference(pod),
            }).ToArray();
            if (addresses.Length > 0)
                subset[field] = new JsonArray(addresses);
        }

        subset["ports"] = JsonNode.Parse(group.Key);
        return subset;
    }

    private static JsonObject Slice(
        JsonObject service, string family, string ports, JsonObject[] ends, int chunk)
    {
        var name = Cell.Name(service);
        var labels = service["metadata"]?["labels"]?.DeepClone() as JsonObject ?? [];
        labels[ManagedBy] = Manager;
        labels[ServiceName] = name;
        if (Cell.Text(service["spec"]?["clusterIP"]) == "None")
            labels["service.kubernetes.io/headless"] = "";
        return new JsonObject
        {
            ["apiVersion"] = "discovery.k8s.io/v1",
            ["kind"] = "EndpointSlice",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{name}-{NameGenerator.Of($"{family} {ports} {chunk}", 5)}",
                ["namespace"] = Namespace(service),
                ["labels"] = labels,
                ["ownerReferences"] = new JsonArray(new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Service",
                    ["name"] = name,
                    ["uid"] = Cell.Text(service["metadata"]?["uid"]),
                    ["controller"] = true,
                    ["blockOwnerDeletion"] = true,
                }),
            },
            ["addressType"] = family,
            ["endpoints"] = new JsonArray(ends),
            ["ports"] = JsonNode.Parse(ports),
        };
    }

    private static JsonObject End(JsonObject service, PodBehind pod, AddressFamily family)
    {
        var end = new JsonObject
        {
            ["addresses"] = new JsonArray(pod.AddressOf(family)),
            ["conditions"] = new JsonObject
            {
                ["ready"] = Counts(service, pod),
                ["serving"] = pod.IsReady,
                ["terminating"] = pod.IsTerminating,
            },
            ["targetRef"] = Reference(pod),
        };
        if (pod.Hostname.Length > 0 && pod.Subdomain == Cell.Name(service))
            end["hostname"] = pod.Hostname;
        if (pod.Node.Length > 0)
            end["nodeName"] = pod.Node;
        return end;
    }

    /// <summary>Whether new connections go to it.</summary>
    private static bool Counts(JsonObject service, PodBehind pod) =>
        Cell.Flag(service["spec"]?["publishNotReadyAddresses"]) || (pod.IsReady && !pod.IsTerminating);

    /// <summary>The Service's ports as they are on this pod; a name that it does not declare is left out.</summary>
    private static JsonArray PortsFor(JsonObject service, PodBehind pod)
    {
        var ports = Cell.Objects(service["spec"]?["ports"])
            .Select(port => (Port: port, Number: pod.Target(port))).Where(port => port.Number is not null);
        return new JsonArray([.. ports.Select(port => new JsonObject
        {
            ["name"] = Cell.Text(port.Port["name"]),
            ["port"] = port.Number,
            ["protocol"] = Cell.Text(port.Port["protocol"]),
        })]);
    }

    private static JsonObject Reference(PodBehind pod) => new()
    {
        ["kind"] = "Pod",
        ["name"] = pod.Name,
        ["namespace"] = pod.Namespace,
        ["uid"] = pod.Uid,
    };

    private static string Namespace(JsonObject service) => Cell.Text(service["metadata"]?["namespace"]);
}

using System.Text.Json.Nodes;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Resources;

/// <summary>
/// v1 Service. Cluster addresses are given out where the server was told of a range (ServiceAddresses); otherwise
/// nothing would answer on them, and every Service is without.
/// </summary>
internal static class ServiceResource
{
    public static Resource Register(ApiServerOptions options) => new()
    {
        Kind = ApiKinds.Service,
        CreatesOnUpdate = true,
        Assign = Assign(new ServiceAddresses(options.ServiceRanges), new ServiceNodePorts()),
        Categories = ["all"],
        SelectableFields = [new("spec.clusterIP"), new("spec.type")],
        PrepareCreate = tree => tree["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
        Default = Fill,
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Type", "string", "Type determines how the Service is exposed."),
                new("Cluster-IP", "string", "The address of the service."),
                new("External-IP", "string", "The addresses outside the cluster."),
                new("Port(s)", "string", "The list of ports that are exposed by this service."),
                TableColumn.Age,
                new("Selector", "string", "Route service traffic to pods with these labels.", 1),
            ],
            Row),
    };

    private static Func<JsonObject, JsonObject?, IEnumerable<StoredObject>, IReadOnlyList<Cause>> Assign(
        ServiceAddresses addresses, ServiceNodePorts ports) => (service, old, all) =>
        [.. addresses.Assign(service, old, all), .. ports.Assign(service, old, all)];

    private static void Fill(JsonObject service)
    {
        if (service["spec"] is not JsonObject spec)
            service["spec"] = spec = [];
        spec["type"] ??= "ClusterIP";
        spec["sessionAffinity"] ??= "None";
        if (Cell.Text(spec["type"]) != "ExternalName")
            spec["internalTrafficPolicy"] ??= "Cluster";
        if (ServiceNodePorts.IsOnNodes(spec))
            spec["externalTrafficPolicy"] ??= "Cluster";
        if (Cell.Text(spec["type"]) == "LoadBalancer")
            spec["allocateLoadBalancerNodePorts"] ??= true;

        foreach (var port in Cell.Objects(spec["ports"]))
        {
            port["protocol"] ??= "TCP";
            port["targetPort"] ??= port["port"]?.DeepClone();
        }
    }

    private static TableRow Row(JsonObject tree, DateTimeOffset now)
    {
        var spec = tree["spec"];
        return new TableRow(
        [
            Cell.Name(tree),
            Cell.Text(spec?["type"]),
            Cell.OrNone(Cell.Text(spec?["clusterIP"])),
            External(tree),
            Cell.OrNone(string.Join(",", Cell.Objects(spec?["ports"]).Select(Port))),
            Cell.Age(tree, now),
            SelectorText.OfMap(spec?["selector"]),
        ]);
    }

    private static string Port(JsonObject port)
    {
        var node = Cell.Number(port["nodePort"]);
        var protocol = Cell.Text(port["protocol"]);
        return $"{Cell.Scalar(port["port"])}{(node > 0 ? $":{node}" : "")}/{(protocol.Length > 0 ? protocol : "TCP")}";
    }

    private static string External(JsonObject tree)
    {
        var spec = tree["spec"];
        var listed = string.Join(",", Cell.Texts(spec?["externalIPs"]));
        if (Cell.Text(spec?["type"]) == "ExternalName")
            return Cell.Text(spec?["externalName"]);
        if (Cell.Text(spec?["type"]) != "LoadBalancer")
            return Cell.OrNone(listed);
        var all = string.Join(",", ((string[])[Given(tree["status"]), listed]).Where(text => text.Length > 0));
        return all.Length > 0 ? all : "<pending>";
    }

    /// <summary>The addresses and names that a status says its load balancer has.</summary>
    internal static string Given(JsonNode? status) => string.Join(
        ",",
        Cell.Objects(status?["loadBalancer"]?["ingress"])
            .Select(ingress => Cell.Text(ingress["ip"]) is { Length: > 0 } ip ? ip : Cell.Text(ingress["hostname"])));
}

using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>networking.k8s.io/v1 Ingress: kept; nothing here routes by it.</summary>
internal static class IngressResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("networking.k8s.io/v1", "Ingress")!,
        CountsGenerations = true,
        PrepareCreate = tree => tree["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Class", "string", "The name of the IngressClass resource that should be used"),
                new("Hosts", "string", "Hosts that this ingress is relevant to"),
                new("Address", "string", "Where its load balancer listens"),
                new("Ports", "string", "Ports of TLS configurations that open"),
                TableColumn.Age,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    Cell.OrNone(Cell.Text(tree["spec"]?["ingressClassName"])),
                    Hosts(tree["spec"]?["rules"]),
                    ServiceResource.Given(tree["status"]),
                    tree["spec"]?["tls"] is JsonArray { Count: > 0 } ? "80, 443" : "80",
                    Cell.Age(tree, now),
                ])),
    };

    private static string Hosts(JsonNode? rules)
    {
        var hosts = Cell.Objects(rules).Select(rule => Cell.Text(rule["host"])).Where(host => host.Length > 0).ToList();
        return hosts.Count == 0 ? "*" : EndpointSliceResource.Some(hosts, "*");
    }
}

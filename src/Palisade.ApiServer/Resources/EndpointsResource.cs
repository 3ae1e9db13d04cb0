using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>v1 Endpoints, the form before EndpointSlices; kept beside them, first family only.</summary>
internal static class EndpointsResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("v1", "Endpoints")!,
        CreatesOnUpdate = true,
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Endpoints", "string", "The addresses and ports of the ready endpoints."),
                TableColumn.Age,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    EndpointSliceResource.Some([.. Cell.Objects(tree["subsets"]).SelectMany(Shown)], Cell.None),
                    Cell.Age(tree, now),
                ])),
    };

    private static IEnumerable<string> Shown(JsonObject subset)
    {
        var addresses = Cell.Objects(subset["addresses"]).Select(address => Cell.Text(address["ip"])).ToList();
        var ports = Cell.Objects(subset["ports"]).Select(port => Cell.Scalar(port["port"])).ToList();
        return ports.Count == 0
            ? addresses
            : ports.SelectMany(_ => addresses, (port, ip) => ip.Contains(':') ? $"[{ip}]:{port}" : $"{ip}:{port}");
    }
}

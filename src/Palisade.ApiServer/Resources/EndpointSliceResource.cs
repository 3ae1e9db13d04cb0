using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>discovery.k8s.io/v1 EndpointSlice; Controllers/EndpointController keeps those of Services with a
/// selector.</summary>
internal static class EndpointSliceResource
{
    // printers.go: no more than three of a kind in a cell.
    private const int MostShown = 3;

    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("discovery.k8s.io/v1", "EndpointSlice")!,
        CountsGenerations = false,
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("AddressType", "string", "The type of address carried by this EndpointSlice."),
                new("Ports", "string", "The ports of each endpoint in this slice."),
                new("Endpoints", "string", "The addresses of the endpoints in this slice."),
                TableColumn.Age,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    Cell.Text(tree["addressType"]),
                    Some([.. Cell.Objects(tree["ports"]).Select(Port)], "<unset>"),
                    Some([.. Cell.Objects(tree["endpoints"]).SelectMany(e => Cell.Texts(e["addresses"]))], "<unset>"),
                    Cell.Age(tree, now),
                ])),
    };

    /// <summary>The first three, and how many more.</summary>
    internal static string Some(IReadOnlyList<string> texts, string none)
    {
        if (texts.Count == 0)
            return none;
        var more = texts.Count > MostShown ? $" + {texts.Count - MostShown} more..." : "";
        return string.Join(",", texts.Take(MostShown)) + more;
    }

    private static string Port(JsonObject port) => port["port"] is null ? "*" : Cell.Scalar(port["port"]);
}

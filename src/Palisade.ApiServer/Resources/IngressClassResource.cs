using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>networking.k8s.io/v1 IngressClass.</summary>
internal static class IngressClassResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("networking.k8s.io/v1", "IngressClass")!,
        CountsGenerations = true,
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Controller", "string", "Controller that is responsible for handling this class"),
                new("Parameters", "string", "A reference to a resource with additional parameters"),
                TableColumn.Age,
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    Cell.Text(tree["spec"]?["controller"]),
                    Parameters(tree["spec"]?["parameters"]),
                    Cell.Age(tree, now),
                ])),
    };

    private static string Parameters(JsonNode? to)
    {
        if (to is null)
            return Cell.None;
        var group = Cell.Text(to["apiGroup"]) is { Length: > 0 } name ? "." + name : "";
        return $"{Cell.Text(to["kind"])}{group}/{Cell.Text(to["name"])}";
    }
}

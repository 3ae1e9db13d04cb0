using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>v1 ConfigMap.</summary>
internal static class ConfigMapResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("v1", "ConfigMap")!,
        Table = new TableLayout(
            [TableColumn.ObjectName, WorkloadCells.Count("Data", "How many keys it has."), TableColumn.Age],
            (tree, now) => new TableRow(
                [Cell.Name(tree), Keys(tree["data"]) + Keys(tree["binaryData"]), Cell.Age(tree, now)])),
    };

    /// <summary>How many keys a map has.</summary>
    internal static long Keys(JsonNode? map) => map is JsonObject keys ? keys.Count : 0;
}

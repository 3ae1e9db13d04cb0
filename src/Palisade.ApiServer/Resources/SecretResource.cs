using System.Text;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>v1 Secret: stringData is written into data and never stored.</summary>
internal static class SecretResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("v1", "Secret")!,
        SelectableFields = [new("type")],
        Default = Fill,
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Type", "string", "What it is used for."),
                WorkloadCells.Count("Data", "How many keys it has."),
                TableColumn.Age,
            ],
            (tree, now) => new TableRow(
                [Cell.Name(tree), Cell.Text(tree["type"]), ConfigMapResource.Keys(tree["data"]), Cell.Age(tree, now)])),
    };

    private static void Fill(JsonObject secret)
    {
        secret["type"] ??= "Opaque";
        if (secret["stringData"] is not JsonObject texts)
            return;
        if (secret["data"] is not JsonObject data)
            secret["data"] = data = [];
        foreach (var (key, text) in texts)
            data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Cell.Text(text)));
        secret.Remove("stringData");
    }
}

using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>v1 Namespace. Deleting one removes what it holds (Objects/NamespaceRemoval).</summary>
internal static class NamespaceResource
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    public static Resource Register() => new()
    {
        Kind = ApiKinds.Namespace,
        SelectableFields = [new("status.phase")],
        ReturnsDeleted = true,
        PrepareCreate = tree =>
        {
            tree["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
            tree["status"] = new JsonObject { ["phase"] = "Active" };
        },
        Default = AddNameLabel,
        Table = new TableLayout(
            [TableColumn.ObjectName, new("Status", "string", "The status of the namespace"), TableColumn.Age],
            (tree, now) => new TableRow(
                [Cell.Name(tree), Cell.Text(tree["status"]?["phase"]), Cell.Age(tree, now)])),
    };

    // Always the namespace's own name, whatever a client sends: selectors rely on it.
    private static void AddNameLabel(JsonObject tree)
    {
        var meta = tree["metadata"]!.AsObject();
        if (meta["labels"] is not JsonObject labels)
            meta["labels"] = labels = [];
        labels[NameLabel] = Cell.Name(tree);
    }
}

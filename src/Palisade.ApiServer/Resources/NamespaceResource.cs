using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>v1 Namespace. Deleting one removes what it holds (Objects/NamespaceRemoval).</summary>
internal static class NamespaceResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Namespace,
        // No deletecollection, as in kube-apiserver: one request would empty the cluster.
        Verbs = ["create", "delete", "get", "list", "patch", "update", "watch"],
        SelectableFields = [new("status.phase")],
        ReturnsDeleted = true,
        PrepareCreate = tree =>
        {
            tree["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
            tree["status"] = new JsonObject { ["phase"] = "Active" };
        },
        Table = new TableLayout(
            [TableColumn.ObjectName, new("Status", "string", "The status of the namespace"), TableColumn.Age],
            (tree, now) => new TableRow(
                [Cell.Name(tree), Cell.Text(tree["status"]?["phase"]), Cell.Age(tree, now)])),
    };
}

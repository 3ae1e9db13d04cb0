using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>v1 ServiceAccount; Controllers/ServiceAccountPass gives each namespace its default.</summary>
internal static class ServiceAccountResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("v1", "ServiceAccount")!,
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Secrets", "string", "How many secrets pods of this account may use."),
                TableColumn.Age,
            ],
            (tree, now) => new TableRow(
                [Cell.Name(tree), $"{Cell.Objects(tree["secrets"]).Count()}", Cell.Age(tree, now)])),
    };
}

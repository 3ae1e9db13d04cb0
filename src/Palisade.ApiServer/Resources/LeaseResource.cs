using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>coordination.k8s.io/v1 Lease.</summary>
internal static class LeaseResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.Find("coordination.k8s.io/v1", "Lease")!,
        CreatesOnUpdate = true,
        NeedsVersion = true,
        Table = new TableLayout(
            [TableColumn.ObjectName, new("Holder", "string", "Who holds it."), TableColumn.Age],
            (tree, now) => new TableRow(
                [Cell.Name(tree), Cell.Text(tree["spec"]?["holderIdentity"]), Cell.Age(tree, now)])),
    };
}

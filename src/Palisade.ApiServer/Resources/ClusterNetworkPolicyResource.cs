using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>
/// policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy, as the experimental CustomResourceDefinition makes it.
/// </summary>
internal static class ClusterNetworkPolicyResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.ClusterNetworkPolicy,
        CountsGenerations = true,
        // A resource with a status subresource takes no status from whoever creates it.
        PrepareCreate = tree => tree.Remove("status"),
        // additionalPrinterColumns: the API server describes such a column by its path, and prints every value of a
        // string column as text.
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Tier", "string", "Custom resource definition column (in JSONPath format): .spec.tier"),
                new("Priority", "string", "Custom resource definition column (in JSONPath format): .spec.priority"),
                new(
                    "Age",
                    "date",
                    "Custom resource definition column (in JSONPath format): .metadata.creationTimestamp"),
            ],
            (tree, now) => new TableRow(
                [
                    Cell.Name(tree),
                    Cell.Scalar(tree["spec"]?["tier"]),
                    Cell.Scalar(tree["spec"]?["priority"]),
                    Cell.Age(tree, now),
                ])),
    };
}

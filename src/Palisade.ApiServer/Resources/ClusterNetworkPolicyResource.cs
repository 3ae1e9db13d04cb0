using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Resources;

/// <summary>
/// policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy, as the experimental CustomResourceDefinition makes it.
/// </summary>
internal static class ClusterNetworkPolicyResource
{
    /// <summary>So many others are compared at most: the store waits meanwhile.</summary>
    private const int MostEquals = 16;

    public static Resource Register() => new()
    {
        Kind = ApiKinds.ClusterNetworkPolicy,
        CountsGenerations = true,
        // A resource with a status subresource takes no status from whoever creates it.
        PrepareCreate = tree => tree.Remove("status"),
        WarnAmong = WarnOfEquals,
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

    /// <summary>
    /// The definition does not check it: which of two policies of one tier and priority decides is not defined.
    /// </summary>
    private static IEnumerable<string> WarnOfEquals(JsonObject tree, IEnumerable<JsonObject> others)
    {
        var equals = others.Where(other => JsonNode.DeepEquals(other["spec"]?["tier"], tree["spec"]?["tier"])
            && JsonNode.DeepEquals(other["spec"]?["priority"], tree["spec"]?["priority"]));
        return equals.Take(MostEquals).SelectMany(other => PriorityDiagnostics.Between(Wire(other), Wire(tree)));
    }

    private static WireObject Wire(JsonObject tree) => (WireObject)WireJson.FromNode(tree);
}

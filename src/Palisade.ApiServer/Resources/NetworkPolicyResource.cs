using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>networking.k8s.io/v1 NetworkPolicy: defaults and validation are those of `palisade validate`.</summary>
internal static class NetworkPolicyResource
{
    public static Resource Register() => new()
    {
        Kind = ApiKinds.NetworkPolicy,
        CountsGenerations = true,
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Pod-Selector", "string", "The pods this policy applies to."),
                TableColumn.Age,
            ],
            (tree, now) => new TableRow(
                [Cell.Name(tree), SelectorText.Of(tree["spec"]?["podSelector"]), Cell.Age(tree, now)])),
    };
}

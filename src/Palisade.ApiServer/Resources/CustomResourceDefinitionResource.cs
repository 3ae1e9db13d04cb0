using System.Text.Json.Nodes;
using Palisade.ApiServer.Custom;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>apiextensions.k8s.io/v1 CustomResourceDefinition.</summary>
internal static class CustomResourceDefinitionResource
{
    /// <summary><paramref name="taken"/>: whether a name of a group is a resource of the server's own.</summary>
    public static Resource Register(ApiServerOptions options, Func<string, string, bool> taken) => new()
    {
        Kind = ApiKinds.CustomResourceDefinition,
        NeedsVersion = true,
        Categories = ["api-extensions"],
        CountsGenerations = true,
        PrepareCreate = tree => tree.Remove("status"),
        Assign = (tree, _, all) =>
        {
            // Validation has still to say what is missing of it.
            if (tree["spec"]?["names"] is JsonObject && tree["spec"]?["versions"] is JsonArray)
            {
                var others = all.Select(other => other.Parse()).Where(other => Cell.Name(other) != Cell.Name(tree));
                DefinitionStatus.Set(tree, others, taken, options.Time.GetUtcNow());
            }

            return [];
        },
        Table = new TableLayout(
            [
                TableColumn.ObjectName,
                new("Created At", "date", "When it was made."),
            ],
            (tree, _) => new TableRow([Cell.Name(tree), Cell.Text(tree["metadata"]?["creationTimestamp"])])),
    };
}

using System.Text.Json.Nodes;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Resources;

/// <summary>What the definition of ClusterNetworkPolicy cannot say of it.</summary>
internal static class ClusterNetworkPolicyResource
{
    /// <summary>So many others are compared at most: the store waits meanwhile.</summary>
    private const int MostEquals = 16;

    public static bool Is(KindSchema kind) =>
        (kind.ApiVersion, kind.Kind) ==
        (ApiKinds.ClusterNetworkPolicy.ApiVersion, ApiKinds.ClusterNetworkPolicy.Kind);

    /// <summary>Which of two policies of one tier and priority decides is not defined.</summary>
    public static IEnumerable<string> WarnOfEquals(JsonObject tree, IEnumerable<JsonObject> others)
    {
        var equals = others.Where(other => JsonNode.DeepEquals(other["spec"]?["tier"], tree["spec"]?["tier"])
            && JsonNode.DeepEquals(other["spec"]?["priority"], tree["spec"]?["priority"]));
        return equals.Take(MostEquals).SelectMany(other => PriorityDiagnostics.Between(Wire(other), Wire(tree)));
    }

    private static WireObject Wire(JsonObject tree) => (WireObject)WireJson.FromNode(tree);
}

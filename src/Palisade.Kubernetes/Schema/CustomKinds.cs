using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Schema;

/// <summary>Kinds that CustomResourceDefinitions make, and the definition of ClusterNetworkPolicy.</summary>
public static class CustomKinds
{
    /// <summary>The kind of each version of a valid definition, in its order, with whether it is served.</summary>
    public static ImmutableArray<(KindSchema Kind, JsonObject Version)> Of(JsonObject definition)
    {
        var spec = (WireObject)WireJson.FromNode(definition["spec"]);
        return
        [
            .. definition["spec"]!["versions"]!.AsArray().OfType<JsonObject>().Select(version =>
                (CustomSchemaReader.Kind(spec, (WireObject)WireJson.FromNode(version)), version)),
        ];
    }

    /// <summary>
    /// The definition of <see cref="ApiKinds.ClusterNetworkPolicy"/>, experimental channel: says what the published one
    /// says, without the descriptions.
    /// </summary>
    public static JsonObject ClusterNetworkPolicyDefinition()
    {
        var kind = ApiKinds.ClusterNetworkPolicy;
        JsonObject Column(string name, string type, string path) =>
            new() { ["jsonPath"] = path, ["name"] = name, ["type"] = type };
        return new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject
            {
                ["name"] = kind.QualifiedResource,
                ["annotations"] = new JsonObject
                {
                    ["api-approved.kubernetes.io"] =
                        "https://github.com/kubernetes-sigs/network-policy-api/pull/347",
                    ["policy.networking.k8s.io/bundle-version"] = "v0.2.0",
                    ["policy.networking.k8s.io/channel"] = "experimental",
                },
            },
            ["spec"] = new JsonObject
            {
                ["group"] = kind.Group,
                ["names"] = new JsonObject
                {
                    ["kind"] = kind.Kind,
                    ["listKind"] = kind.Kind + "List",
                    ["plural"] = kind.Plural,
                    ["shortNames"] = new JsonArray([.. kind.ShortNames.Select(name => (JsonNode)name)]),
                    ["singular"] = kind.Singular,
                },
                ["scope"] = "Cluster",
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = kind.Version,
                    ["served"] = true,
                    ["storage"] = true,
                    ["additionalPrinterColumns"] = new JsonArray(
                        Column("Tier", "string", ".spec.tier"),
                        Column("Priority", "string", ".spec.priority"),
                        Column("Age", "date", ".metadata.creationTimestamp")),
                    ["schema"] = new JsonObject
                    {
                        ["openAPIV3Schema"] = CustomOpenApi.Of(kind, new JsonObject { ["type"] = "object" }),
                    },
                    ["subresources"] = new JsonObject { ["status"] = new JsonObject() },
                }),
            },
        };
    }
}

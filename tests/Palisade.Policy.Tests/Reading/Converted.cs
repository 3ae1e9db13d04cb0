using Palisade.Kubernetes.Convert;
using Palisade.Manifests;
using Palisade.Policy.Model;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Palisade.Policy.Tests.Reading;

/// <summary>
/// NetworkPolicies as users get them: through decoding, defaults and validation of Manifests and Kubernetes.
/// </summary>
internal static class Converted
{
    /// <summary>
    /// The policies of documents, which may leave out apiVersion and kind. Each must be one that the API server takes.
    /// </summary>
    public static IEnumerable<NetworkPolicy> Policies(IEnumerable<YamlNode> documents)
    {
        var complete = documents.Select(document => new YamlDocument(Complete((YamlMappingNode)document)));
        var text = new StringWriter();
        new YamlStream(complete).Save(text, assignAnchors: false);
        var set = ManifestSet.Parse(text.ToString());
        Assert.False(set.HasErrors, string.Join('\n', set.Diagnostics));
        return set.Snapshot.NetworkPolicies;
    }

    /// <summary>
    /// The cluster policies of documents, which name their kind. One that the API server refuses counts all the same,
    /// as an enforcer has to take it that meets it.
    /// </summary>
    public static IEnumerable<ClusterNetworkPolicy> ClusterPolicies(IEnumerable<YamlNode> documents)
    {
        var text = new StringWriter();
        new YamlStream(documents.Select(document => new YamlDocument(document))).Save(text, assignAnchors: false);
        return ManifestSet.Parse(text.ToString()).Documents
            .Select(d => ClusterConvert.ClusterNetworkPolicy(d.Stored ?? d.Written, d.Schema!))
            .OfType<ClusterNetworkPolicy>();
    }

    private static YamlMappingNode Complete(YamlMappingNode document)
    {
        document.Children[new YamlScalarNode("apiVersion")] = new YamlScalarNode("networking.k8s.io/v1");
        document.Children[new YamlScalarNode("kind")] = new YamlScalarNode("NetworkPolicy");
        // The e2e tables and ours call a namespace y, which is a boolean in kubectl's YAML 1.1: it means the name here.
        foreach (var scalar in document.AllNodes.OfType<YamlScalarNode>().Where(node => node.Value is "y" or "n"))
            scalar.Style = ScalarStyle.DoubleQuoted;
        return document;
    }
}

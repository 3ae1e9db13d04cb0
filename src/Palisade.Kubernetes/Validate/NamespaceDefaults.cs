using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// Defaults of v1 Namespace: the name label, which every write sets anew (NamespaceDefaultLabelName).
/// </summary>
internal static class NamespaceDefaults
{
    public static WireObject Apply(WireObject decoded)
    {
        var metadata = decoded["metadata"] as WireObject ?? new WireObject([], decoded.At);
        if (metadata["name"] is not WireString { Value.Length: > 0 } name)
            return decoded;
        var labels = metadata["labels"] as WireObject ?? new WireObject([], metadata.At);
        return decoded.With("metadata", metadata.With("labels", labels.With(ClusterSnapshot.NameLabel, name)));
    }
}

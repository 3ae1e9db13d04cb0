namespace Palisade.Lab;

/// <summary>How pods are connected to their nodes.</summary>
public enum LabCni
{
    /// <summary>Each by a link of its own that the node routes to, as Calico does.</summary>
    Routed,

    /// <summary>By ports of one bridge on each node, as most plugins do. It needs br_netfilter.</summary>
    Bridged,
}

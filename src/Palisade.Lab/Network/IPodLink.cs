namespace Palisade.Lab.Network;

/// <summary>What connects a pod to its node. Until it is opened the pod can say nothing.</summary>
internal interface IPodLink
{
    /// <summary>The node's end.</summary>
    string Name { get; }

    /// <summary>Brings the pod's end up.</summary>
    void Open();

    /// <summary>Takes it away, with the routes that belong to it.</summary>
    void Cut();
}

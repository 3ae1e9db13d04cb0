using Palisade.Nftables.Rtnetlink;

namespace Palisade.Dataplane.FlowLog;

/// <summary>The names of the node's interfaces by their numbers. One thread's.</summary>
internal sealed class InterfaceNames(RtSocket routing)
{
    private Dictionary<int, string> _names = [];

    /// <summary>The name; null when there is none of that number (any more).</summary>
    public string? Of(int index)
    {
        if (index == 0)
            return null;
        // A number is not used again soon; one that is not known yet is a new interface.
        if (!_names.ContainsKey(index))
            _names = routing.Links().ToDictionary(link => link.Index, link => link.Name);
        return _names.GetValueOrDefault(index);
    }
}

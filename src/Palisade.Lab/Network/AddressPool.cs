namespace Palisade.Lab.Network;

/// <summary>
/// The slots of one node's pod range. Slots are given out in a circle, so that a deleted pod's address comes back as
/// late as possible: a client that still has it must not meet a stranger. Not safe for concurrent use; the pod
/// controller owns it.
/// </summary>
internal sealed class AddressPool
{
    // 0 is the network, 255 would be its broadcast address, 1 looks like a gateway in every other plug-in.
    private const int First = 2;
    private const int Last = 254;

    private readonly HashSet<int> _used = [];
    private int _cursor = First - 1;

    /// <summary>How many slots a node has.</summary>
    public const int Size = Last - First + 1;

    /// <summary>Takes this slot; false when it is out of range or in use.</summary>
    public bool TryTake(int slot)
    {
        if (slot is < First or > Last || !_used.Add(slot))
            return false;
        _cursor = Math.Max(_cursor, slot);
        return true;
    }

    /// <summary>Takes the next free slot, or answers null when all are in use.</summary>
    public int? TakeNext()
    {
        for (var tried = 0; tried < Size; tried++)
        {
            _cursor = _cursor >= Last ? First : _cursor + 1;
            if (_used.Add(_cursor))
                return _cursor;
        }

        return null;
    }

    /// <summary>Gives a slot back.</summary>
    public void Release(int slot) => _used.Remove(slot);
}

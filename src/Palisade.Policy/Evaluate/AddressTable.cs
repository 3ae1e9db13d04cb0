using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>
/// Addresses of one family to numbers: a hash table of 24 bytes a slot, never more than half full, neighbours tried in
/// turn. Not changed once it is read by several threads.
/// </summary>
internal sealed class AddressTable
{
    private struct Slot
    {
        public ulong High, Low;

        // The number + 1; 0 is an empty slot.
        public int Next;
    }

    private Slot[] _slots = new Slot[16];
    private int _count;
    private int _shift = 60;

    /// <summary>The number of an address, or -1.</summary>
    public int Find(UInt128 bits) => unchecked(At((ulong)(bits >> 64), (ulong)bits).Next - 1);

    /// <summary>The number of an address from now on.</summary>
    public void Set(Address address, int number)
    {
        var (high, low) = unchecked(((ulong)(address.Bits >> 64), (ulong)address.Bits));
        if (At(high, low).Next == 0 && 2 * ++_count > _slots.Length)
            Grow();
        At(high, low) = new() { High = high, Low = low, Next = number + 1 };
    }

    /// <summary>The slot of an address, or the empty one where it would be.</summary>
    private ref Slot At(ulong high, ulong low)
    {
        unchecked
        {
            var slots = _slots;
            for (var i = (int)(Hash(high, low) >> _shift); ; i++)
            {
                ref var slot = ref slots[i & (slots.Length - 1)];
                if (slot.Next == 0 || (slot.Low == low && slot.High == high))
                    return ref slot;
            }
        }
    }

    private void Grow()
    {
        var before = _slots;
        _slots = new Slot[2 * before.Length];
        _shift--;
        foreach (var slot in before)
        {
            if (slot.Next != 0)
                At(slot.High, slot.Low) = slot;
        }
    }

    // Multiplying by 2^64 / the golden ratio brings what differs in any bit to the top bits (Knuth 6.4).
    private static ulong Hash(ulong high, ulong low) =>
        unchecked((low ^ (high * 0xC2B2AE3D27D4EB4F)) * 0x9E3779B97F4A7C15);
}

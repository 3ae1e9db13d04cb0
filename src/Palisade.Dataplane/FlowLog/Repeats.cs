using Palisade.Nftables;

namespace Palisade.Dataplane.FlowLog;

/// <summary>
/// Tells a packet that is sent again (TCP asks 1, 3, 7 … 63 s later, with the same ports) from a new attempt. Bounded:
/// two tables of which the older is dropped when the younger is full or a minute old.
/// </summary>
internal sealed class Repeats(TimeProvider time)
{
    private const int Most = 2048;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(70);

    private Dictionary<Attempt, long> _young = [];
    private Dictionary<Attempt, long> _old = [];
    private long _since = time.GetTimestamp();

    /// <summary>What makes two packets one attempt.</summary>
    internal readonly record struct Attempt(
        PacketAddress From, PacketAddress To, byte Protocol, ushort FromPort, ushort ToPort, DropMark Mark);

    /// <summary>Counts a packet; 0 when it is the first of its attempt.</summary>
    public long Count(Attempt attempt)
    {
        if (_young.Count >= Most || time.GetElapsedTime(_since) > Window)
            (_old, _young, _since) = (_young, [], time.GetTimestamp());
        var before = _young.TryGetValue(attempt, out var seen) ? seen : _old.GetValueOrDefault(attempt);
        _young[attempt] = before + 1;
        return before;
    }
}

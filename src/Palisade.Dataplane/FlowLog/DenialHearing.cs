using Palisade.Nftables;
using Palisade.Nftables.Packets;

namespace Palisade.Dataplane.FlowLog;

/// <summary>From logged packets to records: one for each attempt, as far as the budget goes. One thread's.</summary>
internal sealed class DenialHearing(
    Attribution attribution, Budget budget, TimeProvider time, Action<FlowRecord> publish)
{
    private readonly Repeats _repeats = new(time);
    private readonly SuppressedCount _suppressed = new();

    /// <summary>
    /// Takes a packet. Beyond the budget it counts as if the kernel had not logged it; of a group that others log to
    /// as well their packets are nothing to us.
    /// </summary>
    public void Hear(LoggedPacket packet)
    {
        if (!DropMark.TryParse(packet.Prefix, out var mark))
            return;
        if (packet.Head is not { } head)
        {
            _suppressed.Received(mark.Counter);
            return;
        }

        var again = _repeats.Count(
            new(head.Source, head.Destination, head.Protocol, head.SourcePort, head.DestinationPort, mark));
        if (again > 0)
        {
            _suppressed.Received(mark.Counter);
            return;
        }

        if (!budget.TryTake())
            return;
        _suppressed.Received(mark.Counter);
        if (attribution.Denied(packet, mark) is { } record)
            publish(record);
    }

    /// <summary>Publishes what the counters say was not logged.</summary>
    public void Look(string node, IReadOnlyList<NamedCounter> counters)
    {
        foreach (var (counter, count) in _suppressed.Look(counters))
            publish(FlowRecorder.Suppressed(node, counter, count, time));
    }
}

namespace Palisade.Agent;

/// <summary>
/// Gives memory back to the machine that a start or a wave of changes left behind: what was read is garbage by then,
/// scattered among what stays. A compacting collection stops the agent for some tens of milliseconds, so it waits for
/// quiet, and is made only when much was allocated.
/// </summary>
internal sealed class IdleCollector(TimeProvider time, Func<long> allocatedBytes, Action collect)
{
    private const long Worth = 16 << 20;   // bytes allocated since the last one

    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2), Pause = TimeSpan.FromSeconds(10);

    private long _changedAt = time.GetTimestamp();
    private long? _collectedAt;
    private long _allocated;

    /// <summary>For this process's heap.</summary>
    public static IdleCollector OfProcess(TimeProvider time) => new(
        time, () => GC.GetTotalAllocatedBytes(),
        () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true));

    /// <summary>After each turn of the agent's loop.</summary>
    /// <param name="changed">Whether it had something to do, and may have more in a moment.</param>
    public void Turned(bool changed)
    {
        if (changed)
            _changedAt = time.GetTimestamp();
        else if (time.GetElapsedTime(_changedAt) >= Quiet
            && (_collectedAt is not { } at || time.GetElapsedTime(at) >= Pause)
            && allocatedBytes() - _allocated >= Worth)
        {
            collect();
            (_collectedAt, _allocated) = (time.GetTimestamp(), allocatedBytes());
        }
    }
}

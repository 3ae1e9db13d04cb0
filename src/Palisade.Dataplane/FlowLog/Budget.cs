namespace Palisade.Dataplane.FlowLog;

/// <summary>So many a second, and as many at once: what is beyond is not looked at. One thread's.</summary>
internal sealed class Budget(int rate, TimeProvider time)
{
    private double _left = rate;
    private long _at = time.GetTimestamp();

    /// <summary>Takes one; false when there is none.</summary>
    public bool TryTake()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(rate, _left + time.GetElapsedTime(_at, now).TotalSeconds * rate);
        _at = now;
        if (_left < 1)
            return false;
        _left--;
        return true;
    }
}

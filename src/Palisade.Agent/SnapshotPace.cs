namespace Palisade.Agent;

/// <summary>
/// Shows those who attribute denials which cluster the table stands for. A snapshot costs what is in the cluster, a
/// pass only what changed: so that passes stay cheap under churn, snapshots take at most a twentieth of the time. In a
/// small cluster each pass has its own.
/// </summary>
internal sealed class SnapshotPace(AgentFlows flows, TimeProvider time)
{
    private const int Share = 20;

    private long _takenAt = time.GetTimestamp();
    private TimeSpan _pause;
    private (ulong Generation, bool Changed)? _owed;

    /// <summary>How long until one that is owed is due; null when none is.</summary>
    public TimeSpan? Due => _owed is null ? null : Rest;

    private TimeSpan Rest
    {
        get
        {
            var rest = _pause - time.GetElapsedTime(_takenAt);
            return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
        }
    }

    /// <summary>The kernel has this now: a snapshot is owed.</summary>
    public void Enforced(ulong generation, bool changed) =>
        _owed = (generation, changed || _owed is { Changed: true });

    /// <summary>Takes one that is owed, if it is time.</summary>
    public void CatchUp(Enforcer enforcer)
    {
        if (_owed is not { } owed || Rest > TimeSpan.Zero)
            return;
        _owed = null;
        var began = time.GetTimestamp();
        if (enforcer.InForce is not { } now)
            return;   // a failure: the next pass that succeeds owes one again
        flows.Enforced(now.Cluster, now.Network, owed.Generation, owed.Changed);
        _takenAt = time.GetTimestamp();
        _pause = time.GetElapsedTime(began, _takenAt) * Share;
    }
}

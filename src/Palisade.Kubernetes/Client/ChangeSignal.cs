using System.Diagnostics;

namespace Palisade.Kubernetes.Client;

/// <summary>
/// Says that something changed, not what: any number of raises before a wait are one. Whoever waits then looks at the
/// whole state, so a raise is never lost and never has to be queued.
/// </summary>
public sealed class ChangeSignal : IDisposable
{
    private readonly SemaphoreSlim _raised = new(0, 1);
    private readonly Lock _lock = new();

    /// <summary>When (Stopwatch) the first of the changes was told that the last wait ended for.</summary>
    public long FirstRaised { get; private set; } = Stopwatch.GetTimestamp();

    /// <summary>Something changed.</summary>
    public void Raise()
    {
        lock (_lock)
        {
            if (_raised.CurrentCount != 0)
                return;
            FirstRaised = Stopwatch.GetTimestamp();
            _raised.Release();
        }
    }

    /// <summary>Returns as soon as something changed since the last return.</summary>
    public Task WaitAsync(CancellationToken cancel) => _raised.WaitAsync(cancel);

    /// <summary>As <see cref="WaitAsync(CancellationToken)"/>, but gives up after a time: false.</summary>
    public Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancel) => _raised.WaitAsync(limit, cancel);

    /// <inheritdoc/>
    public void Dispose() => _raised.Dispose();
}

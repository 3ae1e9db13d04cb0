namespace Palisade.ApiServer.Controllers;

/// <summary>
/// Runs a controller's pass whenever something changed that it looks at, or when the time it named has come. A pass
/// looks at everything and reads what it wrote, so that nothing is remembered between two of them.
/// </summary>
internal sealed class PassLoop : IAsyncDisposable
{
    // A pass without anything to wait for looks again after this long all the same.
    private static readonly TimeSpan _longest = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <param name="store">The objects.</param>
    /// <param name="resources">What the pass looks at.</param>
    /// <param name="pass">One pass; answers when it wants to look again though nothing changed.</param>
    /// <param name="time">The clock.</param>
    public PassLoop(ObjectStore store, IReadOnlySet<string> resources, Func<DateTimeOffset?> pass, TimeProvider time) =>
        _running = Task.Run(() => RunAsync(store, resources, pass, time));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(
        ObjectStore store, IReadOnlySet<string> resources, Func<DateTimeOffset?> pass, TimeProvider time)
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var version = store.Version;
                var next = pass() - time.GetUtcNow() ?? _longest;
                var limit = next < TimeSpan.Zero ? TimeSpan.Zero : next < _longest ? next : _longest;
                await store.WaitForChangeAsync(resources, version, limit, time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The end of the server.
        }
        catch (StatusException) when (_stop.IsCancellationRequested)
        {
            // The store was closed while a pass ran.
        }
    }
}

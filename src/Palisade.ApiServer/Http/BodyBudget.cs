namespace Palisade.ApiServer.Http;

/// <summary>
/// What the bodies of all requests together may take: so many bytes, and of the big ones, which as trees take many
/// times their length, one at a time.
/// </summary>
internal sealed class BodyBudget : IDisposable
{
    public const int Big = 256 * 1024;
    private const long MostBytes = 64 << 20;
    private readonly SemaphoreSlim _big = new(1);
    private long _bytes;

    public bool TryAdd(int bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= MostBytes)
            return true;
        Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    public void Remove(long bytes) => Interlocked.Add(ref _bytes, -bytes);

    public Task EnterBigAsync(CancellationToken cancel) => _big.WaitAsync(cancel);

    public void LeaveBig() => _big.Release();

    public void Dispose() => _big.Dispose();
}

/// <summary>
/// One request's share of the budget, and its place among those that are served, until the request ends.
/// </summary>
internal sealed class BodyLease(BodyBudget budget, Func<IDisposable> enter) : IDisposable
{
    private IDisposable? _place;
    private long _bytes;
    private bool _isBig;

    public void Grow(int bytes)
    {
        if (!budget.TryAdd(bytes))
            throw Errors.TooManyRequests("Too many large requests, please try again later.");
        _bytes += bytes;
    }

    /// <summary>Takes the place; refuses where there is none.</summary>
    public void Enter() => _place ??= enter();

    /// <summary>The body has been read; ends when it may be looked into.</summary>
    public async Task ReadyAsync(CancellationToken cancel)
    {
        Enter();
        if (_bytes < BodyBudget.Big || _isBig)
            return;
        await budget.EnterBigAsync(cancel);
        _isBig = true;
    }

    public void Dispose()
    {
        _place?.Dispose();
        budget.Remove(_bytes);
        if (_isBig)
            budget.LeaveBig();
    }
}

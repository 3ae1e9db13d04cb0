namespace Palisade.ApiServer.Storage;

/// <summary>A transaction that has run and waits for the disk.</summary>
/// <param name="Changes">What it changed; empty when it has only something to say.</param>
/// <param name="After">The state it made; null when it changed nothing.</param>
internal abstract record PendingWrite(IReadOnlyList<Change> Changes, StoreState? After)
{
    /// <summary>Answers what the transaction said.</summary>
    public abstract void Succeed();

    /// <summary>Answers that nothing of it was stored.</summary>
    public abstract void Fail(StatusException refusal);
}

/// <summary>One with its answer: a result, or the transaction's own refusal.</summary>
internal sealed record PendingWrite<T>(
    IReadOnlyList<Change> Changes, StoreState? After, T? Result, StatusException? Refusal)
    : PendingWrite(Changes, After)
{
    // Who waits goes on in a thread of the pool, not in the store's own.
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _done.Task;

    public override void Succeed()
    {
        if (Refusal is not null)
            _done.SetException(Refusal);
        else
            _done.SetResult(Result!);
    }

    public override void Fail(StatusException refusal) => _done.SetException(refusal);
}

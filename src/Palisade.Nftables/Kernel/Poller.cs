using System.Runtime.InteropServices;

namespace Palisade.Nftables.Kernel;

/// <summary>
/// One thread that waits for any number of descriptors, so that nobody else needs a thread to wait: .NET reads pipes
/// and terminals by blocking one of its pool's. Costs nothing while nothing happens.
/// </summary>
public sealed class Poller : IDisposable
{
    private const short Readable = 0x1;   // POLLIN
    private const short Writable = 0x4;   // POLLOUT
    private const int NonBlockingCloseOnExec = 0x80800;

    private readonly Lock _gate = new();
    private readonly List<Waiter> _waiters = [];
    private readonly FileDescriptor _wake;
    private readonly Thread _thread;
    private bool _isEnded;

    private sealed record Waiter(int Descriptor, short Events, TaskCompletionSource Ready);

    /// <summary>Starts the thread.</summary>
    public Poller()
    {
        var wake = Libc.eventfd(0, NonBlockingCloseOnExec);
        _wake = wake >= 0 ? new(wake) : throw KernelException.Last("eventfd");
        _thread = new Thread(Wait) { IsBackground = true, Name = "poller" };
        _thread.Start();
    }

    /// <summary>Waits until a descriptor can be read or written, has failed, or is forgotten.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="write">Whether it is to be written.</param>
    /// <param name="isOver">Whether it was forgotten meanwhile, so that there is nothing to wait for.</param>
    /// <param name="cancel">Gives up.</param>
    internal async Task WaitAsync(int descriptor, bool write, Func<bool> isOver, CancellationToken cancel)
    {
        var waiter = new Waiter(
            descriptor, write ? Writable : Readable, new(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isEnded, this);
            if (isOver())
                return;
            _waiters.Add(waiter);
        }

        Wake();
        await using (cancel.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), waiter.Ready))
        {
            try
            {
                await waiter.Ready.Task;
            }
            catch (OperationCanceledException)
            {
                lock (_gate)
                    _waiters.Remove(waiter);
                throw;
            }
        }
    }

    /// <summary>
    /// Lets those go on that wait for a descriptor, which is about to be closed or has no more to say.
    /// </summary>
    internal void Forget(int descriptor)
    {
        List<Waiter> freed;
        lock (_gate)
        {
            freed = _waiters.FindAll(waiter => waiter.Descriptor == descriptor);
            _waiters.RemoveAll(waiter => waiter.Descriptor == descriptor);
        }

        freed.ForEach(waiter => waiter.Ready.TrySetResult());
        Wake();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _isEnded = true;
        Wake();
        _thread.Join();
        _waiters.ForEach(waiter => waiter.Ready.TrySetResult());
        _wake.Dispose();
    }

    private unsafe void Wake()
    {
        var one = 1ul;
        _ = Libc.write(_wake, (byte*)&one, sizeof(ulong));   // full: it is awake anyway
    }

    private unsafe void Wait()
    {
        while (true)
        {
            Waiter[] waiters;
            lock (_gate)
            {
                if (_isEnded)
                    return;
                waiters = [.. _waiters];
            }

            var entries = new Libc.PollEntry[waiters.Length + 1];
            entries[^1] = new() { FileDescriptor = _wake.Number, Events = Readable };
            for (var i = 0; i < waiters.Length; i++)
                entries[i] = new() { FileDescriptor = waiters[i].Descriptor, Events = waiters[i].Events };
            int ready;
            fixed (Libc.PollEntry* first = entries)
                ready = Libc.poll(first, (nuint)entries.Length, -1);
            if (ready <= 0)
                continue;   // a signal
            if (entries[^1].Returned != 0)
            {
                ulong count;
                _ = Libc.read(_wake, (byte*)&count, sizeof(ulong));
            }

            Free([.. waiters.Where((_, i) => entries[i].Returned != 0)]);
        }
    }

    private void Free(HashSet<Waiter> ready)
    {
        if (ready.Count == 0)
            return;
        lock (_gate)
            _waiters.RemoveAll(ready.Contains);
        foreach (var waiter in ready)
            waiter.Ready.TrySetResult();
    }
}

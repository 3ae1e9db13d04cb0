using System.Collections.Immutable;
using System.Diagnostics;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;

namespace Palisade.Benchmarks.Drift;

/// <summary>When somebody committed something, as a thread of its own hears it.</summary>
internal sealed class CommitLog : IDisposable
{
    private readonly NftMonitor _monitor;
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly List<(long At, uint Port)> _heard = [];
    private volatile bool _ended;

    public CommitLog(NetworkNamespace space)
    {
        _monitor = space.Run(() => new NftMonitor());
        _thread = new(Listen) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>The commits since it was cleared, and the sockets that made them.</summary>
    public ImmutableArray<(long At, uint Port)> All
    {
        get
        {
            lock (_lock)
                return [.. _heard];
        }
    }

    public void Clear()
    {
        lock (_lock)
            _heard.Clear();
    }

    public void Dispose()
    {
        _ended = true;
        _thread.Join();
        _monitor.Dispose();
    }

    private void Listen()
    {
        while (!_ended)
        {
            if (_monitor.Read(TimeSpan.FromMilliseconds(100)) is not { } commit)
                continue;
            lock (_lock)
                _heard.Add((Stopwatch.GetTimestamp(), commit.Port));
        }
    }
}

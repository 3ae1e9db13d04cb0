namespace Palisade.Dataplane.FlowLog;

/// <summary>
/// The last records as lines, for any number of readers, each with a place of its own. Bounded in records and bytes;
/// writers never wait: who reads too slowly is told how many it has missed.
/// </summary>
public sealed class FlowRing
{
    /// <summary>How many records are kept at most.</summary>
    public const int MostRecords = 4096;

    /// <summary>Bytes of all lines together, at most.</summary>
    public const int MostBytes = 4 << 20;

    private readonly Lock _lock = new();
    private readonly Queue<(DateTimeOffset Time, byte[] Line)> _lines = [];
    private TaskCompletionSource? _news;
    private long _first;
    private long _bytes;

    /// <summary>Adds a line; the oldest make room.</summary>
    public void Add(DateTimeOffset time, byte[] line)
    {
        TaskCompletionSource? news;
        lock (_lock)
        {
            _lines.Enqueue((time, line));
            _bytes += line.Length;
            while (_lines.Count > MostRecords || (_bytes > MostBytes && _lines.Count > 1))
            {
                _bytes -= _lines.Dequeue().Line.Length;
                _first++;
            }

            (news, _news) = (_news, null);
        }

        news?.TrySetResult();
    }

    /// <summary>The place behind the newest line.</summary>
    public long End
    {
        get
        {
            lock (_lock)
                return _first + _lines.Count;
        }
    }

    /// <summary>The lines from a place on that are not older than a time; where the next are; how many are gone.
    /// </summary>
    public (List<byte[]> Lines, long Next, long Missed) Read(long place, DateTimeOffset since = default)
    {
        lock (_lock)
        {
            var missed = Math.Max(0, _first - place);
            var skip = (int)Math.Max(0, place - _first);
            List<byte[]> lines = [.. _lines.Skip(skip).Where(entry => entry.Time >= since).Select(entry => entry.Line)];
            return (lines, _first + _lines.Count, missed);
        }
    }

    /// <summary>Returns when there is a line at or behind a place.</summary>
    public async Task WaitAsync(long place, CancellationToken cancel)
    {
        while (true)
        {
            Task news;
            lock (_lock)
            {
                if (_first + _lines.Count > place)
                    return;
                _news ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                news = _news.Task;
            }

            await news.WaitAsync(cancel).ConfigureAwait(false);
        }
    }
}

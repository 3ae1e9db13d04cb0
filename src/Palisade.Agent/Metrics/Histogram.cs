namespace Palisade.Agent.Metrics;

/// <summary>How long things took, counted by bounds in seconds. For several threads.</summary>
internal sealed class Histogram(params ReadOnlySpan<double> bounds)
{
    private readonly Lock _lock = new();
    private readonly double[] _bounds = bounds.ToArray();
    private readonly long[] _counts = new long[bounds.Length + 1];
    private double _sum;

    public void Note(TimeSpan took)
    {
        var place = Array.FindIndex(_bounds, bound => took.TotalSeconds <= bound);
        lock (_lock)
        {
            _counts[place < 0 ? _bounds.Length : place]++;
            _sum += took.TotalSeconds;
        }
    }

    /// <summary>For each bound how many took at most so long; and of all the sum and the count.</summary>
    public ((double Bound, long AtMost)[] Buckets, double Sum, long Count) Read()
    {
        lock (_lock)
        {
            var buckets = new (double, long)[_bounds.Length];
            var count = 0L;
            for (var i = 0; i < _bounds.Length; i++)
                buckets[i] = (_bounds[i], count += _counts[i]);
            return (buckets, _sum, count + _counts[^1]);
        }
    }
}

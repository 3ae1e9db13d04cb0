using System.Diagnostics;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Sets;

namespace Palisade.Benchmarks.Compile;

/// <summary>
/// One verdict, on average, and how many of those measured are Allow (so that nobody measures one answer).
/// </summary>
internal sealed record VerdictCost(double Nanoseconds, double Bytes, double AllowedShare);

/// <summary>
/// Verdicts of random pairs of pods on a port that policies mention, after a first round that builds gates.
/// </summary>
internal sealed class VerdictMeasurement
{
    private const int Pairs = 4096, Batch = 256;

    // The first second brings the code to its last tier and the caches to the pairs.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1), Measured = TimeSpan.FromSeconds(1);

    private readonly Evaluator _evaluator;
    private readonly (int From, int To)[] _pods = new (int, int)[Pairs];
    private readonly (Address From, Address To)[] _addresses = new (Address, Address)[Pairs];

    public VerdictMeasurement(CompiledPolicy policy)
    {
        _evaluator = new(policy);
        var random = new Random(1);
        var pods = policy.Snapshot.Endpoints;
        for (var i = 0; i < Pairs; i++)
        {
            _pods[i] = (random.Next(pods.Length), random.Next(pods.Length));
            _addresses[i] = (pods[_pods[i].From].Addresses[0], pods[_pods[i].To].Addresses[0]);
        }
    }

    /// <summary>Between two endpoint ids.</summary>
    public VerdictCost ById() => Measure(i =>
        _evaluator.Verdict(_pods[i].From, _pods[i].To, AddressFamily.V4, Protocol.Tcp, 8080));

    /// <summary>Between two addresses.</summary>
    public VerdictCost ByAddress() => Measure(i =>
        _evaluator.Verdict(_addresses[i].From, _addresses[i].To, Protocol.Tcp, 8080));

    private static VerdictCost Measure(Func<int, Verdict> verdict)
    {
        var allowed = Enumerable.Range(0, Pairs).Count(i => verdict(i) == Verdict.Allow);
        Batches(verdict, WarmUp);
        var (times, bytes) = Batches(verdict, Measured);
        return new(Figures.Median(times), bytes, allowed / (double)Pairs);
    }

    /// <summary>
    /// Nanoseconds a call, batch by batch, so that the median leaves out those in which another process ran, and the
    /// bytes a call on average.
    /// </summary>
    private static (List<double> Times, double Bytes) Batches(Func<int, Verdict> verdict, TimeSpan time)
    {
        var times = new List<double>(1 << 16);
        var (next, sum, bytes) = (0, 0, 0L);
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        for (var start = Stopwatch.GetTimestamp(); start < end; start = Stopwatch.GetTimestamp())
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Batch; i++)
                sum += (int)verdict(next + i);
            bytes += GC.GetAllocatedBytesForCurrentThread() - before;
            times.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / Batch);
            next = (next + Batch) % Pairs;
        }

        GC.KeepAlive(sum);
        return (times, bytes / ((double)times.Count * Batch));
    }
}

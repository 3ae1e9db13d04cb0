using System.Diagnostics;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Sets;

namespace Palisade.Benchmarks.Compile;

/// <summary>
/// One verdict, on average, and how many of those measured are Allow (so that nobody measures one answer).
/// </summary>
internal sealed record VerdictCost(double Nanoseconds, double LeastNanoseconds, double Bytes, double AllowedShare);

/// <summary>
/// Verdicts of random pairs of pods on a port that policies mention, after a first round that builds gates.
/// </summary>
internal sealed class VerdictMeasurement
{
    /// <summary>As many pairs as a busy program has at hand: what they touch stays in the processor's caches.</summary>
    public const int FewPairs = 4096;

    /// <summary>So many that hardly any pair's memory is still in the caches when it comes again.</summary>
    public const int ManyPairs = 1 << 20;

    private const int Batch = 256;
    private const ushort Port = 8080;

    // The first second brings the code to its last tier and the caches to the pairs.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1), Measured = TimeSpan.FromSeconds(1);

    private readonly Evaluator _evaluator;
    private readonly (int From, int To)[] _pods;
    private readonly (Address From, Address To)[] _addresses;

    public VerdictMeasurement(CompiledPolicy policy, int pairs)
    {
        _evaluator = new(policy);
        var random = new Random(1);
        var pods = policy.Snapshot.Endpoints;
        _pods = new (int, int)[pairs];
        _addresses = new (Address, Address)[pairs];
        for (var i = 0; i < pairs; i++)
        {
            _pods[i] = (random.Next(pods.Length), random.Next(pods.Length));
            _addresses[i] = (pods[_pods[i].From].Addresses[0], pods[_pods[i].To].Addresses[0]);
        }
    }

    /// <summary>Between two endpoint ids.</summary>
    public VerdictCost ById() => Measure(first =>
    {
        var allowed = 0;
        foreach (var (from, to) in _pods.AsSpan(first, Batch))
            allowed += (int)_evaluator.Verdict(from, to, AddressFamily.V4, Protocol.Tcp, Port);
        return allowed;
    });

    /// <summary>Between two addresses.</summary>
    public VerdictCost ByAddress() => Measure(first =>
    {
        var allowed = 0;
        foreach (ref readonly var pair in _addresses.AsSpan(first, Batch))
            allowed += (int)_evaluator.Verdict(pair.From, pair.To, Protocol.Tcp, Port);
        return allowed;
    });

    private VerdictCost Measure(Func<int, int> batch)
    {
        var allowed = 0;
        for (var first = 0; first < _pods.Length; first += Batch)
            allowed += batch(first);
        Batches(batch, WarmUp);
        var (times, bytes) = Batches(batch, Measured);
        return new(Figures.Median(times), times.Min(), bytes, allowed / (double)_pods.Length);
    }

    /// <summary>
    /// Nanoseconds a call, batch by batch, so that the median leaves out those in which another process ran, and the
    /// bytes a call on average.
    /// </summary>
    private (List<double> Times, double Bytes) Batches(Func<int, int> batch, TimeSpan time)
    {
        var times = new List<double>(1 << 20);
        var (next, sum, bytes) = (0, 0, 0L);
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        for (var start = Stopwatch.GetTimestamp(); start < end; start = Stopwatch.GetTimestamp())
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            sum += batch(next);
            bytes += GC.GetAllocatedBytesForCurrentThread() - before;
            times.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / Batch);
            next = (next + Batch) % _pods.Length;
        }

        GC.KeepAlive(sum);
        return (times, bytes / ((double)times.Count * Batch));
    }
}

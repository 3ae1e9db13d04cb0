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
    private const int Pairs = 4096, Rounds = 7;

    // Enough calls to be timed, few enough for a verdict of a millisecond to end in time.
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(150);

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

    /// <summary>From endpoint ids: parties made, then the verdict.</summary>
    public VerdictCost ById() => Measure(i => _evaluator.Verdict(new(
        _evaluator.Parties.OfPod(_pods[i].From, AddressFamily.V4),
        _evaluator.Parties.OfPod(_pods[i].To, AddressFamily.V4), Protocol.Tcp, 8080)));

    /// <summary>From two addresses: parties looked up, then the verdict.</summary>
    public VerdictCost ByAddress() => Measure(i => _evaluator.Verdict(new(
        _evaluator.Parties.OfAddress(_addresses[i].From),
        _evaluator.Parties.OfAddress(_addresses[i].To), Protocol.Tcp, 8080)));

    private static VerdictCost Measure(Func<int, Verdict> verdict)
    {
        var allowed = Enumerable.Range(0, Pairs).Count(i => verdict(i) == Verdict.Allow);
        var (times, bytes) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var (calls, sum, start) = (0L, 0, Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(start) < Round)
            {
                for (var i = 0; i < 256; i++)
                    sum += (int)verdict((int)((calls + i) % Pairs));
                calls += 256;
            }

            times.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / calls);
            bytes.Add((GC.GetAllocatedBytesForCurrentThread() - before) / (double)calls);
            GC.KeepAlive(sum);
        }

        return new(Figures.Median(times), bytes.Min(), allowed / (double)Pairs);
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using CsCheck;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Tests.Shared;

namespace Palisade.Policy.Tests.Compile.Incremental;

/// <summary>What a cluster began with, and what happened to it then, step by step.</summary>
internal sealed record EventSequence(ImmutableArray<Event> First, ImmutableArray<ImmutableArray<Event>> Steps)
{
    public int Events => Steps.Sum(step => step.Length);

    public override string ToString()
    {
        var text = new StringBuilder("at first:\n");
        foreach (var one in First)
            text.AppendLine(one.Text());
        text.AppendLine("then:");
        for (var i = 0; i < Steps.Length; i++)
        {
            foreach (var one in Steps[i])
                text.AppendLine(CultureInfo.InvariantCulture, $"{i}: {one.Text()}");
        }

        return text.ToString();
    }
}

/// <summary>Leads an engine and its copy through a sequence of events and compares.</summary>
internal sealed class EventRun
{
    private readonly EventShape _shape;
    private readonly ClusterModel _model;
    private readonly PolicyEngine _engine;
    private readonly Mirror _mirror;
    private readonly List<ImmutableArray<Event>> _done = [];

    public EventRun(IEnumerable<Event> first, EventShape shape)
    {
        _shape = shape;
        _model = ClusterModel.Of(first);
        _engine = new(_model.ToSnapshot());
        _mirror = new(_engine.Policy);
        Compare();
    }

    /// <summary>What was done until now, the step that failed among it.</summary>
    public IReadOnlyList<ImmutableArray<Event>> Done => _done;

    /// <summary>Called after each step that held, with the copy as it was before.</summary>
    public Action<EventRun, Mirror, PolicyDelta>? Seen { get; init; }

    public ClusterModel Model => _model;

    public CompiledPolicy Policy => _engine.Policy;

    public void Step(ImmutableArray<Event> events)
    {
        _done.Add(events);
        var delta = events.Length == 1
            ? _engine.Apply(events[0].Change)
            : _engine.Apply([.. events.Select(one => one.Change)]);
        foreach (var one in events)
            one.Do(_model);
        var before = Seen is null ? null : new Mirror(_mirror);
        _mirror.Apply(delta, _engine.Policy);
        if (_done.Count % _shape.Every == 0)
            Compare();
        Seen?.Invoke(this, before!, delta);
    }

    public void Compare()
    {
        var comparison = new Comparison(_engine.Policy, _model);
        comparison.Compiled();
        comparison.Copied(_mirror);
        comparison.Verdicts(Probes());
    }

    /// <summary>The same connections for the same cluster in the same step.</summary>
    private Probe[] Probes()
    {
        var cluster = _model.ToSnapshot();
        var families = _shape.Cluster.Families;
        if (cluster.Endpoints.IsEmpty
            || !families.All(f => cluster.Nodes.Any(n => n.Addresses.Any(address => address.Family == f))))
            return [];
        var gen = RandomClusters.ProbesIn(cluster, _shape.Cluster).Array[_shape.Probes];
        return gen.Generate(new PCG(9, (ulong)_done.Count), null, out _);
    }
}

/// <summary>Runs of random events, and what is left of those that fail.</summary>
internal static class EventRuns
{
    private const int ShrinkRuns = 3000;

    /// <summary>eng/mutate.cs asks whether something fails, many times, and not for what is left of it.</summary>
    public static bool IsOfMutants =>
        Environment.GetEnvironmentVariable("PALISADE_RANDOM_CLUSTERS") is { Length: > 0 };

    /// <summary>
    /// Runs the sequence of a seed; a failure is shrunk and thrown with the seed. Returns how many events it had.
    /// </summary>
    public static int Run(
        EventShape shape, ulong seed, Action<EventRun, Mirror, PolicyDelta>? seen = null)
    {
        var cluster = RandomClusters.Clusters(shape.Cluster).Generate(new PCG(6, seed), null, out _);
        ImmutableArray<Event> first = [.. Event.Of(cluster)];
        EventRun? run = null;
        try
        {
            run = new EventRun(first, shape) { Seen = seen };
            var events = new RandomEvents(run.Model, shape, seed);
            for (var i = 0; i < shape.Steps; i++)
                run.Step(events.Next());
            run.Compare();
            return run.Done.Sum(step => step.Length);
        }
        catch (Exception failure)
        {
            var failed = new EventSequence(first, [.. run?.Done ?? []]);
            throw new InvalidOperationException(Report(failed, shape, seed, failure), failure);
        }
    }

    /// <summary>Why a sequence fails; null: it does not. Everything is compared after each step.</summary>
    public static string? Failure(EventSequence sequence, EventShape shape)
    {
        try
        {
            var run = new EventRun(sequence.First, shape with { Every = 1 });
            foreach (var step in sequence.Steps)
                run.Step(step);
            return null;
        }
        catch (Exception failure)
        {
            return failure is Difference ? failure.Message : failure.ToString();
        }
    }

    /// <summary>A sequence that fails too, and in which little can be left out. At most some thousand runs.</summary>
    public static EventSequence Shrink(EventSequence sequence, EventShape shape)
    {
        var left = ShrinkRuns;
        for (var (before, again) = (sequence, true); again; before = sequence)
        {
            sequence = sequence with { Steps = Fewer(sequence.Steps, kept => Fails(sequence with { Steps = kept })) };
            sequence = sequence with { First = Fewer(sequence.First, kept => Fails(sequence with { First = kept })) };
            for (var i = 0; i < sequence.Steps.Length; i++)
            {
                var step = sequence.Steps[i];
                step = Fewer(step, kept => Fails(sequence with { Steps = sequence.Steps.SetItem(i, kept) }));
                sequence = sequence with { Steps = sequence.Steps.SetItem(i, step) };
            }

            again = left > 0 && Size(sequence) < Size(before);
        }

        return sequence;

        bool Fails(EventSequence fewer) => left-- > 0 && Failure(fewer, shape) is not null;
    }

    /// <summary>Drops halves, quarters and so on down to single items, as long as what is left fails.</summary>
    private static ImmutableArray<T> Fewer<T>(ImmutableArray<T> items, Func<ImmutableArray<T>, bool> fails)
    {
        for (var size = (items.Length + 1) / 2; size > 0; size = size == 1 ? 0 : (size + 1) / 2)
        {
            for (var start = Math.Max(0, items.Length - size); start >= 0 && !items.IsEmpty; start -= size)
            {
                var kept = items.RemoveRange(start, Math.Min(size, items.Length - start));
                if (fails(kept))
                    items = kept;
            }
        }

        return items;
    }

    private static int Size(EventSequence sequence) => sequence.First.Length + sequence.Steps.Length + sequence.Events;

    private static string Report(EventSequence failed, EventShape shape, ulong seed, Exception failure)
    {
        var whole = $"seed {seed}, {shape.Cluster}, step {failed.Steps.Length}: {failure.Message}";
        if (IsOfMutants)
            return whole;
        if (Failure(failed, shape) is null)
            return $"{whole}\nonly when everything is compared every {shape.Every} steps";
        var small = Shrink(failed, shape);
        return $"{whole}\nshrunk: {Failure(small, shape)}\n{small}";
    }
}

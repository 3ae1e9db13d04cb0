using System.Globalization;
using Palisade.Policy.Compile;
using Palisade.Tests.Shared;
using Xunit;

namespace Palisade.Policy.Tests.Compile.Incremental;

/// <summary>
/// Random events make every kind of change often, and one who compares notices each part of a delta that is missing or
/// not true.
/// </summary>
public sealed class JudgeOfEventsTests
{
    private static readonly EventShape Shape = new()
    {
        Cluster = new ClusterShape { MaxPods = 9, MaxPolicies = 3, MaxClusterPolicies = 2 },
        Steps = 100,
        Every = 100,
        Probes = 1,
    };

    private readonly SortedDictionary<string, int> _seen = new(StringComparer.Ordinal);
    private readonly HashSet<int> _free = [];

    [Fact]
    public void Every_kind_of_change_happens_often()
    {
        for (var seed = 1ul; seed <= 40; seed++)
        {
            _free.Clear();
            EventRuns.Run(Shape, seed, (_, _, delta) => Count(delta));
        }

        string[] wanted =
        [
            "pod came", "pod went", "pod changed", "pod changed class", "pod became hostNetwork",
            "pod was hostNetwork", "pod got a free id", "class appeared", "class vanished", "class changed",
            "gate appeared", "gate vanished", "gate changed its entries", "gate changed its steps",
            "class got a gate", "class lost its gate", "class got another gate", "addresses came",
            "addresses went", "nothing",
        ];
        Assert.Equal([], wanted.Where(kind => _seen.GetValueOrDefault(kind) < 20).Select(Report));
    }

    [Fact]
    public void A_delta_that_lacks_something_is_noticed()
    {
        for (var seed = 1ul; seed <= 15; seed++)
            EventRuns.Run(Shape, seed, Tamper);
        string[] parts = ["endpoints", "appeared", "vanished", "changed", "gates", "class gates", "addresses"];
        Assert.Equal([], parts.Where(part => _seen.GetValueOrDefault(part) < 20).Select(Report));
    }

    [Fact]
    public void A_delta_that_is_told_twice_is_noticed()
    {
        for (var seed = 1ul; seed <= 10; seed++)
        {
            EventRuns.Run(Shape, seed, (run, before, delta) =>
            {
                before.Apply(delta, run.Policy);
                if (!delta.IsEmpty)
                    Assert.ThrowsAny<Difference>(() => before.Apply(delta, run.Policy));
            });
        }
    }

    private void Tamper(EventRun run, Mirror before, PolicyDelta delta)
    {
        Try("endpoints", delta.Endpoints.Length,
            delta with { Endpoints = delta.Endpoints[First(delta.Endpoints.Length)..] });
        Try("appeared", delta.AppearedClasses.Length,
            delta with { AppearedClasses = delta.AppearedClasses[First(delta.AppearedClasses.Length)..] });
        Try("vanished", delta.VanishedClasses.Length,
            delta with { VanishedClasses = delta.VanishedClasses[First(delta.VanishedClasses.Length)..] });
        Try("changed", delta.ChangedClasses.Length,
            delta with { ChangedClasses = delta.ChangedClasses[First(delta.ChangedClasses.Length)..] });
        Try("gates", delta.Gates.Length, delta with { Gates = delta.Gates[First(delta.Gates.Length)..] });
        Try("class gates", delta.ClassGates.Length,
            delta with { ClassGates = delta.ClassGates[First(delta.ClassGates.Length)..] });
        Try("addresses", delta.Addresses.Length,
            delta with { Addresses = delta.Addresses[First(delta.Addresses.Length)..] });

        void Try(string part, int length, PolicyDelta less)
        {
            if (length == 0)
                return;
            Add(part);
            Assert.ThrowsAny<Difference>(() =>
            {
                var copy = new Mirror(before);
                copy.Apply(less, run.Policy);
                new Comparison(run.Policy, run.Model).Copied(copy);
            });
        }
    }

    private static int First(int length) => Math.Min(length, 1);

    private void Count(PolicyDelta delta)
    {
        if (delta.IsEmpty)
            Add("nothing");
        foreach (var pod in delta.Endpoints)
            Count(pod);
        Add("class appeared", delta.AppearedClasses.Length);
        Add("class vanished", delta.VanishedClasses.Length);
        Add("class changed", delta.ChangedClasses.Length);
        foreach (var gate in delta.Gates)
        {
            Add("gate appeared", gate.Before is null ? 1 : 0);
            Add("gate vanished", gate.After is null ? 1 : 0);
            if (gate is not { Before: { } before, After: { } after })
                continue;
            Add("gate changed its entries", before.Entries.SequenceEqual(after.Entries) ? 0 : 1);
            Add("gate changed its steps", before.Steps.SequenceEqual(after.Steps) ? 0 : 1);
        }

        foreach (var change in delta.ClassGates)
            Add(change.Before is null ? "class got a gate"
                : change.After is null ? "class lost its gate" : "class got another gate");
        Add("addresses came", delta.Addresses.Count(set => !set.Added.IsEmpty));
        Add("addresses went", delta.Addresses.Count(set => !set.Removed.IsEmpty));
    }

    private void Count(EndpointChange pod)
    {
        Add(pod.Before is null ? "pod came" : pod.After is null ? "pod went" : "pod changed");
        if (pod.After is null)
            _free.Add(pod.Id);
        else if (pod.Before is null && _free.Remove(pod.Id))
            Add("pod got a free id");
        if (pod is not { Before: { } before, After: { } after })
            return;
        Add("pod changed class", Canonical.KeyOrNull(pod.ClassBefore) == Canonical.KeyOrNull(pod.ClassAfter) ? 0 : 1);
        Add("pod became hostNetwork", !before.HostNetwork && after.HostNetwork ? 1 : 0);
        Add("pod was hostNetwork", before.HostNetwork && !after.HostNetwork ? 1 : 0);
    }

    private void Add(string kind, int times = 1) => _seen[kind] = _seen.GetValueOrDefault(kind) + times;

    private string Report(string kind) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}: only {_seen.GetValueOrDefault(kind)} times");
}

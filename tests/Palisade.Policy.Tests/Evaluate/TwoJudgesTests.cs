using CsCheck;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Tests.Shared;
using Xunit;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>
/// Random clusters: the compiled decision and the naive evaluator never differ, and nor do a gate's entries.
/// </summary>
public sealed class TwoJudgesTests
{
    internal const int ProbesPerCluster = 100;

    private static readonly ClusterShape Shape = new();

    /// <summary>1,000 clusters × 100 connections; ten times that with PALISADE_NIGHTLY=1.</summary>
    internal static readonly int Clusters =
        int.TryParse(Environment.GetEnvironmentVariable("PALISADE_RANDOM_CLUSTERS"), out var asked) ? asked
        : Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 10_000
        : 1000;

    [Fact]
    public void Evaluator_equals_naive_evaluator_on_100_000_random_connections() =>
        RandomClusters.Cases(Shape, ProbesPerCluster).Sample(
            c =>
            {
                var judges = new Judges(c.Cluster);
                foreach (var probe in c.Probes)
                    AssertAgree(judges, probe);
            },
            iter: Clusters,
            threads: 1);

    internal static void AssertAgree(Judges judges, Probe probe)
    {
        var explanation = judges.Evaluator.Explain(judges.Connection(probe));
        var egress = judges.Naive.SideAllows(probe, Direction.Egress);
        var ingress = judges.Naive.SideAllows(probe, Direction.Ingress);
        if (judges.Allows(probe) != (egress && ingress))
            Assert.Fail($"{probe}: naive says {egress && ingress}, the evaluator {judges.Allows(probe)}");
        var (byId, byAddress) = judges.AllowsByTable(probe);
        if ((byId ?? (egress && ingress)) != (egress && ingress))
            Assert.Fail($"{probe}: naive says {egress && ingress}, the verdict by ids {byId}");
        if ((byAddress ?? (egress && ingress)) != (egress && ingress))
            Assert.Fail($"{probe}: naive says {egress && ingress}, the verdict by addresses {byAddress}");
        AssertSide(judges, probe, Direction.Egress, egress, explanation.Egress);
        AssertSide(judges, probe, Direction.Ingress, ingress, explanation.Ingress);
    }

    private static void AssertSide(Judges judges, Probe probe, Direction direction, bool naive, Side side)
    {
        if ((side.Verdict == Verdict.Allow) != naive)
            Assert.Fail($"{probe} {direction}: naive says {naive}, the explanation {side.Verdict}");
        if (judges.EntriesAllow(probe, direction) is { } entries && entries != naive)
            Assert.Fail($"{probe} {direction}: naive says {naive}, the gate's entries {entries}");
        if (side.AllowedBy is { } match)
        {
            Assert.Equal(direction, match.Direction);
            Assert.True(judges.NaiveMatches(match, probe), $"{probe}: {match} does not match");
        }

        if (side.DeniedBy is { } denial)
            Assert.True(judges.NaiveMatches(denial, probe), $"{probe}: {denial} does not match");
        Assert.Equal(side.Reason == Reason.Denied, side.DeniedBy is not null);
        Assert.Equal(side.Reason == Reason.Allowed, side.AllowedBy is not null);
        Assert.All(side.PassedBy, pass => Assert.True(judges.NaiveMatches(pass, probe), $"{probe}: {pass}"));

        foreach (var miss in side.NearMisses)
        {
            var rule = miss.Policy.Rules(direction)[miss.Rule];
            Assert.False(judges.Naive.RuleMatches(miss.Policy, rule, probe, direction), $"{probe}: {miss} matches");
            Assert.NotEmpty(miss.Failed);
            Assert.NotEmpty(miss.Text);
        }
    }
}

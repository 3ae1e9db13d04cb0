using System.Collections.Immutable;
using Palisade.Cli.Input;
using Palisade.Manifests.Tests;
using Palisade.Policy.Evaluate;

namespace Palisade.Cli.Commands;

/// <summary>What one probe gave.</summary>
/// <param name="Test">The PolicyTest's name.</param>
/// <param name="Probe">The probe.</param>
/// <param name="Answer">The evaluator's answer; null when the probe could not be asked.</param>
/// <param name="Live">What the real connection met; null without --live.</param>
/// <param name="Problem">Why the probe could not be asked.</param>
internal sealed record ProbeResult(string Test, PolicyProbe Probe, Answer? Answer, LiveAnswer? Live, string? Problem)
{
    /// <summary>The verdict expected, by the evaluator and, with --live, by the real connection.</summary>
    public bool Passed => Problem is null && Answer is not null
        && (Answer.Verdict == Verdict.Allow) == Probe.ExpectAllow
            && (Live is null || Live.Reached == Probe.ExpectAllow);

    /// <summary>The same results, each with a real connection beside it where one could be asked.</summary>
    public static async Task<ImmutableArray<ProbeResult>> WithLiveAsync(
        ImmutableArray<ProbeResult> results, LabConnections lab, TimeSpan timeout, CancellationToken cancel)
    {
        var asked = results.Where(result => result.Answer is not null).ToList();
        var met = await lab.TryAllAsync([.. asked.Select(result => result.Answer!)], timeout, cancel);
        var live = asked.Zip(met).ToDictionary(
            pair => pair.First, pair => LiveAnswer.Of(pair.First.Answer!, pair.Second));
        return [.. results.Select(result => live.TryGetValue(result, out var answer)
            ? result with { Live = answer, Problem = answer.Problem }
            : result)];
    }
}

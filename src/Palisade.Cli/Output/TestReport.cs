using System.Collections.Immutable;
using System.Text.Json;
using Palisade.Cli.Commands;
using Palisade.Policy.Evaluate;

namespace Palisade.Cli.Output;

/// <summary>The results of palisade test, as text or JSON (docs/schemas/test.json).</summary>
internal static class TestReport
{
    /// <summary>A line a probe, reasons below those that fail, and the counts.</summary>
    public static void WriteText(Terminal terminal, ImmutableArray<ProbeResult> results)
    {
        foreach (var result in results)
        {
            var probe = result.Probe;
            var mark = result.Passed ? terminal.Green("pass") : terminal.Red("FAIL");
            var port = probe.Port.Length == 0 ? "ICMP" : $"{probe.Protocol.ToString().ToUpperInvariant()} {probe.Port}";
            var expected = probe.ExpectAllow ? "allow" : "deny";
            var beside = Live(result) + Without(result);
            terminal.WriteLine($"{mark}  {result.Test}: {probe.From} -> {probe.To}  {port}  {expected}{beside}");
            if (result.Passed)
                continue;
            terminal.WriteLine($"      {probe.Origin}: {Why(result)}");
            if (result.Answer is { } answer && (answer.Verdict == Verdict.Allow) != probe.ExpectAllow)
                ExplanationText.Write(terminal.Indented("      "), answer);
        }

        var passed = results.Count(r => r.Passed);
        terminal.WriteLine($"{passed} passed, {results.Length - passed} failed");
    }

    /// <summary>{"passed", "failed", "probes": […]}.</summary>
    public static void WriteJson(Utf8JsonWriter json, ImmutableArray<ProbeResult> results)
    {
        json.WriteStartObject();
        json.WriteNumber("passed", results.Count(r => r.Passed));
        json.WriteNumber("failed", results.Count(r => !r.Passed));
        json.WriteStartArray("probes");
        foreach (var result in results)
        {
            json.WriteStartObject();
            json.WriteString("test", result.Test);
            if (result.Answer is { } answer)
                ExplanationJson.WriteMembers(json, answer);
            else
                WriteUnanswered(json, result);
            json.WriteString("expect", result.Probe.ExpectAllow ? "allow" : "deny");
            json.WriteBoolean("passed", result.Passed);
            result.Live?.WriteJson(json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteUnanswered(Utf8JsonWriter json, ProbeResult result)
    {
        json.WriteString("from", result.Probe.From);
        json.WriteString("to", result.Probe.To);
        ExplanationJson.WritePort(json, result.Probe.Protocol, result.Probe.Port);
        json.WriteNumber("family", (int)result.Probe.Family);
        json.WriteNull("verdict");
        json.WriteString("problem", result.Problem);
    }

    // Where it fails, the explanation below says so.
    private static string Without(ProbeResult result) =>
        result is { Passed: true, Answer.Without: { IsEmpty: false } all }
            ? $"  (without {string.Join(", ", all)}, which was refused)"
            : "";

    private static string Live(ProbeResult result) =>
        result.Live is { } live ? $"  ({live.Text}, {live.Milliseconds:0.0} ms)" : "";

    private static string Why(ProbeResult result)
    {
        if (result.Problem is { } problem)
            return problem;
        var evaluator = ExplanationJson.Text(result.Answer!.Verdict);
        return result.Live is { } live && live.Reached != (result.Answer.Verdict == Verdict.Allow)
            ? $"the policies say {evaluator}, but the real connection met: {live.Text}"
            : $"expected {(result.Probe.ExpectAllow ? "allow" : "deny")}, the verdict is {evaluator}";
    }
}

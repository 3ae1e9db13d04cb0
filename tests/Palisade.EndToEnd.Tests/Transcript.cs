using System.Text.RegularExpressions;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>A command of a document and the output printed below it; "..." stands for any text within a line.</summary>
internal sealed record TranscriptStep(string Command, IReadOnlyList<string> Output);

/// <summary>
/// The console blocks of a Markdown file: what a reader is told to type, and what they are told to see.
/// </summary>
internal static class Transcript
{
    /// <summary>The steps of every ```console block, in order.</summary>
    public static IReadOnlyList<TranscriptStep> Read(string file)
    {
        var steps = new List<TranscriptStep>();
        var inside = false;
        List<string>? output = null;
        foreach (var line in File.ReadLines(file))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                (inside, output) = (line == "```console", null);
            else if (inside && line.StartsWith("$ ", StringComparison.Ordinal))
                steps.Add(new(line[2..].Split("  #")[0].Trim(), output = []));
            else if (inside)
                output?.Add(line);
        }

        return steps;
    }

    /// <summary>Runs a step in the repository's root and compares what it printed.</summary>
    public static async Task ExpectAsync(TranscriptStep step, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var ran = await Shell.RunAsync("/bin/bash", ["-c", step.Command], null, environment);
        Assert.True(ran.Code is 0 or 1, $"$ {step.Command}\n{ran}");
        if (step.Output.Count == 0)
            return;
        // kubectl prints the server's warnings on stderr, before its answer.
        var warnings = ran.Errors.Split('\n').Where(line => line.StartsWith("Warning: ", StringComparison.Ordinal));
        string[] printed = [.. warnings, .. ran.Output.TrimEnd('\n').Split('\n')];
        Assert.True(printed.Length == step.Output.Count, $"$ {step.Command}\n{ran}");
        foreach (var (expected, actual) in step.Output.Zip(printed))
        {
            // Tables are as wide as their widest cell, which an age can be.
            var pattern = Regex.Escape(expected.TrimEnd()).Replace(@"\.\.\.", ".*").Replace(@"\ \ ", @"\ +");
            Assert.True(
                Regex.IsMatch(actual.TrimEnd(), $"^{pattern}$"), $"$ {step.Command}\nexpected: {expected}\n{ran}");
        }
    }
}

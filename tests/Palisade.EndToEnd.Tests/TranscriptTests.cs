using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>
/// examples/*/transcript.txt: what a reader types and sees. Lines after "$ " are run; what follows must be what they
/// print, but for ages and times. PALISADE_GOLDEN=write writes the file anew.
/// </summary>
public sealed partial class TranscriptTests
{
    private const string Prompt = "$ ";

    /// <summary>Every example that has one.</summary>
    public static TheoryData<string> Examples() =>
    [
        .. Directory.GetDirectories(Path.Combine(Places.Root, "examples"))
            .Where(example => File.Exists(Path.Combine(example, "transcript.txt")))
            .Select(example => Path.GetFileName(example)!).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task An_example_prints_what_its_transcript_says(string example)
    {
        Needs.Cluster();
        var file = Path.Combine(Places.Root, "examples", example, "transcript.txt");
        var expected = await File.ReadAllTextAsync(file);
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo", "--nodes", "2");
        var actual = new StringBuilder();
        foreach (var line in expected.Split('\n'))
        {
            if (line.StartsWith(Prompt, StringComparison.Ordinal))
                actual.Append(line).Append('\n').Append(await RunAsync(up, line[Prompt.Length..])).Append('\n');
            else if (line.StartsWith('#'))
                actual.Append(line).Append('\n');
        }

        if (Environment.GetEnvironmentVariable("PALISADE_GOLDEN") == "write")
            await File.WriteAllTextAsync(file, actual.ToString());
        else
            Assert.Equal(expected, actual.ToString());
    }

    private static async Task<string> RunAsync(UpProcess up, string command)
    {
        // Quotes are for a reader's shell; there are none around spaces.
        string[] words = [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Trim('\''))];
        var ran = words[0] == "kubectl" ? await up.TryKubectlAsync(words[1..]) : await up.PalisadeAsync(words[1..]);
        // A command in a pod has its own code.
        Assert.True(ran.Code is 0 or 1 || words[1] == "exec", $"{command}: {ran}");
        return Normal(ran.Output + ran.Errors);
    }

    /// <summary>
    /// Ages, milliseconds and the repository's place differ from run to run; so does the width of the ages' column.
    /// kubectl 1.34 and later say where they deleted from.
    /// </summary>
    private static string Normal(string output) => AgeHeader().Replace(
        Age().Replace(
            Milliseconds().Replace(DeletedFrom().Replace(output.Replace(Places.Root + "/", ""), ""), "(… ms)"),
            age => age.Value.EndsWith(' ') ? "…     " : "…"),
        "AGE   ");

    [GeneratedRegex(@"\([0-9.]+ ms\)")]
    private static partial Regex Milliseconds();

    [GeneratedRegex(@"(?<= )([0-9]+m)?[0-9]+s( +|(?=\n|$))")]
    private static partial Regex Age();

    [GeneratedRegex(@"(?<=deleted) from \S+ namespace")]
    private static partial Regex DeletedFrom();

    [GeneratedRegex("AGE +")]
    private static partial Regex AgeHeader();
}

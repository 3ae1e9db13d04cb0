using System.Runtime.CompilerServices;
using Xunit;

namespace Palisade.Policy.Tests.Repository;

/// <summary>
/// The list of wrong meanings stays applicable as the code changes. That the tests notice each of them is
/// eng/mutate.sh's to show, nightly.
/// </summary>
public sealed class MutantListTests
{
    [Fact]
    public void Every_mutant_still_applies()
    {
        var root = Root();
        var wrong = Edits(root).Select(edit => (edit, Times: Occurrences(Path.Combine(root, edit.File), edit.Find)))
            .Where(found => found.Times != 1)
            .Select(found => $"{found.edit}: stands {found.Times} times");
        Assert.Equal([], wrong);
    }

    [Fact]
    public void There_are_at_least_forty_mutants_with_names_of_their_own()
    {
        var names = File.ReadLines(Path.Combine(Root(), "eng", "mutants.txt"))
            .Where(line => line.StartsWith("mutant ", StringComparison.Ordinal))
            .Select(line => line.Split(' ', ':')[1]).ToList();
        Assert.True(names.Count >= 40, $"only {names.Count} mutants");
        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
        Assert.Equal(names, Edits(Root()).Select(e => e.Mutant).Distinct(StringComparer.Ordinal));
    }

    private static IEnumerable<(string Mutant, string File, string Find)> Edits(string root)
    {
        var (mutant, file, find) = ("", "", "");
        foreach (var line in File.ReadLines(Path.Combine(root, "eng", "mutants.txt")))
        {
            if (line.StartsWith("mutant ", StringComparison.Ordinal))
                mutant = line.Split(' ', ':')[1];
            else if (line.StartsWith("file ", StringComparison.Ordinal))
                file = line[5..];
            else if (line.StartsWith("find ", StringComparison.Ordinal))
                find = line[5..];
            else if (line.StartsWith("with ", StringComparison.Ordinal))
                yield return (mutant, file, find);
        }
    }

    private static int Occurrences(string path, string text) => File.ReadAllText(path).Split(text).Length - 1;

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}

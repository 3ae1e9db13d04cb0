using System.Collections.Immutable;
using Palisade.Manifests;
using Palisade.Manifests.Tests;

namespace Palisade.Cli.Input;

/// <summary>The PolicyTest files of a command line.</summary>
/// <param name="Tests">Those that could be read, their unreadable probes left out.</param>
/// <param name="Broken">Some file, document or probe could not be read; it was reported.</param>
internal sealed record PolicyTests(ImmutableArray<PolicyTest> Tests, bool Broken)
{
    /// <summary>Reads the files and prints every mistake with its place.</summary>
    public static PolicyTests Read(IEnumerable<string> files, TextWriter error)
    {
        var set = ManifestSet.Load(files);
        foreach (var diagnostic in set.Diagnostics)
            error.WriteLine(diagnostic);
        var tests = ImmutableArray.CreateBuilder<PolicyTest>();
        var broken = set.HasErrors;
        // What is no object at all has been reported above.
        foreach (var document in set.Documents.Where(document => document.Kind.Length > 0))
        {
            var reader = new PolicyTestReader(document.At.File ?? "");
            if (reader.Read(document.Written) is { } test)
                tests.Add(test);
            foreach (var (place, text) in reader.Mistakes)
                error.WriteLine($"{place}: error: {text}");
            broken |= reader.Mistakes.Count > 0;
        }

        if (tests.Count == 0 && !broken)
            throw new Output.BadInputException(
                "no PolicyTest found; a test file has apiVersion palisade.dev/v1, kind PolicyTest and probes");
        return new(tests.ToImmutable(), broken);
    }
}

using System.Runtime.CompilerServices;
using Xunit;

namespace Palisade.Policy.Tests.Reading;

/// <summary>
/// The specification's data beside the repository: ../shared, or where PALISADE_SHARED points. Tests that need it skip
/// without it.
/// </summary>
internal static class SharedFolder
{
    public static string Require(string path)
    {
        var full = Path.Combine(Root(), path);
        if (!File.Exists(full) && !Directory.Exists(full))
            Assert.Skip($"SKIPPED: {full} does not exist: no test data beside the repository (or set PALISADE_SHARED)");
        return full;
    }

    private static string Root([CallerFilePath] string here = "")
    {
        if (Environment.GetEnvironmentVariable("PALISADE_SHARED") is { Length: > 0 } root)
            return root;
        // tests/Palisade.Policy.Tests/Reading/SharedFolder.cs: the repository's root is three folders up.
        var repository = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
        return Path.GetFullPath(Path.Combine(repository, "..", "shared"));
    }
}

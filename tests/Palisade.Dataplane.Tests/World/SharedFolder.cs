using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Palisade.Dataplane.Tests.World;

/// <summary>
/// The data beside the repository (../shared, or $PALISADE_SHARED). Tests that need it are skipped without it.
/// </summary>
internal static class SharedFolder
{
    public static string Require(string path)
    {
        var full = Path.GetFullPath(Path.Combine(Root(), path));
        if (!Path.Exists(full))
            Assert.Skip($"SKIPPED: no {full}; put the shared data beside the repository or set PALISADE_SHARED");
        return full;
    }

    public static JsonNode Json(string path) => JsonNode.Parse(File.ReadAllText(Require(path)))!;

    // tests/Palisade.Dataplane.Tests/World/SharedFolder.cs: the repository's root is three folders up, its neighbour
    // four.
    private static string Root([CallerFilePath] string here = "") =>
        Environment.GetEnvironmentVariable("PALISADE_SHARED") is { Length: > 0 } root
            ? root
            : Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "..", "shared");
}

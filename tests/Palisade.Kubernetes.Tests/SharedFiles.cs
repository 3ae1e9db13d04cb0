using Xunit;

namespace Palisade.Kubernetes.Tests;

/// <summary>Specification data that lives beside the repository; tests that need it skip loudly without it.</summary>
internal static class SharedFiles
{
    public static string Path(string relative)
    {
        var path = Find(relative);
        if (path is null)
            Assert.Skip($"SKIPPED: ../shared/{relative} is not beside the repository (PALISADE_SHARED overrides)");
        return path;
    }

    private static string? Find(string relative)
    {
        if (Environment.GetEnvironmentVariable("PALISADE_SHARED") is { Length: > 0 } given)
            return Existing(System.IO.Path.Combine(given, relative));
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Palisade.slnx")))
                return Existing(System.IO.Path.Combine(folder.FullName, "..", "shared", relative));
        }

        return null;
    }

    private static string? Existing(string path) => File.Exists(path) || Directory.Exists(path) ? path : null;
}

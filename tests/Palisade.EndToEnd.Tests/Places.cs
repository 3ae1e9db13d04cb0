namespace Palisade.EndToEnd.Tests;

/// <summary>Where the programs and files are that the tests use.</summary>
internal static class Places
{
    /// <summary>The repository's root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The CLI of the same build as these tests, or what $PALISADE_CLI names: the native one, say.</summary>
    public static string Cli
    {
        get
        {
            if (Environment.GetEnvironmentVariable("PALISADE_CLI") is { Length: > 0 } named)
                return Path.GetFullPath(named, Root);
            // …/tests/Palisade.EndToEnd.Tests/bin/CONFIGURATION/net10.0
            var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
            return Path.Combine(Root, "src", "Palisade.Cli", "bin", output.Parent!.Name, output.Name, "palisade");
        }
    }

    /// <summary>What stands beside the project, or null.</summary>
    public static string? Shared =>
        new[] { Environment.GetEnvironmentVariable("PALISADE_SHARED"), Path.Combine(Root, "..", "shared") }
            .FirstOrDefault(Directory.Exists);

    /// <summary>
    /// kubectl: $PALISADE_KUBECTL, else on the PATH, else where build.sh puts it; null when there is none.
    /// </summary>
    public static string? Kubectl
    {
        get
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return new[] { Environment.GetEnvironmentVariable("PALISADE_KUBECTL") }
                .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
                    .Select(d => Path.Combine(d, "kubectl")))
                .Append(Path.Combine(home, ".cache", "palisade-tools", "kubectl"))
                .FirstOrDefault(File.Exists);
        }
    }

    /// <summary>A program that ./build.sh tools has fetched, beside kubectl; null when it is not there.</summary>
    public static string? Tool(string name)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return new[] { Path.GetDirectoryName(Kubectl), Path.Combine(home, ".cache", "palisade-tools") }
            .Where(directory => directory is not null).Select(directory => Path.Combine(directory!, name))
            .FirstOrDefault(File.Exists);
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Palisade.slnx")))
            directory = directory.Parent
                ?? throw new InvalidOperationException("Palisade.slnx is above none of the tests' folders");
        return directory.FullName;
    }
}

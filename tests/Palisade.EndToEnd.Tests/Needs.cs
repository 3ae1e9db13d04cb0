using Palisade.Lab;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>What a test needs of the machine; where it is missing the test is skipped, loudly.</summary>
internal static class Needs
{
    /// <summary>Root, or root of a user namespace, with network namespaces and veth.</summary>
    public static void Namespaces()
    {
        try
        {
            Machine.Check();
        }
        catch (LabException missing)
        {
            Assert.Skip(missing.Message);
        }
    }

    /// <summary>The CLI, namespaces, and kubectl.</summary>
    public static void Cluster()
    {
        Namespaces();
        Assert.True(File.Exists(Places.Cli), $"{Places.Cli} is not built");
        if (Places.Kubectl is null)
            Assert.Skip("no kubectl: ./build.sh tools installs it");
    }

    /// <summary>The native CLI, made from these sources; the agent stands beside it.</summary>
    public static string Native()
    {
        var program = new FileInfo(Path.Combine(Places.Root, "artifacts", "native", "palisade"));
        if (!program.Exists)
            Assert.Skip("no native programs: ./build.sh publish makes them");
        var newest = new DirectoryInfo(Path.Combine(Places.Root, "src"))
            .EnumerateFiles("*.cs", SearchOption.AllDirectories)
            .Where(file => !file.FullName.Contains("/obj/", StringComparison.Ordinal))
            .MaxBy(file => file.LastWriteTimeUtc)!;
        if (newest.LastWriteTimeUtc > program.LastWriteTimeUtc)
            Assert.Skip($"the native programs are older than {newest.Name}: ./build.sh publish makes them anew");
        return program.FullName;
    }

    /// <summary>The corpus and the specification beside the project.</summary>
    public static string Shared()
    {
        if (Places.Shared is null)
            Assert.Skip("no ../shared beside the repository (PALISADE_SHARED names another place)");
        return Places.Shared;
    }
}

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

    /// <summary>The corpus and the specification beside the project.</summary>
    public static string Shared()
    {
        if (Places.Shared is null)
            Assert.Skip("no ../shared beside the repository (PALISADE_SHARED names another place)");
        return Places.Shared;
    }
}

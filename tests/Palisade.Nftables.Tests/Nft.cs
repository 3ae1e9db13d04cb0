namespace Palisade.Nftables.Tests;

/// <summary>The nft program, used as a judge in tests only.</summary>
internal static class Nft
{
    internal static string Table(string file) => Path.Combine(AppContext.BaseDirectory, "Parity", file);

    internal static string Find() => Tool("nft", "nftables (1.0.6)");

    /// <summary>The path of a program; without it the test is skipped, loudly.</summary>
    internal static string Tool(string name, string package)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':')
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
        if (path is null)
            Assert.Skip($"NO {name} PROGRAM HERE: apt-get install {package} to judge the kernel's state");
        return path!;
    }
}

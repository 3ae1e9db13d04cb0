namespace Palisade.Nftables.Tests;

/// <summary>The nft program, used as a judge in tests only.</summary>
internal static class Nft
{
    internal static string Table(string file) => Path.Combine(AppContext.BaseDirectory, "Parity", file);

    internal static string Find()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':')
            .Select(directory => Path.Combine(directory, "nft")).FirstOrDefault(File.Exists);
        if (path is null)
            Assert.Skip("NO nft PROGRAM HERE: apt-get install nftables (1.0.6) to judge the rulesets");
        return path!;
    }
}

using System.Diagnostics;
using Palisade.Nftables.Kernel;

namespace Palisade.Dataplane.Tests.Cut;

/// <summary>Other people's rules, by the nft program.</summary>
internal static class Nft
{
    public static void Load(NetworkNamespace at, string ruleset)
    {
        if (!File.Exists("/usr/sbin/nft"))
            Assert.Skip("NO nft HERE: apt-get install nftables");
        var start = new ProcessStartInfo("/usr/sbin/nft", ["-f", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using var process = at.Start(start);
        process.StandardInput.Write(ruleset);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }
}

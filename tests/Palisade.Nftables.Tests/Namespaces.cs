using System.Diagnostics;
using Palisade.Nftables.Kernel;

namespace Palisade.Nftables.Tests;

/// <summary>
/// Namespaces for tests, made by the test itself; without the right to make them the test is skipped, loudly.
/// </summary>
internal static class Namespaces
{
    internal static NetworkNamespace Create(string name)
    {
        try
        {
            return NetworkNamespace.Create(name);
        }
        catch (KernelException e)
        {
            Assert.Skip($"NO NETWORK NAMESPACES HERE ({e.Message}): run as root or under unshare -Ur");
            throw;
        }
    }

    /// <summary>Runs a program in the namespace: what it printed, and its errors if it failed.</summary>
    internal static string RunProgram(
        this NetworkNamespace space, string program, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = space.Start(start);
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var command = $"{program} {string.Join(' ', arguments)}";
        Assert.True(process.ExitCode == 0, $"{command}: {process.ExitCode}\n{errors.Result}\n{input}");
        return output;
    }
}

using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>`up` without root: inside a user namespace of its own, as ./palisade starts it.</summary>
public sealed class OrdinaryUserTests
{
    private const string Nobody = "65534";

    [Fact]
    public async Task An_ordinary_user_has_a_cluster_too()
    {
        Needs.Cluster();
        string[] asUser = ProcessControl.UserId == 0 && !await IsInUserNamespace()
            ? ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups"]
            : [];
        string[] inside = [.. asUser, "unshare", "-Ur"];
        var possible = await TryAsync([.. inside, "true"]);
        if (possible is not null)
            Assert.Skip($"this machine gives ordinary users no user namespace: {possible}");
        if (await TryAsync([.. asUser, "test", "-x", Places.Cli]) is not null)
            Assert.Skip($"{Places.Cli} lies where an ordinary user may not look");

        var data = UpProcess.NewData();
        File.SetUnixFileMode(data, (UnixFileMode)0x1FF);
        await using var up = UpProcess.Start(
            [.. inside, Places.Cli, "up", "--demo", "--data", Path.Combine(data, "lab")], Path.Combine(data, "lab"));
        await up.WaitReadyAsync();
        await up.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");
        var answers =
            await up.ConnectAsync([new("dev-team/frontend", "dev-team/web"), new("dev-team/stranger", "dev-team/web")]);
        Assert.Equal(["HTTP 200 web", "timeout"], answers.Select(answer => answer.Answer));
        var traces = Traces.Of(up);
        Assert.Equal(0, await up.EndAsync(ProcessControl.Interrupt));
        Assert.Empty(traces.Left());
    }

    [Fact]   // without a user namespace it cannot work: it must say so, not fail in the middle
    public async Task Without_rights_it_says_why_and_what_to_do()
    {
        Needs.Cluster();
        if (ProcessControl.UserId != 0 || await IsInUserNamespace())
            Assert.Skip("only root can become a user without rights");
        if (await TryAsync(["setpriv", $"--reuid={Nobody}", "--clear-groups", "test", "-x", Places.Cli]) is not null)
            Assert.Skip($"{Places.Cli} lies where an ordinary user may not look");
        var ran = await Shell.RunAsync(
            "setpriv",
            [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", Places.Cli, "up", "--data",
                $"/tmp/palisade-{Guid.NewGuid():N}"]);
        Assert.Equal(3, ran.Code);
        Assert.Contains("Run as root, or under `unshare -Ur`", ran.Errors, StringComparison.Ordinal);
    }

    private static async Task<bool> IsInUserNamespace() =>
        !(await File.ReadAllTextAsync("/proc/self/uid_map")).Contains("4294967295", StringComparison.Ordinal);

    /// <summary>Null when the command succeeds, else what it said.</summary>
    private static async Task<string?> TryAsync(string[] command)
    {
        try
        {
            var ran = await Shell.RunAsync(command[0], command[1..]);
            return ran.Code == 0 ? null : ran.ToString();
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return missing.Message;
        }
    }
}

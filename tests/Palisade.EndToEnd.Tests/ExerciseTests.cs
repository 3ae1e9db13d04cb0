using Palisade.Lab.Connect;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>The exercise that started the project, by real packets and by explanation.</summary>
public sealed class ExerciseTests
{
    private const string Frontend = "dev-team/frontend";
    private const string Stranger = "dev-team/stranger";
    private const string Web = "dev-team/web";

    [Fact]
    public async Task Walls_and_doors()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo", "--nodes", "2");
        var pods = await up.KubectlAsync("get", "pods", "-n", "dev-team", "-o", "wide");
        foreach (var node in (string[])["node-1", "node-2"])
            Assert.Contains(node, pods, StringComparison.Ordinal);

        await Expect(up, Frontend, allowed: true);
        await Expect(up, Stranger, allowed: true);

        await up.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");
        await Expect(up, Frontend, allowed: true);
        await Expect(up, Stranger, allowed: false);

        await up.KubectlAsync("apply", "-f", "examples/exercise/deny-all.yaml");
        await Expect(up, Frontend, allowed: false);
        await Expect(up, Stranger, allowed: false);

        var listed = await up.KubectlAsync("get", "networkpolicies", "-n", "dev-team");
        string[][] rows = [.. listed.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        Assert.Equal(["NAME", "POD-SELECTOR", "AGE"], rows[0]);
        Assert.Equal(["allow-web", "app=web"], rows[1][..2]);
        Assert.Equal(["deny-all", "<none>"], rows[2][..2]);
        Assert.Equal(3, rows.Length);

        await up.KubectlAsync("delete", "networkpolicies", "--all", "-n", "dev-team");
        await Expect(up, Stranger, allowed: true);
    }

    /// <summary>A packet's answer, over both families, and the engine's: they must be one.</summary>
    private static async Task Expect(UpProcess up, string from, bool allowed)
    {
        var answers = await up.ConnectAsync([new(from, Web), new(from, Web, Family: 6)]);
        Assert.All(answers, answer => Assert.Null(answer.Error));
        Assert.All(answers, answer => Assert.Equal(allowed ? "HTTP 200 web" : "timeout", answer.Answer));
        Assert.All(answers, answer => Assert.Equal(allowed, answer.Connected));
        var explained = await up.PalisadeAsync("explain", from, Web, "--port", "80");
        Assert.True(explained.Code == (allowed ? 0 : 1), explained.ToString());
    }
}

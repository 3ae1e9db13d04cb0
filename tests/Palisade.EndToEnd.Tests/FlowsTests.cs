using System.Diagnostics;
using System.Text.Json.Nodes;
using Palisade.Lab.Connect;
using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>
/// `palisade flows` on the cluster of `up`: what connect meets is what it prints, and kubectl shows it too.
/// </summary>
public sealed class FlowsTests
{
    private const string Stranger = "dev-team/stranger";
    private const string Frontend = "dev-team/frontend";
    private const string Web = "dev-team/web";

    [Fact]
    public async Task Flows_prints_what_was_allowed_and_what_was_denied_and_the_pod_has_an_event()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo", "--nodes", "2");
        await up.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");
        var answers = await up.ConnectAsync(
            [new(Stranger, Web, TimeoutMilliseconds: 500), new(Frontend, Web), new(Frontend, Web, Family: 6)]);
        Assert.Equal(["timeout", "HTTP 200 web", "HTTP 200 web"], answers.Select(answer => answer.Answer));

        var text = await up.PalisadeAsync("flows");
        Assert.True(text.Code == 0, text.ToString());
        var lines = text.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var denied = Assert.Single(lines, line => line.Contains("DENY", StringComparison.Ordinal));
        Assert.Contains(
            "dev-team/stranger -> dev-team/web  TCP 80  ingress: dev-team/web is isolated for ingress by "
            + "dev-team/allow-web, and no rule lets it through; nearest: dev-team/allow-web ingress[0]: peer 0 wants "
            + "pods app=frontend; dev-team/stranger has app=stranger", denied, StringComparison.Ordinal);
        Assert.Equal(2, lines.Count(line => line.Contains("ALLOW", StringComparison.Ordinal) && line.Contains(
            "dev-team/frontend -> dev-team/web  TCP 80  by dev-team/allow-web ingress[0]", StringComparison.Ordinal)));
        Assert.DoesNotContain("\u001b", text.Output, StringComparison.Ordinal);

        await FiltersAsync(up);
        await EventAsync(up);
        await A_node_whose_agent_hangs_is_named(up);
    }

    private static async Task A_node_whose_agent_hangs_is_named(UpProcess up)
    {
        const int stop = 19, go = 18;   // SIGSTOP, SIGCONT
        var agent = LifecycleTests.Agents(up).Single(
            id => Traces.CommandOf(id).Contains("--node node-2 ", StringComparison.Ordinal));
        ProcessControl.Signal(agent, stop);
        try
        {
            var ran = await up.PalisadeAsync("flows", "--pod", Stranger);
            Assert.Equal(0, ran.Code);
            Assert.Contains("node-2  the node's agent does not answer", ran.Output, StringComparison.Ordinal);
        }
        finally
        {
            ProcessControl.Signal(agent, go);
        }

        await Eventually.TrueAsync(async () =>
            !(await up.PalisadeAsync("flows")).Output.Contains("does not answer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Following_prints_as_it_happens_and_ends_cleanly_by_an_interrupt()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo");
        await up.KubectlAsync("apply", "-f", "examples/exercise/deny-all.yaml");
        var start = new ProcessStartInfo(Places.Cli, ["flows", "--follow", "--verdict", "deny", "-o", "json"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = up.Kubeconfig;
        using var following = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await Task.Delay(1000, limit.Token);
        await up.ConnectOneAsync(new(Frontend, Web, TimeoutMilliseconds: 300));
        var line = JsonNode.Parse((await following.StandardOutput.ReadLineAsync(limit.Token))!)!;
        // deny-all isolates both ways: what is denied at its exit never reaches the other's entrance.
        Assert.Equal(("egress", "NoRuleMatches", "frontend"), ((string?)line["direction"], (string?)line["reason"],
            (string?)line["from"]!["pod"]));

        ProcessControl.Signal(following.Id, ProcessControl.Interrupt);
        await following.WaitForExitAsync(limit.Token);
        Assert.Equal((0, ""), (following.ExitCode, await following.StandardError.ReadToEndAsync(limit.Token)));
        await FollowsOnlyWhileSomebodyReadsAsync(up, limit.Token);
    }

    private static async Task FollowsOnlyWhileSomebodyReadsAsync(UpProcess up, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("sh", ["-c", $"'{Places.Cli}' flows --follow --verdict deny | head -n 1"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["KUBECONFIG"] = up.Kubeconfig;
        using var piped = Process.Start(start)!;
        while (!piped.HasExited)
        {
            cancel.ThrowIfCancellationRequested();
            await up.ConnectOneAsync(new(Frontend, Web, TimeoutMilliseconds: 300));
        }

        Assert.Single((await piped.StandardOutput.ReadToEndAsync(cancel)).TrimEnd().Split('\n'));
    }

    private static async Task FiltersAsync(UpProcess up)
    {
        var json = await up.PalisadeAsync(
            "flows", "-o", "json", "--verdict", "deny", "--pod", Stranger, "--since", "5m");
        var line = JsonNode.Parse(json.Output.TrimEnd())!;
        Assert.Equal(("deny", "denied", "NetworkPolicy"),
            ((string?)line["verdict"], (string?)line["kind"], (string?)line["tier"]));
        Assert.Equal("allow-web", (string?)line["nearMiss"]![0]!["name"]);
        Assert.Equal("", (await up.PalisadeAsync("flows", "-n", "default")).Output);
        Assert.Single((await up.PalisadeAsync("flows", "--limit", "1")).Output.Split(
            '\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, (await up.PalisadeAsync("flows", "--since", "yesterday")).Code);
        var node = Directory.EnumerateFiles(Path.Combine(up.Data, "run"), "flows.sock", SearchOption.AllDirectories);
        Assert.Equal(2, node.Count());
        foreach (var socket in node)
            Assert.Equal(0, (await up.PalisadeAsync("flows", "--node-socket", socket)).Code);
        Assert.Equal(3, (await up.PalisadeAsync("flows", "--node-socket", "/nowhere/flows.sock")).Code);
    }

    private static async Task EventAsync(UpProcess up)
    {
        var described = "";
        for (var i = 0; i < 50 && !described.Contains("PolicyDenied", StringComparison.Ordinal); i++)
        {
            await Task.Delay(200);
            described = await up.KubectlAsync("describe", "pod", "web", "-n", "dev-team");
        }

        Assert.Contains("Denied TCP 80 from dev-team/stranger: ", described, StringComparison.Ordinal);
        var listed = await up.KubectlAsync(
            "get", "events", "-n", "dev-team", "--field-selector", "reason=PolicyDenied");
        Assert.Contains("pod/web", listed, StringComparison.Ordinal);
    }
}

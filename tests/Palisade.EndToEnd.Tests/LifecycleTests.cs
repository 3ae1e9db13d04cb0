using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>What `up` leaves behind (nothing), and what it keeps (the data).</summary>
public sealed class LifecycleTests
{
    [Theory]
    [InlineData(ProcessControl.Interrupt)]
    [InlineData(ProcessControl.Terminate)]
    [InlineData(ProcessControl.KillSignal)]
    public async Task Every_end_leaves_no_process_no_namespace_and_no_link(int signal)
    {
        Needs.Cluster();
        var links = Traces.MachineLinks();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo", "--nodes", "2");
        await up.KubectlAsync(
            "run", "sleeper", "--image=busybox", "--restart=Never", "--command", "--", "sh", "-c", "sleep 1000; true");
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod/sleeper", "--timeout=20s");
        await Eventually.TrueAsync(
            () => Traces.Marked($"PALISADE_LAB={up.Data}").Any(id => Traces.CommandOf(id) == "sleep 1000"));
        var traces = Traces.Of(up);
        Assert.Equal(links, Traces.MachineLinks());
        // fabric, outside, two nodes, four pods and the cluster's DNS.
        Assert.Equal(9, traces.Namespaces);
        Assert.NotEmpty(Traces.Marked($"PALISADE_LAB={up.Data}"));

        var code = await up.EndAsync(signal);

        Assert.Equal(signal == ProcessControl.KillSignal ? 137 : 0, code);
        Assert.Equal(links, Traces.MachineLinks());
        if (signal != ProcessControl.KillSignal)
        {
            Assert.Empty(traces.Left());
            return;
        }

        // The kernel kills what `up` had started; what a pod's command had started itself is the next `up`'s to end.
        await Eventually.EmptyAsync(
            () => [.. traces.LeftProcesses().Where(left => !left.EndsWith("sleep 1000", StringComparison.Ordinal))]);
        var orphan = Assert.Single(Traces.Marked($"PALISADE_LAB={up.Data}"));
        // It holds its pod's namespace, and is the only one who holds any.
        Assert.Equal([$"namespace held by /proc/{orphan}/task/{orphan}"], traces.LeftNamespaces());
        await using var next = await UpProcess.StartAsync(up.Data, "--nodes", "2");
        await Eventually.TrueAsync(() => !Directory.Exists($"/proc/{orphan}"));
        Assert.Contains("ended 1 process that a killed `up` had left", next.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupted_while_it_starts_it_ends_as_later()
    {
        Needs.Cluster();
        var data = UpProcess.NewData();
        await using var up = UpProcess.Start([Places.Cli, "up", "--data", data, "--nodes", "20"], data);
        await Eventually.TrueAsync(() => up.Said.Contains("starting 20 nodes", StringComparison.Ordinal));
        await Task.Delay(300);   // somewhere among the nodes
        Assert.Equal(0, await up.EndAsync(ProcessControl.Interrupt));
        await Eventually.TrueAsync(
            () => up.Said.Contains("ended; nothing is left running", StringComparison.Ordinal));
        Assert.Empty(Traces.Marked($"PALISADE_LAB={data}"));
    }

    [Fact]
    public async Task A_restart_keeps_token_authority_port_and_addresses()
    {
        Needs.Cluster();
        var data = UpProcess.NewData();
        string kubeconfig, addresses;
        await using (var first = await UpProcess.StartAsync(data, "--demo", "--nodes", "2"))
        {
            await first.KubectlAsync("delete", "pod", "web", "-n", "dev-team");
            await first.KubectlAsync("run", "web", "-n", "dev-team", "--image=nginx", "--port=80", "--labels=app=web");
            await first.KubectlAsync("wait", "-n", "dev-team", "--for=condition=Ready", "pod/web", "--timeout=20s");
            kubeconfig = await File.ReadAllTextAsync(first.Kubeconfig);
            addresses = await Addresses(first);
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(first.Kubeconfig));
        }

        await using var second = await UpProcess.StartAsync(data, "--demo", "--nodes", "2");
        Assert.Equal(kubeconfig, await File.ReadAllTextAsync(second.Kubeconfig));
        Assert.Equal(addresses, await Addresses(second));
        Assert.Equal("HTTP 200 web", (await second.ConnectOneAsync(new("dev-team/frontend", "dev-team/web"))).Answer);
    }

    [Fact]   // the pods of a node that is no more are made again elsewhere; policies stay
    public async Task Fewer_nodes_than_before()
    {
        Needs.Cluster();
        var data = UpProcess.NewData();
        await using (var first = await UpProcess.StartAsync(data, "--demo", "--nodes", "2"))
            await first.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");

        await using var second = await UpProcess.StartAsync(data, "--nodes", "1");
        Assert.Contains("which is no more", second.Said, StringComparison.Ordinal);
        var nodes = await second.KubectlAsync("get", "nodes", "-o", "name");
        Assert.Equal("node/node-1\n", nodes);
        var placed =
            await second.KubectlAsync("get", "pods", "-n", "dev-team", "-o", "jsonpath={.items[*].spec.nodeName}");
        Assert.Equal("node-1 node-1 node-1", placed);
        Assert.Equal("HTTP 200 web", (await second.ConnectOneAsync(new("dev-team/frontend", "dev-team/web"))).Answer);
        Assert.Equal("timeout", (await second.ConnectOneAsync(new("dev-team/stranger", "dev-team/web"))).Answer);
    }

    [Fact]
    public async Task A_second_up_on_the_same_data_is_refused()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData());
        var second = await Shell.RunAsync(Places.Cli, ["up", "--data", up.Data]);
        Assert.Equal(3, second.Code);
        Assert.Contains($"another `palisade up` runs on {up.Data}", second.Errors, StringComparison.Ordinal);
        Assert.Contains("node-1", await up.KubectlAsync("get", "nodes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_is_killed_comes_back_and_its_table_stays_meanwhile()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo");
        await up.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");
        Assert.Equal("timeout", (await up.ConnectOneAsync(new("dev-team/stranger", "dev-team/web"))).Answer);
        var agent = Agents(up).Single();
        ProcessControl.Signal(agent, ProcessControl.KillSignal);
        for (var i = 0; i < 3; i++)
        {
            var answers = await up.ConnectAsync(
                [new("dev-team/stranger", "dev-team/web", TimeoutMilliseconds: 300),
                    new("dev-team/frontend", "dev-team/web")]);
            Assert.Equal(["timeout", "HTTP 200 web"], answers.Select(answer => answer.Answer));
        }

        await Eventually.TrueAsync(() => Agents(up) is [var next] && next != agent);
        await up.KubectlAsync("delete", "networkpolicy", "allow-web", "-n", "dev-team");
        Assert.Equal("HTTP 200 web", (await up.ConnectOneAsync(new("dev-team/stranger", "dev-team/web"))).Answer);
        Assert.Contains("agent of node-1 ended", up.Said, StringComparison.Ordinal);
    }

    internal static IReadOnlyList<int> Agents(UpProcess up) =>
        [.. Traces.Marked($"PALISADE_LAB={up.Data}")
            .Where(id => Traces.CommandOf(id).Contains("palisade-agent", StringComparison.Ordinal))];

    private static Task<string> Addresses(UpProcess up) => up.KubectlAsync(
        "get", "pods", "-n", "dev-team", "-o",
            "jsonpath={range .items[*]}{.metadata.name} {.status.podIPs}{\"\\n\"}{end}");
}

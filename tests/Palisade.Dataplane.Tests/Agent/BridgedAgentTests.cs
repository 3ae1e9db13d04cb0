using Palisade.Dataplane.Tests.World;
using Palisade.Kubernetes.Client;
using Palisade.Nftables;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.Agent.AgentProcessTests;
using static Palisade.Dataplane.Tests.Agent.DriftTests;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>
/// The agent as it is shipped, on a node whose pods are ports of a bridge: nobody tells it that they are.
/// </summary>
public sealed class BridgedAgentTests
{
    private static readonly Table Bridge = new(NftFamily.Bridge, "palisade");

    [Fact]
    public async Task It_finds_out_whose_port_is_whose_and_both_tables_outlive_it()
    {
        await using var bench = await ClosedAsync(bridged: true);
        using var kernel = bench.Node.Namespace.Run(() => new NftSocket());
        Assert.Equal(["bridge palisade", "inet palisade"], kernel.Tables().Select(table => $"{table}").Order());
        var ports = bench.Node.Pods.Select(pod => NftKey.Interface(pod.Link)).ToHashSet();
        Assert.Equal(ports, Elements(kernel, "ports"));
        Judge(bench);
        var proof = await ProofAsync(bench, "first");
        Assert.True((bool?)proof["holds"], proof.ToJsonString());

        bench.Agent.Kill();
        await bench.Agent.WaitForExitAsync(TestContext.Current.CancellationToken);
        Judge(bench);
        var generation = kernel.Generation();
        bench.StartAgent();
        await bench.EnforcedAsync(1);
        Assert.Equal(ports, Elements(kernel, "ports"));
        // Both are adopted, not written again: what else is committed are trials of table flags.
        Assert.InRange(kernel.Generation(), generation, generation + 3);

        // A pod that is gone: its port is nobody's, and with the last one there is nothing to guard.
        await bench.Client.DeleteAsync(KubeResource.Pods, "dev-team", "frontend", default);
        await EventuallyAsync(() => Task.FromResult(Elements(kernel, "ports").Count == 1), "the port is still claimed");
        await bench.Client.DeleteAsync(KubeResource.Pods, "dev-team", "web", default);
        await EventuallyAsync(
            () => Task.FromResult(kernel.Dump(Bridge.Family, Bridge.Name) is null), "the table is still there");
    }

    /// <summary>Bridged packets meet no gate then; the node says so, and what to do.</summary>
    [Fact]
    public async Task Without_br_netfilter_the_node_is_not_ready()
    {
        await using var bench = await AgentBench.StartAsync(bridged: true);
        bench.Node.Namespace.SetSysctl("net.bridge.bridge-nf-call-ip6tables", "0");
        bench.World.Seat(Cluster(), stack: true);
        var version = await CreateClusterAsync(bench);
        bench.StartAgent();
        await bench.EnforcedAsync(version, "pods");
        await EventuallyAsync(async () =>
        {
            var node = await bench.Client.GetAsync(KubeResource.Nodes, null, "n1", default);
            return node["status"]?["conditions"]?.AsArray().Any(c =>
                (string?)c!["type"] == "PalisadeReady" && (string?)c["status"] == "False"
                && ((string)c["message"]!).Contains("`sysctl -w net.bridge.bridge-nf-call-ip6tables=1`")) == true;
        }, "the node is not ready");
        bench.Node.Namespace.SetSysctl("net.bridge.bridge-nf-call-ip6tables", "1");
        await EventuallyAsync(
            () =>
            {
                lock (bench.Log)
                    return Task.FromResult(bench.Log.Any(line => line.Contains(" bridges-filtered")));
            },
            "it did not notice");
    }

    [Fact]
    public async Task What_others_do_to_the_bridges_table_is_undone_at_once()
    {
        await using var bench = await ClosedAsync(bridged: true, "--shared-table");
        using var kernel = bench.Node.Namespace.Run(() => new NftSocket());
        var whole = kernel.Dump(Bridge.Family, Bridge.Name)!;
        foreach (var harm in (Action<Transaction>[])
            [t => t.FlushChain("claimed"), t => t.FlushSet("source4"), t => t.DeleteTable()])
        {
            var transaction = new Transaction(Bridge);
            harm(transaction);
            kernel.Commit(transaction);
            await EventuallyAsync(() => Task.FromResult(IsWhole(kernel.Dump(Bridge.Family, Bridge.Name))), "mended");
        }

        Judge(bench);

        bool IsWhole(Ruleset? now) => now is not null
            && now.Chains.Select(c => (c.Name, c.Rules.Length)).SequenceEqual(
                whole.Chains.Select(c => (c.Name, c.Rules.Length)))
            && now.Sets.All(set => set.Elements.ToHashSet().SetEquals(
                whole.Sets.Single(other => other.Name == set.Name).Elements));
    }

    /// <summary>deny-all holds between two ports; the node reaches its pod; a port speaks for itself only.</summary>
    private static void Judge(AgentBench bench)
    {
        Assert.False(Reaches(bench, expected: false), "deny-all");
        var (web, frontend) = (PlaceOf(bench, Web), PlaceOf(bench, Frontend));
        var node = Address.Parse("192.168.50.1");
        Assert.True(Try(new(null, bench.Node), expected: true), "the node reaches its pod");
        Assert.False(Try(new(frontend, null), expected: false), "a pod that claims to be the node does not");

        bool Try(Place from, bool expected) =>
            bench.World.Try([new(from, node, new(web, null), Web, Protocol.Tcp, 80)], [expected])[0];
    }

    private static HashSet<NftKey> Elements(NftSocket kernel, string set) =>
        [.. kernel.Dump(Bridge.Family, Bridge.Name)?.Sets.Single(s => s.Name == set).Elements.Select(e => e.Key) ?? []];
}

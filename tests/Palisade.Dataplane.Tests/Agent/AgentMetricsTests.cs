using System.Diagnostics;
using Palisade.Kubernetes.Client;
using Palisade.Nftables;
using static Palisade.Dataplane.Tests.Agent.AgentProcessTests;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>The figures that the agent offers, against what is done to it.</summary>
public sealed class AgentMetricsTests
{
    [Fact]
    public async Task Figures_follow_changes_denials_cuts_drift_and_proofs()
    {
        await using var bench = await AgentBench.StartAsync();
        bench.World.Seat(Cluster(), stack: true);
        var version = await CreateClusterAsync(bench);
        bench.StartAgent("--shared-table", "--prove-every", "1");
        await bench.EnforcedAsync(version, "pods");
        using var stream = new KeptStream(bench);
        stream.Exchange();
        version = await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", Parse("""
            { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "deny-all" },
              "spec": { "podSelector": {}, "policyTypes": ["Ingress"] } }
            """));
        await bench.EnforcedAsync(version);
        Assert.False(Reaches(bench, expected: false));
        var figures = await Until(
            bench, now => now.GetValueOrDefault("palisade_proof_holds") == 1 && now["palisade_ready"] == 1);
        Assert.True(figures["palisade_generation_enforced{resource=\"networkpolicies\"}"] >= version);
        Assert.Equal(2, figures["palisade_watch_objects{resource=\"pods\"}"]);
        Assert.Equal(1, figures["palisade_watch_synced{resource=\"networkpolicies\"}"]);
        Assert.Equal(1, figures["palisade_connections_cut_total"]);
        Assert.True(figures["palisade_denied_packets_total{direction=\"ingress\",reason=\"NoRuleMatches\"}"] >= 1);
        Assert.True(figures["palisade_change_seconds_count"] >= 2);
        Assert.Equal(
            figures["palisade_change_seconds_count"], figures["palisade_change_seconds_bucket{le=\"+Inf\"}"]);
        Assert.True(figures["palisade_proof_cells"] > 1000 && figures["palisade_proof_different_cells"] == 0);
        Assert.Equal(0, figures["palisade_apply_failures_total"]);
        Assert.Equal(0, figures["palisade_drift_repairs_total"]);

        // Others open the gates, and a connection begins that nobody may have: told as leaked when that is undone.
        using var kernel = bench.Node.Namespace.Run(() => new NftSocket());
        var began = Stopwatch.GetTimestamp();
        for (var attempt = 0; figures["palisade_drift_leaked_connections_total"] == 0; attempt++)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60), "none is told that came through");
            using var flood = DriftTests.FloodOf(bench);
            var damage = new Transaction(Assert.Single(kernel.Tables()));
            damage.FlushChain("gates");
            kernel.Commit(damage);
            figures = await Until(bench, now => now["palisade_drift_repairs_total"] > attempt);
        }

        Assert.True(figures["palisade_drift_leaked_packets_total"] >= 1);
        Assert.True(figures["palisade_drift_repair_seconds_count"] >= 1);
    }

    [Theory]
    [InlineData("0.0.0.0:9464")]
    [InlineData("192.0.2.1:9464")]
    [InlineData("127.0.0.1")]
    [InlineData("unix:")]
    public void Figures_are_offered_on_this_machine_only(string address) =>
        Assert.NotNull(Palisade.Agent.Metrics.MetricServer.Problem(address));

    [Theory]
    [InlineData("127.0.0.1:9464")]
    [InlineData("[::1]:9464")]
    [InlineData("unix:/run/palisade/metrics.sock")]
    public void On_a_loopback_address_or_a_socket(string address) =>
        Assert.Null(Palisade.Agent.Metrics.MetricServer.Problem(address));

    private static async Task<IReadOnlyDictionary<string, double>> Until(
        AgentBench bench, Func<IReadOnlyDictionary<string, double>, bool> holds)
    {
        for (var attempt = 0; ; attempt++)
        {
            var now = await bench.MetricsAsync();
            if (holds(now))
                return now;
            Assert.True(attempt < 600, string.Join('\n', now.Select(pair => $"{pair.Key} {pair.Value}")));
            await Task.Delay(50);
        }
    }
}

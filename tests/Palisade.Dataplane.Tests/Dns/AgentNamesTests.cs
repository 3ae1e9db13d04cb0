using System.Diagnostics;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Tests.Agent;
using Palisade.Dataplane.Tests.World;
using Palisade.Kubernetes.Client;
using Palisade.Nftables;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>The agent as it is shipped, with a resolver in a pod and a program that asks it.</summary>
public sealed class AgentNamesTests
{
    private static readonly Address Web = Address.Parse("10.244.1.2");
    private static readonly Address Resolver = Address.Parse("10.244.1.3");
    private const int Rounds = 20;

    [Fact]
    public async Task The_agent_lets_a_pod_out_to_what_its_resolver_said_soon_after()
    {
        await using var bench = await AgentBench.StartAsync();
        bench.World.Seat(AgentProcessTests.Cluster(), stack: true);
        await AgentProcessTests.CreateClusterAsync(bench);
        var version = await bench.CreateAsync(KubeResource.ClusterNetworkPolicies, null, AgentProcessTests.Parse("""
            { "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
              "metadata": { "name": "names" },
              "spec": { "tier": "Admin", "priority": 1, "subject": { "namespaces": {} }, "egress": [
                { "action": "Accept", "to": [ { "networks": [ "10.244.1.3/32" ] } ],
                  "protocols": [ { "udp": { "destinationPort": { "number": 53 } } } ] },
                { "action": "Accept", "to": [ { "domainNames": [ "*.example.com" ] } ] },
                { "action": "Deny", "to": [ { "networks": [ "0.0.0.0/0" ] } ] } ] } }
            """));
        bench.StartAgent("--resolver", "10.244.1.3");
        await bench.EnforcedAsync(version, "clusternetworkpolicies");
        using var server = new DnsServer(
            PodOf(bench, Resolver).Namespace, Resolver.ToIp(),
            query => DnsWire.Answer(
                (ushort)(query[0] << 8 | query[1]), $"x{query[1]}.example.com", DnsWire.A,
                DnsWire.Address($"x{query[1]}.example.com", $"203.0.113.{query[1]}", 60)));
        using var monitor = bench.Node.Namespace.Run(() => new NftMonitor());
        var waits = new List<double>();
        for (byte round = 1; round <= Rounds; round++)
        {
            Assert.False(Reaches(bench, $"203.0.113.{round}", expected: false));
            while (monitor.Read(TimeSpan.Zero) is not null)
            {
                // What was before this round.
            }

            await DnsServer.AskAsync(
                PodOf(bench, Web).Namespace, Resolver.ToIp(),
                DnsWire.Query(round, $"x{round}.example.com"), tcp: false);
            var began = Stopwatch.GetTimestamp();
            var commit = monitor.Read(TimeSpan.FromSeconds(10));
            waits.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            Assert.True(commit?.Touches(Lowering.OurTable), string.Join('\n', bench.Log));
            Assert.True(Reaches(bench, $"203.0.113.{round}", expected: true));
        }

        waits.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"answer to element, ms: least {waits[0]:F2}, median {waits[Rounds / 2]:F2}, greatest {waits[^1]:F2}");
        Assert.True(waits[Rounds / 2] < 1000, "within the second after which TCP tries again");
    }

    private static PodPlace PodOf(AgentBench bench, Address address) =>
        bench.Node.Pods.Single(pod => pod.Addresses.Contains(address));

    private static bool Reaches(AgentBench bench, string address, bool expected)
    {
        var from = new Place(PodOf(bench, Web), null);
        return bench.World.Try(
            [new(from, Web, Place.Beyond, Address.Parse(address), Protocol.Tcp, 443)], [expected])[0];
    }
}

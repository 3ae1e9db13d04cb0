using System.Collections.Immutable;
using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>Whether connections stay that a name's address allowed, when its time is over.</summary>
public sealed class FormerNamesTests
{
    private const string Name = "api.example.com";

    [Theory]
    [InlineData("203.0.113.7", 443, true)]    // allowed as long as the name had the address
    [InlineData("203.0.113.7", 80, false)]    // never allowed
    [InlineData("203.0.113.8", 443, true)]    // has it still
    [InlineData("203.0.113.9", 443, false)]   // never had it
    public void A_connection_to_an_address_that_a_name_had_stays_if_the_name_would_allow_it(
        string address, ushort port, bool stays) =>
        Assert.Equal(
            stays,
            Judge([Name], [new(Name, [Address.Parse("203.0.113.7")])])
                .Allows(To(address, port), From(address, port), false));

    [Theory]
    [InlineData("203.0.113.7", 443)]
    public void Without_memory_or_mention_it_does_not(string address, ushort port)
    {
        Assert.False(Judge([Name], []).Allows(To(address, port), From(address, port), false));
        ImmutableArray<DomainName> former = [new(Name, [Address.Parse(address)])];
        Assert.False(Judge(["other.example.com"], former).Allows(To(address, port), From(address, port), false));
    }

    private static FlowJudge Judge(ImmutableArray<string> mentioned, ImmutableArray<DomainName> former)
    {
        var cluster = OneNode.Cluster([]);
        var policy = PolicyCompiler.Compile(ClusterSnapshot.Of(
            endpoints: cluster.Endpoints, nodes: cluster.Nodes,
            clusterNetworkPolicies:
            [
                Tiers.Admin(1, 'a', Tiers.Accept(new DomainNamesPeer(mentioned)).On(443), Tiers.Deny(Tiers.Anything)),
            ],
            domainNames: [new(Name, [Address.Parse("203.0.113.8")])]));
        return new(policy, "n1", [OneNode.Node4], former);
    }

    private static FlowTuple To(string address, ushort port) => new(
        PacketAddress.Parse(OneNode.Address4('a').ToString()), PacketAddress.Parse(address), 6, 40_000, port);

    private static FlowTuple From(string address, ushort port) => To(address, port).Reversed;
}

using System.Net;
using System.Net.Sockets;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using static Palisade.Dataplane.Tests.Dns.DnsWire;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>Names of policies on real packets: pods ask, resolvers answer, and the kernel lets new connections
/// out.</summary>
public sealed class LearningTests
{
    private const string Name = "api.example.com";

    [Fact]
    public void A_pod_reaches_what_its_resolver_told_it_and_nothing_else_and_not_for_ever()
    {
        using var world = new NameWorld([Name]);
        Assert.False(world.Reaches("203.0.113.7"), "nothing is known yet");
        world.Ask(Query(7, Name));
        Assert.True(world.Tell(Answer(7, Name, A, Address(Name, "203.0.113.7", 60), Address(Name, "203.0.113.8", 30))));
        world.Learn();
        Assert.Equal(2, world.Heard);
        Assert.True(world.Reaches("203.0.113.7"));
        Assert.True(world.Reaches("203.0.113.8"));
        Assert.False(world.Reaches("203.0.113.9"));
        Assert.True(world.Prove().Holds, string.Join('\n', world.Prove().Differences));
        world.Wait(31);
        Assert.True(world.Reaches("203.0.113.7"), "60 seconds are not over");
        Assert.False(world.Reaches("203.0.113.8"), "30 seconds are");
        world.Wait(30);
        Assert.False(world.Reaches("203.0.113.7"));
        Assert.True(world.Prove().Holds);
    }

    [Fact]
    public void Names_below_a_wildcard_aliases_capitals_and_IPv6_count()
    {
        using var world = new NameWorld(["*.Example.COM."]);
        world.Ask(Query(1, "a.B.example.com", Aaaa));
        world.Tell(Answer(
            1, "a.B.example.com", Aaaa, Cname("A.b.example.com", "edge.cdn.net"),
            Address("edge.cdn.net", "2001:db8::7")));
        world.Ask(Query(2, "example.com"));
        world.Tell(Answer(2, "example.com", A, Address("example.com", "203.0.113.8")));
        world.Ask(Query(3, "edge.cdn.net"));
        world.Tell(Answer(3, "edge.cdn.net", A, Address("edge.cdn.net", "203.0.113.9")));
        world.Learn();
        Assert.True(world.Reaches("2001:db8::7"));
        Assert.False(world.Reaches("203.0.113.8"), "the wildcard is not for the name itself");
        Assert.False(world.Reaches("203.0.113.9"), "an alias that was asked for by itself is another name");
        Assert.Equal("a.b.example.com", Assert.Single(world.Learner.Known).Name);
    }

    [Fact]
    public void A_hundred_addresses_of_a_name_are_reached()
    {
        using var world = new NameWorld([Name]);
        world.Ask(Query(1, Name));
        Assert.True(world.Tell(
            Answer(1, Name, A, [.. Enumerable.Range(1, 85).Select(i => Address(Name, $"203.0.113.{i}"))])));
        world.Ask(Query(2, Name));
        Assert.True(world.Tell(
            Answer(2, Name, A, [.. Enumerable.Range(86, 85).Select(i => Address(Name, $"203.0.113.{i}"))])));
        world.Learn();
        Assert.Equal(170, Assert.Single(world.Learner.Known).Addresses.Length);
        Assert.True(world.Reaches("203.0.113.1"));
        Assert.True(world.Reaches("203.0.113.170"));
        Assert.False(world.Reaches("203.0.113.171"));
    }

    [Theory]
    [InlineData("another id")]
    [InlineData("another port of the pod")]
    [InlineData("another port of the resolver")]
    [InlineData("another name")]
    [InlineData("another type")]
    [InlineData("asked of somebody else")]
    [InlineData("asked by nobody")]
    [InlineData("said twice")]
    [InlineData("a query")]
    public void What_does_not_fit_a_query_teaches_nothing(string what)
    {
        using var world = new NameWorld([Name, "other.example.com"]);
        var answer = Answer(7, Name, A, Address(Name, "203.0.113.7"));
        if (what == "asked of somebody else")
            world.Ask(Query(7, Name), to: OneNode.Address4('c'));
        else if (what != "asked by nobody")
            world.Ask(Query(7, Name));
        switch (what)
        {
            case "another id": world.Tell(Answer(8, Name, A, Address(Name, "203.0.113.7"))); break;
            case "another port of the pod": world.Tell(answer, port: 40_001); break;
            case "another port of the resolver": world.Tell(answer, fromPort: 5353); break;
            case "another name":
                world.Tell(Answer(7, "other.example.com", A, Address("other.example.com", "203.0.113.7")));
                break;
            case "another type": world.Tell(Answer(7, Name, Aaaa, Address(Name, "203.0.113.7"))); break;
            case "a query": world.Tell(Message(7, 0x0100, Name, A, Address(Name, "203.0.113.7"))); break;
            case "said twice":
                world.Tell(Answer(7, Name, A, Address(Name, "203.0.113.1")));
                world.Tell(answer);
                break;
            default: Assert.True(world.Tell(answer)); break;
        }

        world.Learn();
        Assert.True(world.Heard > 0 || what is "another port of the resolver");
        Assert.False(world.Reaches("203.0.113.7"));
        Assert.Equal(what == "said twice" ? 1 : 0, world.Learner.Known.Length);
    }

    /// <summary>Somebody beyond the node, or another pod, that says it is the resolver.</summary>
    [Fact]
    public void An_answer_of_another_pod_that_says_it_is_the_resolver_does_not_get_far_enough_to_be_heard()
    {
        using var world = new NameWorld([Name]);
        world.Ask(Query(7, Name));
        var forged = Packets.Packet.Datagram(
            NameWorld.Resolver, 53, NameWorld.Asker, 40_000, Answer(7, Name, A, Address(Name, "203.0.113.7")),
            world.Node.NextId());
        Assert.False(world.Node.Arrives(world.Node.A, forged, world.Node.C.Send));
        world.Learn();
        Assert.Equal(1, world.Heard);
        Assert.False(world.Reaches("203.0.113.7"));
    }

    /// <summary>Programs ask by UDP and TCP, directly and by way of a service that the kernel translates.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Programs_ask_a_resolver_or_a_service(bool tcp, bool service)
    {
        var resolver = service ? Policy.Sets.Address.Parse("10.96.0.10") : NameWorld.Resolver;
        using var world = new NameWorld([Name], stack: true, resolver);
        if (service)
        {
            world.Node.Foreign("""
                table ip services {
                    chain pre {
                        type nat hook prerouting priority dstnat
                        ip daddr 10.96.0.10 meta l4proto { tcp, udp } th dport 53 dnat to 10.244.1.3
                    }
                }
                """);
        }

        // 300 addresses: more than one segment, and more than a datagram should have.
        var lines = Enumerable.Range(0, tcp ? 300 : 5)
            .Select(i => Address(Name, $"203.0.{100 + i / 200}.{1 + i % 200}"));
        using var server = new DnsServer(
            world.Node.B.Namespace, NameWorld.Resolver.ToIp(), query => Answer(IdOf(query), Name, A, [.. lines]));
        var answer = await DnsServer.AskAsync(world.Node.A.Namespace, resolver.ToIp(), Query(99, Name), tcp);
        Assert.Equal(99, IdOf(answer));
        world.Learn();
        Assert.Equal(tcp ? 300 : 5, Assert.Single(world.Learner.Known).Addresses.Length);
        Assert.True(world.Reaches("203.0.100.1"));
        Assert.Equal(tcp, world.Reaches("203.0.101.100"));
        Assert.False(world.Reaches("203.0.102.1"));
    }

    [Fact]
    public void Without_names_in_policies_nobody_listens()
    {
        using var world = new NameWorld([Name]);
        Assert.Contains("chain name-answers", world.Node.Nft("", "list", "table", "inet", "palisade"));
        world.Learner.Mention([]);
        world.Learn();
        Assert.DoesNotContain("name-answers", world.Node.Nft("", "list", "table", "inet", "palisade"));
        Assert.True(world.Prove().Holds);
    }

    private static ushort IdOf(byte[] message) => (ushort)(message[0] << 8 | message[1]);
}

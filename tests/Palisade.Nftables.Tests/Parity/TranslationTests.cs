using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Palisade.Nftables.Flows;
using Palisade.Nftables.Kernel;

namespace Palisade.Nftables.Tests.Parity;

/// <summary>
/// Address translation as the kernel does it: a connection to a service address arrives at its endpoints.
/// </summary>
public sealed class TranslationTests
{
    private static readonly Table Table = new(NftFamily.Inet, "palisade");

    [Theory]
    [InlineData("127.0.0.1", "10.96.0.1")]
    [InlineData("::1", "fd96::1")]
    public void A_service_is_shared_out_among_its_endpoints_and_conntrack_tells(string local, string service)
    {
        using var space = Namespaces.Create("services");
        space.RunProgram(Nft.Tool("ip", "iproute2"), "", "address", "add", service, "dev", "lo");
        var listeners = new[] { Listen(space, local), Listen(space, local), Listen(space, local) };
        var endpoints = listeners.Select(listener => (PacketAddress.Parse(local), PortOf(listener))).ToArray();
        var balance = Statement.DestinationNatToOneOf(endpoints);
        Install(space, Match.Destination(IPNetwork.Parse($"{service}/{(local.Contains(':') ? 128 : 32)}")), balance);
        for (var i = 0; i < 60; i++)
            Connect(space, service, 80);
        var reached = listeners.Select(Accepted).ToArray();
        Assert.Equal(60, reached.Sum());
        Assert.All(reached, count => Assert.InRange(count, 5, 40));   // 20 each: below 5 once in 10^5 runs
        using var conntrack = space.Run(() => new ConntrackSocket());
        var flows = conntrack.Dump().Where(flow => flow.Original.DestinationPort == 80).ToList();
        Assert.Equal(60, flows.Count);
        Assert.All(flows, flow =>
        {
            Assert.True(flow.Status.HasFlag(FlowStatus.DestinationNat));
            Assert.Equal(service, flow.Original.Destination.ToString());
            Assert.Contains((flow.Reply.Source, flow.Reply.SourcePort), endpoints);
        });
    }

    [Fact]
    public void A_map_of_services_sends_each_to_its_own_and_leaves_others_alone()
    {
        using var space = Namespaces.Create("service-map");
        space.RunProgram(Nft.Tool("ip", "iproute2"), "", "address", "add", "10.96.0.1", "dev", "lo");
        using var first = Listen(space, "127.0.0.1");
        using var second = Listen(space, "127.0.0.1");
        using var plain = Listen(space, "10.96.0.1");
        var map = Statement.ServiceMap(4, "services");
        Element To(ushort port, TcpListener listener) =>
            new(NftKey.Concatenate(NftKey.Of(IPAddress.Parse("10.96.0.1")), NftKey.Byte(6), NftKey.Port(port)))
            {
                Data = NftKey.Concatenate(NftKey.Of(IPAddress.Loopback), NftKey.Port(PortOf(listener))),
            };
        var set = new NftSet(map) { Elements = [To(80, first), To(81, second)] };
        Install(space, [], Statement.DestinationNatByMap(4, "services"), set);
        using var socket = space.Run(() => new NftSocket());
        Assert.Equal(set, socket.Dump(NftFamily.Inet, "palisade")!.Sets.Single());
        Connect(space, "10.96.0.1", 80);
        Connect(space, "10.96.0.1", 81);
        Connect(space, "10.96.0.1", 81);
        Connect(space, "10.96.0.1", PortOf(plain));
        Assert.Equal((1, 2, 1), (Accepted(first), Accepted(second), Accepted(plain)));

        var change = new Transaction(Table);   // an endpoint moves: one element out, one in
        change.DeleteElements(map, [To(80, first)]);
        change.AddElements(map, [To(80, second)]);
        socket.Commit(change);
        Connect(space, "10.96.0.1", 80);
        Assert.Equal((0, 1), (Accepted(first), Accepted(second)));
    }

    [Fact]
    public void What_is_not_tracked_has_no_connection()
    {
        using var space = Namespaces.Create("untracked");
        using var socket = space.Run(() => new NftSocket());
        using var conntrack = space.Run(() => new ConntrackSocket());
        var transaction = new Transaction(Table);
        transaction.AddRuleset(new(Table)
        {
            Chains =
            [
                new("raw")
                {
                    Base = new("filter", NftHook.Output, -300),
                    Rules = [Rule.Of(Match.DestinationPorts(17, [(53, 53)]), Statement.NoTrack)],
                },
                new("out")
                {
                    Base = new("filter", NftHook.Output, 0),
                    Rules = [Rule.Of(Match.CtState(CtState.New), Statement.SetCtLabel(5), Statement.SetCtMark(8, 8))],
                },
            ],
        });
        socket.Commit(transaction);
        using var client = space.Run(() => new UdpClient());
        client.Send([1], 1, new IPEndPoint(IPAddress.Loopback, 53));
        Assert.Empty(conntrack.Dump());
        client.Send([1], 1, new IPEndPoint(IPAddress.Loopback, 54));
        var flow = Assert.Single(conntrack.Dump());
        Assert.Equal((54, 8u, UInt128.One << 5), (flow.Original.DestinationPort, flow.Mark, flow.Labels));
    }

    private static void Install(
        NetworkNamespace space, ImmutableArray<Expressions.Expression> where,
        ImmutableArray<Expressions.Expression> nat, params ReadOnlySpan<NftSet> sets)
    {
        using var socket = space.Run(() => new NftSocket());
        var transaction = new Transaction(Table);
        transaction.AddRuleset(new(Table)
        {
            Sets = [.. sets],
            Chains =
            [
                new("services")
                {
                    Base = new("nat", NftHook.Output, -100),
                    Rules = [Rule.Of(where, Match.Protocol(6), nat)],
                },
            ],
        });
        socket.Commit(transaction);
    }

    private static TcpListener Listen(NetworkNamespace space, string address)
    {
        var listener = space.Run(() => new TcpListener(IPAddress.Parse(address), 0));
        listener.Start(100);
        return listener;
    }

    private static ushort PortOf(TcpListener listener) => (ushort)((IPEndPoint)listener.LocalEndpoint).Port;

    private static void Connect(NetworkNamespace space, string address, int port)
    {
        var to = IPAddress.Parse(address);
        using var client = space.Run(() => new TcpClient(to.AddressFamily));
        client.Connect(to, port);
    }

    /// <summary>How many connections wait at a listener; they are taken.</summary>
    private static int Accepted(TcpListener listener)
    {
        var count = 0;
        for (; listener.Pending(); count++)
            listener.AcceptSocket().Dispose();
        return count;
    }
}

using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Nftables.Tests.Parity;

/// <summary>Tables of family bridge: ours and nft's are the same, as text and as expressions.</summary>
public sealed class BridgeTests
{
    private const string Frame = """
        table bridge palisade {
        	comment "per-port anti-spoofing"
        	set own {
        		type ifname . ipv4_addr
        	}

        	set own6 {
        		type ifname . ipv6_addr
        	}

        	set hardware {
        		type ifname . ether_addr
        		elements = { "veth1" . 02:00:00:00:00:01 }
        	}

        	map gates {
        		type ifname : verdict
        	}

        	chain pre {
        		type filter hook prerouting priority dstnat + 1; policy accept;
        RULES	}

        	chain forward {
        		type filter hook forward priority filter; policy drop;
        	}

        	chain out {
        		type filter hook output priority out; policy accept;
        	}

        	chain post {
        		type filter hook postrouting priority srcnat - 2; policy accept;
        	}
        }

        """;

    private static readonly ImmutableArray<(Rule Rule, string Text)> Cases =
    [
        (Rule.Of(Match.InputInterface("veth*", not: true), Statement.Accept), "iifname != \"veth*\" accept"),
        (Rule.Of(Match.InputInterfaceMap("gates")), "iifname vmap @gates"),
        (Rule.Of(BridgeMatch.InputInterfaceAndHardware("hardware", not: true), Statement.Drop),
            "iifname . ether saddr != @hardware drop"),
        (Rule.Of(BridgeMatch.InputInterfaceAndSource(4, "own", not: true), Statement.Counter, Statement.Drop),
            "iifname . ip saddr != @own counter packets 0 bytes 0 drop"),
        (Rule.Of(BridgeMatch.InputInterfaceAndSource(6, "own6"), Statement.Accept), "iifname . ip6 saddr @own6 accept"),
        (Rule.Of(BridgeMatch.InputInterfaceAndArpSource("own", not: true), Statement.Drop),
            "iifname . arp saddr ip != @own drop"),
        (Rule.Of(BridgeMatch.EtherType(BridgeMatch.Arp), Statement.Accept), "ether type arp accept"),
        (Rule.Of(BridgeMatch.EtherType(BridgeMatch.IPv6, not: true), Statement.Accept), "ether type != ip6 accept"),
        (Rule.Of(BridgeMatch.EtherTypeIn([BridgeMatch.IPv4, BridgeMatch.Arp, BridgeMatch.IPv6], not: true),
            Statement.Drop), "ether type != { ip, arp, ip6 } drop"),
        (Rule.Of(Statement.Drop), "drop"),
    ];

    [Fact]
    public void A_bridge_table_prints_as_nft_lists_it_and_is_what_nft_makes_of_that_text()
    {
        var nft = Nft.Find();
        var text = Frame.Replace("\r", "").Replace("RULES", string.Concat(Cases.Select(c => $"\t\t{c.Text}\n")));
        using var theirs = Namespaces.Create("bridge-theirs");
        theirs.RunProgram(nft, text, "-f", "-");
        Assert.Equal(text, theirs.RunProgram(nft, "", "list", "table", "bridge", "palisade"));
        using var reader = theirs.Run(() => new NftSocket());
        var made = reader.Dump(NftFamily.Bridge, "palisade")!;
        foreach (var (ours, nfts) in Cases.Zip(made.Chains[0].Rules))
            Assert.True(ours.Rule == nfts, $"{ours.Text}\n{string.Join("; ", ours.Rule.Expressions)}\n"
                + string.Join("; ", nfts.Expressions));
        var whole = made with
        {
            Chains = [made.Chains[0] with { Rules = [.. Cases.Select(c => c.Rule)] }, .. made.Chains[1..]],
        };
        Assert.Equal(text, NftText.Print(whole));

        using var space = Namespaces.Create("bridge-ours");
        using var socket = space.Run(() => new NftSocket());
        var transaction = new Transaction(whole.Table);
        transaction.AddRuleset(whole);
        socket.Commit(transaction);
        Assert.Equal(text, space.RunProgram(nft, "", "list", "table", "bridge", "palisade"));
    }

    [Fact]
    public void A_port_that_speaks_for_another_address_is_dropped_at_the_bridge()
    {
        using var node = Namespaces.Create("bridge-node");
        using var first = Namespaces.Create("bridge-first");
        using var second = Namespaces.Create("bridge-second");
        using var routing = node.Run(() => new RtSocket());
        routing.CreateBridge("br0");
        routing.SetUp("br0");
        Plug(routing, first, "port1", "10.7.0.1", "10.7.0.9");
        Plug(routing, second, "port2", "10.7.0.2");
        var own = new NftSet(new("own", KeyType.Concatenate(KeyType.InterfaceName, KeyType.Ipv4Address)))
        {
            Elements = [Own("port1", "10.7.0.1"), Own("port2", "10.7.0.2")],
        };
        var table = new Table(NftFamily.Bridge, "palisade");
        var transaction = new Transaction(table);
        transaction.AddRuleset(new(table)
        {
            Counters = [new("spoofed")],
            Sets = [own],
            Chains =
            [
                new("pre")
                {
                    Base = new("filter", NftHook.Prerouting, -300),
                    Rules =
                    [
                        Rule.Of(BridgeMatch.InputInterfaceAndSource(4, "own", not: true), Statement.CountOn("spoofed"),
                            Statement.Drop),
                    ],
                },
            ],
        });
        using var socket = node.Run(() => new NftSocket());
        socket.Commit(transaction);

        using var receiver = second.Run(() => new UdpClient(new IPEndPoint(IPAddress.Any, 5000)));
        receiver.Client.ReceiveTimeout = 5000;
        using var honest = first.Run(() => new UdpClient(new IPEndPoint(IPAddress.Parse("10.7.0.1"), 0)));
        using var liar = first.Run(() => new UdpClient(new IPEndPoint(IPAddress.Parse("10.7.0.9"), 0)));
        var target = new IPEndPoint(IPAddress.Parse("10.7.0.2"), 5000);
        IPEndPoint? from = null;
        honest.Send([1], 1, target);
        Assert.Equal([1], receiver.Receive(ref from));
        Assert.Equal(0ul, socket.Counters(table).Single().Packets);
        liar.Send([2], 1, target);
        honest.Send([3], 1, target);
        Assert.Equal([3], receiver.Receive(ref from));   // the one before did not come
        Assert.Equal(1ul, socket.Counters(table).Single().Packets);
    }

    private static Element Own(string port, string address) =>
        new(NftKey.Concatenate(NftKey.Interface(port), NftKey.Of(IPAddress.Parse(address))));

    private static void Plug(RtSocket node, NetworkNamespace pod, string port, params string[] addresses)
    {
        node.CreateVeth(port, "eth0", pod.FileDescriptor);
        node.SetMaster(port, "br0");
        node.SetUp(port);
        using var routing = pod.Run(() => new RtSocket());
        foreach (var address in addresses)
            routing.AddAddress("eth0", IPAddress.Parse(address), 24);
        routing.SetUp("eth0");
    }
}

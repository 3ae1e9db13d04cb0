using System.Collections.Immutable;
using System.Net;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Packets;

namespace Palisade.Nftables.Tests.Parity;

/// <summary>Each builder against nft: the same text, the same expressions as nft makes of that text.</summary>
public sealed class BuilderTests
{
    private const string Frame = """
        table inet palisade {
        	counter spoofed {
        		packets 0 bytes 0
        	}

        	set pods {
        		type ipv4_addr
        	}

        	set pods6 {
        		type ipv6_addr
        	}

        	set pairs {
        		type ipv4_addr . ipv4_addr
        	}

        	set pairs6 {
        		type ipv6_addr . ipv6_addr
        	}

        	set own {
        		type ifname . ipv4_addr
        	}

        	set own6 {
        		type ifname . ipv6_addr
        	}

        	set interfaces {
        		type ifname
        	}

        	set ports {
        		type inet_service
        		flags interval
        	}

        	map gates {
        		type ipv4_addr : verdict
        	}

        	map gates6 {
        		type ipv6_addr : verdict
        	}

        	map pair-gates {
        		type ipv4_addr . ipv4_addr : verdict
        	}

        	map pair-gates6 {
        		type ipv6_addr . ipv6_addr : verdict
        	}

        	map interface-gates {
        		type ifname : verdict
        	}

        	map own-gates {
        		type ifname . ipv4_addr : verdict
        	}

        	map service-gates {
        		type ipv4_addr . inet_proto . inet_service : verdict
        	}

        	set services6 {
        		type ipv6_addr . inet_proto . inet_service
        	}

        	map services {
        		type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
        	}

        	map backends6 {
        		type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service
        	}

        	chain gate {
        	}

        	chain base {
        		type TYPE hook HOOK priority PRIORITY; policy accept;
        RULES	}
        }

        """;

    public static ImmutableArray<(Rule Rule, string Text)> Postrouting { get; } =
    [
        (Rule.Of(Match.Source(4, "pods"), Statement.Accept), "ip saddr @pods accept"),
        (Rule.Of(Match.Source(6, "pods6", not: true), Statement.Drop), "ip6 saddr != @pods6 drop"),
        (Rule.Of(Match.Destination(4, "pods"), Match.DestinationPorts(6, [(80, 80)]), Statement.Return),
            "ip daddr @pods tcp dport 80 return"),
        (Rule.Of(Match.Destination(6, "pods6"), Match.DestinationPorts(17, [(1, 9)])),
            "ip6 daddr @pods6 udp dport 1-9"),
        (Rule.Of(Match.SourceAndDestination(4, "pairs"), Statement.Accept), "ip saddr . ip daddr @pairs accept"),
        (Rule.Of(Match.SourceAndDestination(6, "pairs6"), Statement.Accept), "ip6 saddr . ip6 daddr @pairs6 accept"),
        (Rule.Of(Match.Source(IPNetwork.Parse("10.0.0.0/8")), Statement.Accept), "ip saddr 10.0.0.0/8 accept"),
        (Rule.Of(Match.Source(IPNetwork.Parse("10.0.0.0/9"), not: true), Statement.Accept),
            "ip saddr != 10.0.0.0/9 accept"),
        (Rule.Of(Match.Destination(IPNetwork.Parse("10.1.2.3/32")), Statement.Accept), "ip daddr 10.1.2.3 accept"),
        (Rule.Of(Match.Destination(IPNetwork.Parse("fe80::/10")), Statement.Accept), "ip6 daddr fe80::/10 accept"),
        (Rule.Of(Match.Destination(IPNetwork.Parse("fd00:1::/48")), Statement.Accept), "ip6 daddr fd00:1::/48 accept"),
        (Rule.Of(Match.Destination(IPNetwork.Parse("0.0.0.0/0")), Statement.Accept), "meta nfproto ipv4 accept"),
        (Rule.Of(Match.Source(IPNetwork.Parse("10.0.0.0/8")),
                Match.Destination(IPNetwork.Parse("10.0.0.0/16")), Statement.Accept),
            "ip saddr 10.0.0.0/8 ip daddr 10.0.0.0/16 accept"),
        (Rule.Of(Match.SourceMap(4, "gates")), "ip saddr vmap @gates"),
        (Rule.Of(Match.DestinationMap(4, "gates")), "ip daddr vmap @gates"),
        (Rule.Of(Match.DestinationMap(6, "gates6")), "ip6 daddr vmap @gates6"),
        (Rule.Of(Match.OutputInterface("eth0"), Statement.Accept), "oifname \"eth0\" accept"),
        (Rule.Of(Match.InputInterface("veth*", not: true), Statement.Accept), "iifname != \"veth*\" accept"),
        (Rule.Of(Match.InputInterfaceIn("interfaces", not: true), Statement.Accept), "iifname != @interfaces accept"),
        (Rule.Of(Match.OutputInterfaceIn("interfaces"), Statement.Accept), "oifname @interfaces accept"),
        (Rule.Of(Match.SourceAndDestinationMap(4, "pair-gates")), "ip saddr . ip daddr vmap @pair-gates"),
        (Rule.Of(Match.SourceAndDestinationMap(6, "pair-gates6")), "ip6 saddr . ip6 daddr vmap @pair-gates6"),
        (Rule.Of(Match.OutputInterfaceMap("interface-gates")), "oifname vmap @interface-gates"),
        (Rule.Of(Match.InputInterfaceMap("interface-gates")), "iifname vmap @interface-gates"),
        (Rule.Of(Match.InputInterfaceAndSource(4, "own", not: true), Statement.CountOn("spoofed"), Statement.Drop),
            "iifname . ip saddr != @own counter name \"spoofed\" drop"),
        (Rule.Of(Match.InputInterfaceAndSource(6, "own6"), Statement.Accept), "iifname . ip6 saddr @own6 accept"),
        (Rule.Of(Match.OutputInterfaceAndDestination(4, "own"), Statement.Accept), "oifname . ip daddr @own accept"),
        (Rule.Of(Match.OutputInterfaceAndDestinationMap(4, "own-gates")), "oifname . ip daddr vmap @own-gates"),
        (Rule.Of(Match.InputInterfaceAndSourceMap(4, "own-gates")), "iifname . ip saddr vmap @own-gates"),
        (Rule.Of(Match.InputInterface("eth0"), Match.InputInterfaceAndSource(4, "own"), Statement.Accept),
            "iifname \"eth0\" iifname . ip saddr @own accept"),
        (Rule.Of(Match.DestinationPorts(6, [(80, 80), (443, 443)]), Statement.Accept), "tcp dport { 80, 443 } accept"),
        (Rule.Of(Match.DestinationPorts(132, [(443, 443), (1000, 2000), (80, 80)]), Statement.Accept),
            "sctp dport { 80, 443, 1000-2000 } accept"),
        (Rule.Of(Match.DestinationPorts(6, [(0, 79), (81, 65535)]), Statement.Accept),
            "tcp dport { 0-79, 81-65535 } accept"),
        (Rule.Of(Match.DestinationPorts(17, [(0, 65535)]), Statement.Accept), "udp dport 0-65535 accept"),
        (Rule.Of(Match.DestinationPortIn(6, "ports"), Statement.Accept), "tcp dport @ports accept"),
        (Rule.Of(Match.Protocol(6), Statement.Accept), "meta l4proto tcp accept"),
        (Rule.Of(Match.Protocol(132, not: true), Statement.Accept), "meta l4proto != sctp accept"),
        (Rule.Of(Match.ProtocolIn([6, 17, 132], not: true), Statement.Accept),
            "meta l4proto != { tcp, udp, sctp } accept"),
        (Rule.Of(Match.Family(4), Match.Protocol(6), Statement.Accept), "meta nfproto ipv4 meta l4proto tcp accept"),
        (Rule.Of(Match.Family(6), Statement.Drop), "meta nfproto ipv6 drop"),
        (Rule.Of(Match.Source(4, "pods"), Match.Protocol(6), Statement.Accept),
            "ip saddr @pods meta l4proto tcp accept"),
        (Rule.Of(Match.CtState(CtState.Related), Match.Protocol(1), Statement.Accept),
            "ct state related meta l4proto icmp accept"),
        (Rule.Of(Match.CtState(CtState.Related), Match.ProtocolIn([1, 58]), Statement.Accept),
            "ct state related meta l4proto { icmp, ipv6-icmp } accept"),
        (Rule.Of(Match.CtState(CtState.Established | CtState.Related), Statement.Accept),
            "ct state established,related accept"),
        (Rule.Of(Match.CtState(CtState.Invalid | CtState.Untracked | CtState.New), Statement.Counter, Statement.Drop),
            "ct state invalid,new,untracked counter packets 0 bytes 0 drop"),
        (Rule.Of(Match.CtStatus(0x30), Statement.Accept), "ct status snat,dnat accept"),
        (Rule.Of(Match.CtDirection(reply: true), Statement.Accept), "ct direction reply accept"),
        (Rule.Of(Match.CtMark(7), Statement.Accept), "ct mark 0x00000007 accept"),
        (Rule.Of(Match.Mark(7), Statement.Accept), "meta mark 0x00000007 accept"),
        (Rule.Of(Match.Mark(7, 15), Statement.Accept), "meta mark & 0x0000000f == 0x00000007 accept"),
        (Rule.Of(Match.Fib(FibInput.SourceAddress), Statement.Accept), "fib saddr type local accept"),
        (Rule.Of(Match.Fib(FibInput.DestinationAddress, 5, not: true), Statement.Accept),
            "fib daddr type != multicast accept"),
        (Rule.Of(Match.IcmpType(8), Statement.Accept), "icmp type echo-request accept"),
        (Rule.Of(Match.IcmpType(3, 11, 12), Statement.Accept),
            "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept"),
        (Rule.Of(Match.Icmpv6Type(134, 137), Statement.Drop), "icmpv6 type { nd-router-advert, nd-redirect } drop"),
        (Rule.Of(Match.Icmpv6Type(135, 136), Match.HopLimit(255), Statement.Accept),
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept"),
        (Rule.Of(Match.Source(IPNetwork.Parse("fe80::/10")),
                Match.Icmpv6Type(135), Match.HopLimit(255), Statement.Accept),
            "ip6 saddr fe80::/10 icmpv6 type nd-neighbor-solicit ip6 hoplimit 255 accept"),
        (Rule.Of(Match.HopLimit(255, not: true), Statement.Drop), "ip6 hoplimit != 255 drop"),
        (Rule.Of(Match.CtLabel(5), Statement.Accept), "ct label 5 accept"),
        (Rule.Of(Match.CtLabel(127, not: true), Statement.Accept), "ct label ! 127 accept"),
        (Rule.Of(Match.CtZone(5), Statement.Accept), "ct zone 5 accept"),
        (Rule.Of(Match.CtZone(300, not: true), Statement.Accept), "ct zone != 300 accept"),
        (Rule.Of(Match.CtOriginalDestination(4, "pods"), Statement.Accept), "ct original ip daddr @pods accept"),
        (Rule.Of(Match.CtOriginalDestination(6, "pods6", not: true), Statement.Accept),
            "ct original ip6 daddr != @pods6 accept"),
        (Rule.Of(Match.TcpFlags(TcpFlags.Syn, TcpFlags.Fin | TcpFlags.Syn | TcpFlags.Reset | TcpFlags.Acknowledge),
            Statement.Accept), "tcp flags syn / fin,syn,rst,ack accept"),
        (Rule.Of(Match.TcpFlags(TcpFlags.Syn, TcpFlags.Syn | TcpFlags.Acknowledge, not: true), Statement.Accept),
            "tcp flags != syn / syn,ack accept"),
        (Rule.Of(Match.DestinationServiceMap(4, "service-gates")),
            "ip daddr . meta l4proto . th dport vmap @service-gates"),
        (Rule.Of(Match.DestinationServiceIn(6, "services6"), Statement.Accept),
            "ip6 daddr . meta l4proto . th dport @services6 accept"),
        (Rule.Of(Statement.SetMark(4)), "meta mark set 0x00000004"),
        (Rule.Of(Statement.SetMark(4, 4)), "meta mark set meta mark | 0x00000004"),
        (Rule.Of(Statement.SetCtMark(7)), "ct mark set 0x00000007"),
        (Rule.Of(Statement.SetCtMark(4, 15)), "ct mark set ct mark & 0xfffffff4 | 0x00000004"),
        (Rule.Of(Statement.SetCtMark(8, 8)), "ct mark set ct mark | 0x00000008"),
        (Rule.Of(Statement.SetCtLabel(5)), "ct label set 5"),
        (Rule.Of(Statement.OneOf(NftVerdict.Goto("gate"), NftVerdict.Jump("gate"), NftVerdict.Accept)),
            "numgen random mod 3 vmap { 0 : goto gate, 1 : jump gate, 2 : accept }"),
        (Rule.Of(Statement.Log(5)), "log group 5"),
        (Rule.Of(Statement.Limit(10, 1, 20), Statement.Log(5, "denied web: ", 64)),
            "limit rate 10/second burst 20 packets log prefix \"denied web: \" group 5 snaplen 64"),
        (Rule.Of(Statement.Log(65535, "p", 0, 20)), "log prefix \"p\" group 65535 queue-threshold 20"),
        (Rule.Of(Statement.Limit(100, 60, 1000), Statement.Drop), "limit rate 100/minute burst 1000 packets drop"),
        (Rule.Of(Statement.Limit(3, 3600, over: true), Statement.Drop), "limit rate over 3/hour drop"),
        (Rule.Of(Statement.Jump("gate")), "jump gate"),
        (Rule.Of(Statement.Goto("gate")) with { Comment = "dev-team: allow-web" },
            "goto gate comment \"dev-team: allow-web\""),
        (Rule.Of(Statement.Return), "return"),
    ];

    public static ImmutableArray<(Rule Rule, string Text)> Prerouting { get; } =
    [
        (Rule.Of(Match.Fib(FibInput.SourceAddress | FibInput.InputInterface), Statement.Accept),
            "fib saddr . iif type local accept"),
        (Rule.Of(Match.Fib(FibInput.DestinationAddress | FibInput.InputInterface, 3, not: true), Statement.Drop),
            "fib daddr . iif type != broadcast drop"),
        (Rule.Of(Statement.Reject), "reject"),
        (Rule.Of(Match.Protocol(6), Statement.RejectByTcpReset), "meta l4proto tcp reject with tcp reset"),
    ];

    public static ImmutableArray<(Rule Rule, string Text)> Raw { get; } =
    [
        (Rule.Of(Statement.NoTrack), "notrack"),
        (Rule.Of(Match.DestinationPorts(17, [(53, 53)]), Statement.NoTrack), "udp dport 53 notrack"),
        (Rule.Of(Statement.SetCtZone(5)), "ct zone set 5"),
    ];

    public static ImmutableArray<(Rule Rule, string Text)> DestinationNat { get; } =
    [
        (Rule.Of(Statement.DestinationNat(Address("10.0.0.5"))), "dnat ip to 10.0.0.5"),
        (Rule.Of(Statement.DestinationNat(Address("fd00::5"))), "dnat ip6 to fd00::5"),
        (Rule.Of(Match.Protocol(6), Statement.DestinationNat(Address("10.0.0.5"), 80)),
            "meta l4proto tcp dnat ip to 10.0.0.5:80"),
        (Rule.Of(Match.Protocol(17), Statement.DestinationNat(Address("fd00::5"), 53)),
            "meta l4proto udp dnat ip6 to [fd00::5]:53"),
        (Rule.Of(Statement.DestinationNatByMap(4, "services")),
            "dnat ip to ip daddr . meta l4proto . th dport map @services"),
        (Rule.Of(Statement.DestinationNatByMap(6, "backends6")),
            "dnat ip6 to ip6 daddr . meta l4proto . th dport map @backends6"),
        (Rule.Of(Match.Protocol(6), Statement.DestinationNatToOneOf([(Address("10.0.0.9"), 80)])),
            "meta l4proto tcp dnat ip to numgen random mod 1 map { 0 : 10.0.0.9 . 80 }"),
        (Rule.Of(Match.Protocol(6), Statement.DestinationNatToOneOf(
                [(Address("fd00::9"), 8080), (Address("fd00::1"), 80), (Address("fd00::9"), 8080)])),
            "meta l4proto tcp dnat ip6 to numgen random mod 3 map "
            + "{ 0 : fd00::9 . 8080, 1 : fd00::1 . 80, 2 : fd00::9 . 8080 }"),
    ];

    public static ImmutableArray<(Rule Rule, string Text)> SourceNat { get; } =
    [
        (Rule.Of(Statement.SourceNat(Address("10.0.0.5"))), "snat ip to 10.0.0.5"),
        (Rule.Of(Match.Protocol(6), Statement.SourceNat(Address("10.0.0.5"), 1024)),
            "meta l4proto tcp snat ip to 10.0.0.5:1024"),
    ];

    [Fact]
    public void Rules_print_as_nft_lists_them_and_are_what_nft_makes_of_that_text()
    {
        Judge("filter", "postrouting", "filter", Postrouting);
        Judge("filter", "prerouting", "filter", Prerouting);
        Judge("filter", "prerouting", "raw", Raw);
        Judge("nat", "prerouting", "dstnat", DestinationNat);
        Judge("nat", "postrouting", "srcnat", SourceNat);
    }

    [Fact]
    public void Every_builder_of_Match_and_Statement_is_judged()
    {
        var source = File.ReadAllText(SourceFile());
        var builders = typeof(Match).GetMethods().Concat(typeof(Statement).GetMethods())
            .Where(method => method.IsStatic && method.DeclaringType != typeof(object))
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name.Replace("get_", "")}").Distinct();
        bool IsJudged(string builder) =>
            builder is "Statement.Verdict" or "Statement.ServiceMap"
            || new[] { "(", ",", ")" }.Any(end => source.Contains(builder + end));
        var missing = string.Join(", ", builders.Where(builder => !IsJudged(builder)));
        Assert.Equal("", missing);
    }

    private static string SourceFile([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

    private static PacketAddress Address(string text) => PacketAddress.Parse(text);

    private static void Judge(string type, string hook, string priority, ImmutableArray<(Rule Rule, string Text)> cases)
    {
        var nft = Nft.Find();
        var text = Frame.Replace("\r", "").Replace("TYPE", type).Replace("HOOK", hook).Replace("PRIORITY", priority)
            .Replace("RULES", string.Concat(cases.Select(c => $"\t\t{c.Text}\n")));
        using var theirs = Namespaces.Create("theirs");
        theirs.RunProgram(nft, text, "-f", "-");
        Assert.Equal(text, theirs.RunProgram(nft, "", "list", "table", "inet", "palisade"));
        var made = theirs.Run(() => new NftSocket()).Dump(NftFamily.Inet, "palisade")!;
        var rules = made.Chains.Single(chain => chain.Base is not null).Rules;
        for (var i = 0; i < cases.Length; i++)
        {
            Assert.Equal(cases[i].Text, NftText.Print(cases[i].Rule));
            var both = $"{cases[i].Text}\nours: {Show(cases[i].Rule)}\nnft's: {Show(rules[i])}";
            Assert.True(cases[i].Rule == rules[i], both);
        }

        using var ours = Namespaces.Create("ours");
        using var socket = ours.Run(() => new NftSocket());
        var transaction = new Transaction(made.Table);
        var ourRules = cases.Select(c => c.Rule).ToImmutableArray();
        var chains = made.Chains.Select(chain => chain.Base is null ? chain : chain with { Rules = ourRules });
        transaction.AddRuleset(made with { Chains = [.. chains] });
        socket.Commit(transaction);
        Assert.Equal(text, ours.RunProgram(nft, "", "list", "table", "inet", "palisade"));
    }

    private static string Show(Rule rule) => string.Join("; ", rule.Expressions);
}

using System.Collections.Immutable;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Tests;

/// <summary>Every expression by its bytes, its decoding, and its text in a rule.</summary>
/// <remarks>
/// The bytes are what nft 1.0.6 sends for the same text (strace), but: lookup (nft adds the set's number when both
/// are new; so do we), nat (nft says with a constant port that a port is given, which follows), notrack (nft leaves
/// the empty body out), ct with a direction (the order of its attributes), bitwise with xor (nft also says that it is
/// the usual kind),
/// objref (nft leaves the NUL of the name to the padding), and quota, which we do not know and only pass through.
/// </remarks>
public sealed class ExpressionTests
{
    private static readonly ImmutableArray<Case> Cases =
    [
        new(new Meta(MetaKey.L4Proto),
            "24000180090001006d657461000000001400028008000200000000100800010000000001",
            Match.Protocol(6), "meta l4proto tcp"),
        new(new Payload(PayloadBase.Transport, 2, 2),
            "340001800c0001007061796c6f61640024000280080001000000000108000200000000020800030000000002"
            + "0800040000000002",
            Match.DestinationPorts(6, [(80, 80)]), "tcp dport 80"),
        new(new Compare(CompareOperator.Equal, NftKey.Byte(6)),
            "2c00018008000100636d700020000280080001000000000108000200000000000c0003800500010006000000",
            Match.Protocol(6), "meta l4proto tcp"),
        new(new Bitwise(NftKey.Host32(2)),
            "440001800c000100626974776973650034000280080001000000000108000200000000010800030000000004"
            + "0c00048008000100020000000c0005800800010000000000",
            Match.CtState(CtState.Established), "ct state established"),
        new(new RangeMatch(true, NftKey.Port(1), NftKey.Port(9)),
            "3c0001800a00010072616e67650000002c000280080001000000000108000200000000010c00038006000100"
            + "000100000c0004800600010000090000",
            [.. Match.DestinationPortIn(6, "")[..3], new RangeMatch(true, NftKey.Port(1), NftKey.Port(9))],
            "tcp dport != 1-9"),
        new(new Lookup("pods"),
            "280001800b0001006c6f6f6b7570000018000280080002000000000109000100706f647300000000",
            Match.Source(4, "pods"), "ip saddr @pods"),
        new(new Conntrack(ConntrackKey.State),
            "2000018007000100637400001400028008000200000000000800010000000001",
            Match.CtState(CtState.Established), "ct state established"),
        new(new Fib(FibInput.SourceAddress | FibInput.InputInterface, FibResult.AddressType),
            "2800018008000100666962001c000280080003000000000908000200000000030800010000000001",
            Match.Fib(FibInput.SourceAddress | FibInput.InputInterface), "fib saddr . iif type local"),
        new(new Counter(5, 10),
            "2c0001800c000100636f756e746572001c0002800c000100000000000000000a0c0002000000000000000005",
            [new Counter(5, 10)], "counter packets 5 bytes 10"),
        new(new CounterReference("spoofed"),
            "280001800b0001006f626a72656600001800028008000100000000010c00020073706f6f66656400",
            Statement.CountOn("spoofed"), "counter name \"spoofed\""),
        new(new Immediate(NftVerdict.Jump("g1")),
            "380001800e000100696d6d656469617465000000240002800800010000000000180002801400028008000100"
            + "fffffffd0700020067310000",
            Statement.Jump("g1"), "jump g1"),
        new(new Log(5) { Prefix = "denied ", SnapLength = 64 },
            "2c000180080001006c6f6700200002800c00020064656e696564200006000100000500000800030000000040",
            Statement.Log(5, "denied ", 64), "log prefix \"denied \" group 5 snaplen 64"),
        new(new Limit(10),
            "440001800a0001006c696d6974000000340002800c000100000000000000000a0c0002000000000000000001"
            + "080003000000000508000400000000000800050000000000",
            Statement.Limit(10), "limit rate 10/second"),
        new(new ImmediateValue(NftKey.Port(80), 2),
            "2c0001800e000100696d6d6564696174650000001800028008000100000000020c0002800600010000500000",
            [.. Match.Protocol(6), .. Statement.DestinationNat(PacketAddress.Parse("10.0.0.5"), 80)],
            "meta l4proto tcp dnat ip to 10.0.0.5:80"),
        new(new Nat(IsSource: false, 4, 1, 9),
            "30000180080001006e617400240002800800010000000001080002000000000208000300000000010800050000000009",
            Statement.DestinationNatByMap(4, "m"), "dnat ip to ip daddr . meta l4proto . th dport map @m"),
        new(new NumberGenerator(2),
            "340001800b0001006e756d67656e0000240002800800010000000001080002000000000208000300000000010800040000000000",
            Statement.OneOf(NftVerdict.Accept, NftVerdict.Drop), "numgen random mod 2 vmap { 0 : accept, 1 : drop }"),
        new(new NumberGenerator(2) { IsRandom = false, Offset = 1 },
            "340001800b0001006e756d67656e0000240002800800010000000001080002000000000208000300000000000800040000000001",
            [new NumberGenerator(2) { IsRandom = false, Offset = 1 }, new Compare(CompareOperator.Equal,
                NftKey.Host32(2))], "numgen inc mod 2 offset 1 2"),
        new(new Lookup("m") { IntoRegister = 1 },
            "2c0001800b0001006c6f6f6b757000001c00028008000200000000010800030000000001060001006d000000",
            Statement.DestinationNatByMap(6, "m"), "dnat ip6 to ip6 daddr . meta l4proto . th dport map @m"),
        new(new NoTrack(), "140001800c0001006e6f747261636b0004000280", Statement.NoTrack, "notrack"),
        new(new Reject(), "240001800b00010072656a65637400001400028008000100000000020500020001000000",
            Statement.Reject, "reject"),
        new(new Reject(ByTcpReset: true), "1c0001800b00010072656a65637400000c0002800800010000000001",
            [.. Match.Protocol(6), .. Statement.RejectByTcpReset], "meta l4proto tcp reject with tcp reset"),
        new(new Bitwise(NftKey.Host32(~8u)) { Xor = NftKey.Host32(8) },
            "440001800c000100626974776973650034000280080001000000000108000200000000010800030000000004"
            + "0c00048008000100f7ffffff0c0005800800010008000000",
            Statement.SetCtMark(8, 8), "ct mark set ct mark | 0x00000008"),
        new(new ConntrackSet(ConntrackKey.Mark),
            "2000018007000100637400001400028008000200000000030800040000000001",
            Statement.SetCtMark(4, 15), "ct mark set ct mark & 0xfffffff4 | 0x00000004"),
        new(new ConntrackSet(ConntrackKey.Zone) { IsReply = true },
            "2800018007000100637400001c000280080002000000001105000300010000000800040000000001",
            [new ImmediateValue(NftKey.Host16(5)), new ConntrackSet(ConntrackKey.Zone) { IsReply = true }],
            "ct reply zone set 5"),
        new(new Conntrack(ConntrackKey.DestinationV4) { IsReply = false },
            "2800018007000100637400001c000280080002000000001408000100000000010500030000000000",
            Match.CtOriginalDestination(4, "pods"), "ct original ip daddr @pods"),
        new(new MetaSet(MetaKey.Mark),
            "24000180090001006d657461000000001400028008000200000000030800030000000001",
            Statement.SetMark(7), "meta mark set 0x00000007"),
        new(new Unknown("quota", new([8, 0, 1, 0, 0, 0, 0, 7])),
            "1c0001800a00010071756f74610000000c0002800800010000000007",
            [new Unknown("quota", new([8, 0, 1, 0, 0, 0, 0, 7]))], "# unknown expression quota 0800010000000007"),
    ];

    public static TheoryData<int> Indices => [.. Enumerable.Range(0, Cases.Length)];

    [Theory]
    [MemberData(nameof(Indices))]
    public void An_expression_is_encoded_decoded_and_printed(int index)
    {
        var (expression, bytes, rule, text) = Cases[index];
        var buffer = new NetlinkBuffer();
        expression.Encode(buffer);
        Assert.Equal(bytes, Convert.ToHexStringLower(buffer.Written));

        var decoded = Expression.Decode(buffer.Written[4..]);   // the element nest's own header is the list's business
        Assert.Equal(expression, decoded);
        Assert.Equal(expression.GetHashCode(), decoded.GetHashCode());
        Assert.Contains(expression, rule);
        Assert.Equal(text, NftText.Print(new Rule(rule)));
    }

    [Fact]
    public void Every_kind_of_expression_has_a_case()
    {
        var kinds = typeof(Expression).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Expression)));
        var judged = Cases.Select(c => c.Expression.GetType().Name).Distinct();
        Assert.Equal(kinds.Select(kind => kind.Name).Order(), judged.Order());
    }

    [Fact]
    public void Truncated_attributes_end_the_walk()
    {
        var buffer = new NetlinkBuffer();
        buffer.PutString(1, "name");
        buffer.PutBig32(2, 7);
        for (var length = 0; length < buffer.Length; length++)
        {
            var seen = 0;
            var reader = new AttributeReader(buffer.Written[..length]);
            while (reader.Next())
                seen += reader.Type;
            Assert.Equal(length < 9 ? 0 : 1, seen);
        }
    }

    private sealed record Case(Expression Expression, string Bytes, ImmutableArray<Expression> Rule, string Text);
}

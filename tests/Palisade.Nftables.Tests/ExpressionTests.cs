using System.Collections.Immutable;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Tests;

/// <summary>Every expression by its bytes, its decoding, and its text in a rule.</summary>
/// <remarks>
/// The bytes are what nft 1.0.6 sends for the same text (strace), but: lookup (nft adds the set's number when both
/// are new),
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
        Assert.Equal(kinds.Select(kind => kind.Name).Order(), Cases.Select(c => c.Expression.GetType().Name).Order());
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

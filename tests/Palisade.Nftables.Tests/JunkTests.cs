using CsCheck;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Netlink;
using Palisade.Nftables.Wire;

namespace Palisade.Nftables.Tests;

/// <summary>Whatever bytes come, decoding gives something and does not throw.</summary>
public sealed class JunkTests
{
    private static readonly string[] Names =
    [
        "meta", "payload", "cmp", "bitwise", "range", "lookup", "ct", "fib", "counter", "objref", "immediate", "log",
        "limit", "notrack", "numgen", "nat", "reject", "quota",
    ];

    private static readonly Gen<byte[]> Body = Gen.Select(Gen.Int[1, 14], Gen.Byte.Array[0, 24]).Array[0, 8]
        .Select(attributes =>
        {
            var buffer = new NetlinkBuffer();
            foreach (var (type, bytes) in attributes)
                buffer.Put(type, bytes);
            return buffer.Written.ToArray();
        });

    [Fact]
    public void Expressions() => Gen.Select(Gen.Int[0, Names.Length - 1], Body).Sample((name, body) =>
    {
        var buffer = new NetlinkBuffer();
        buffer.PutString(1, Names[name]);
        buffer.Put(2, body);
        var decoded = Expression.Decode(buffer.Written);
        Assert.Equal(Names[name], decoded.KernelName);
        decoded.Encode(new());
    }, iter: 50_000);

    [Fact]
    public void Tables_parts() => Body.Sample(body =>
    {
        _ = ChainWire.Decode(body);
        _ = ChainWire.DecodeRule(body);
        _ = ChainWire.DecodeCounter(body);
        var (definition, _, _, _) = SetWire.Decode(body);
        _ = ElementWire.Decode(definition, body);
    }, iter: 50_000);
}

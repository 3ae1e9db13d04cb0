using System.Collections.Immutable;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Wire;

/// <summary>Tables, chains, rules and counters on the wire.</summary>
/// <remarks>
/// chain: NFTA_CHAIN_TABLE (1) string · _NAME (3) string · _HOOK (4) nest { HOOKNUM (1) u32 · PRIORITY (2) i32 }
///   · _POLICY (5) u32 · _TYPE (7) string · _USERDATA (12) records
/// rule: NFTA_RULE_TABLE (1) · _CHAIN (2) · _HANDLE (3) u64 · _EXPRESSIONS (4) nest · _USERDATA (7) records
/// counter: NFTA_OBJ_TABLE (1) · _NAME (2) · _TYPE (3) u32: 1 · _DATA (4) nest { BYTES (1) u64 · PACKETS (2) u64 }
///   · _USERDATA (8) records
/// </remarks>
internal static class ChainWire
{
    internal static void Encode(NetlinkBuffer buffer, string table, Chain chain)
    {
        buffer.PutString(1, table);
        buffer.PutString(3, chain.Name);
        if (chain.Base is { } at)
        {
            buffer.PutString(7, at.Type);
            buffer.PutBig32(5, (uint)at.Policy);
            var hook = buffer.BeginNest(4);
            buffer.PutBig32(1, (uint)at.Hook);
            buffer.PutBig32(2, unchecked((uint)at.Priority));
            buffer.EndNest(hook);
        }

        if (chain.Comment is not null)
            buffer.Put(12, NftComment.Encode(chain.Comment));
    }

    internal static (Chain Chain, string Table) Decode(ReadOnlySpan<byte> attributes)
    {
        string name = "", table = "", type = "";
        string? comment = null;
        NftHook hook = default;
        var policy = ChainPolicy.Accept;
        int? priority = null;
        var reader = new AttributeReader(attributes);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: table = reader.Text; break;
                case 3: name = reader.Text; break;
                case 4: (hook, priority) = DecodeHook(reader.Payload); break;
                case 5: policy = (ChainPolicy)(reader.Big32 & 0xff); break;
                case 7: type = reader.Text; break;
                case 12: comment = NftComment.Decode(reader.Payload); break;
            }
        }

        var at = priority is { } number ? new BaseChain(type, hook, number, policy) : null;
        return (new(name) { Base = at, Comment = comment }, table);
    }

    internal static (Rule Rule, string Chain, string Table) DecodeRule(ReadOnlySpan<byte> attributes)
    {
        string chain = "", table = "";
        string? comment = null;
        ulong handle = 0;
        var expressions = ImmutableArray.CreateBuilder<Expression>();
        var reader = new AttributeReader(attributes);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: table = reader.Text; break;
                case 2: chain = reader.Text; break;
                case 3: handle = reader.Big64; break;
                case 7: comment = NftComment.Decode(reader.Payload); break;
                case 4:
                    var elements = new AttributeReader(reader.Payload);
                    while (elements.Next())
                        expressions.Add(Expression.Decode(elements.Payload));
                    break;
            }
        }

        return (new(expressions.ToImmutable()) { Comment = comment, Handle = handle }, chain, table);
    }

    internal static void Encode(NetlinkBuffer buffer, string table, NamedCounter counter)
    {
        buffer.PutString(1, table);
        buffer.PutString(2, counter.Name);
        buffer.PutBig32(3, CounterReference.CounterType);
        var body = buffer.BeginNest(4);
        buffer.PutBig64(1, counter.Bytes);
        buffer.PutBig64(2, counter.Packets);
        buffer.EndNest(body);
        if (counter.Comment is not null)
            buffer.Put(8, NftComment.Encode(counter.Comment));
    }

    internal static (NamedCounter? Counter, string Table) DecodeCounter(ReadOnlySpan<byte> attributes)
    {
        var counter = new NamedCounter("");
        var table = "";
        uint type = 0;
        var reader = new AttributeReader(attributes);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: table = reader.Text; break;
                case 2: counter = counter with { Name = reader.Text }; break;
                case 3: type = reader.Big32; break;
                case 4: counter = Counted(counter, Counter.DecodeBody(reader.Payload)); break;
                case 8: counter = counter with { Comment = NftComment.Decode(reader.Payload) }; break;
            }
        }

        return (type == CounterReference.CounterType ? counter : null, table);
    }

    private static NamedCounter Counted(NamedCounter counter, Counter counted) =>
        counter with { Packets = counted.Packets, Bytes = counted.Bytes };

    private static (NftHook Hook, int Priority) DecodeHook(ReadOnlySpan<byte> nest)
    {
        uint hook = 0, priority = 0;
        var reader = new AttributeReader(nest);
        while (reader.Next())
        {
            if (reader.Type == 1)
                hook = reader.Big32;
            else if (reader.Type == 2)
                priority = reader.Big32;
        }

        return ((NftHook)(hook & 0xff), unchecked((int)priority));
    }
}

using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>One expression of a rule: what the kernel executes, over registers. Equal by content.</summary>
/// <remarks>
/// NFTA_RULE_EXPRESSIONS nest { NFTA_LIST_ELEM (1) nest { NFTA_EXPR_NAME (1) string · NFTA_EXPR_DATA (2) nest } … }
/// Registers: 0 the verdict, 1..4 of 16 bytes each, 8..23 the same space in 4-byte words. Source:
/// linux/netfilter/nf_tables.h.
/// </remarks>
public abstract record Expression
{
    /// <summary>The register single values are loaded into.</summary>
    public const uint FirstRegister = 1;

    /// <summary>The kernel's name of the expression, for example "payload".</summary>
    public abstract string KernelName { get; }

    internal abstract void EncodeBody(NetlinkBuffer buffer);

    internal abstract void Print(RulePrinter printer);

    internal void Encode(NetlinkBuffer buffer)
    {
        var element = buffer.BeginNest(1);
        buffer.PutString(1, KernelName);
        var body = buffer.BeginNest(2);
        EncodeBody(buffer);
        buffer.EndNest(body);
        buffer.EndNest(element);
    }

    internal static Expression Decode(ReadOnlySpan<byte> element)
    {
        var name = "";
        ReadOnlySpan<byte> body = default;
        var reader = new AttributeReader(element);
        while (reader.Next())
        {
            if (reader.Type == 1)
                name = reader.Text;
            else if (reader.Type == 2)
                body = reader.Payload;
        }

        return name switch
        {
            "meta" => Meta.DecodeBody(body),
            "payload" => Payload.DecodeBody(body),
            "cmp" => Compare.DecodeBody(body),
            "bitwise" => Bitwise.DecodeBody(body),
            "range" => RangeMatch.DecodeBody(body),
            "lookup" => Lookup.DecodeBody(body),
            "ct" => Conntrack.DecodeBody(body),
            "fib" => Fib.DecodeBody(body),
            "counter" => Counter.DecodeBody(body),
            "objref" => CounterReference.DecodeBody(body),
            "immediate" => Immediate.DecodeBody(body),
            "log" => Log.DecodeBody(body),
            "limit" => Limit.DecodeBody(body),
            "notrack" => new NoTrack(),
            "numgen" => NumberGenerator.DecodeBody(body),
            "nat" => Nat.DecodeBody(body),
            "reject" => Reject.DecodeBody(body),
            _ => new Unknown(name, new(body)),
        };
    }
}

/// <summary>
/// An expression this code does not know, kept as it came: comparisons see it, and it can be sent back.
/// </summary>
public sealed record Unknown(string Name, NftKey Body) : Expression
{
    /// <inheritdoc/>
    public override string KernelName => Name;

    internal override void EncodeBody(NetlinkBuffer buffer) => buffer.Append(Body.Bytes);

    internal override void Print(RulePrinter printer) => printer.Say($"# unknown expression {Name} {Body}");
}

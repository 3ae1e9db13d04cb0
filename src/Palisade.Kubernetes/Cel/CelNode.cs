using System.Collections.Immutable;

namespace Palisade.Kubernetes.Cel;

/// <summary>A node of a parsed CEL expression; At is its place in the text, from 0.</summary>
internal abstract record CelNode(int At)
{
    /// <summary>How many nodes lie below each other, this one included: evaluation goes as deep.</summary>
    public int Depth { get; set; } = 1;

    /// <summary>The nodes right below it, in the order in which they are evaluated.</summary>
    public virtual IEnumerable<CelNode> Parts => [];
}

/// <summary>A constant: null, bool, long, ulong, double, string or bytes.</summary>
internal sealed record CelConstant(object? Value, int At) : CelNode(At);

/// <summary>A name.</summary>
internal sealed record CelName(string Name, int At) : CelNode(At);

/// <summary>operand.field, operand.?field, or has(operand.field).</summary>
internal sealed record CelField(CelNode Operand, string Name, CelAccess Access, int At) : CelNode(At)
{
    public override IEnumerable<CelNode> Parts => [Operand];
}

/// <summary>operand[key] or operand[?key].</summary>
internal sealed record CelIndex(CelNode Operand, CelNode Key, bool Optional, int At) : CelNode(At)
{
    public override IEnumerable<CelNode> Parts => [Operand, Key];
}

/// <summary>A call of a function, of a method (Target) or of an operator, by its sign: _+_ is "+".</summary>
internal sealed record CelCall(string Function, CelNode? Target, ImmutableArray<CelNode> Arguments, int At)
    : CelNode(At)
{
    public override IEnumerable<CelNode> Parts => Target is null ? Arguments : Arguments.Prepend(Target);
}

/// <summary>condition ? then : otherwise.</summary>
internal sealed record CelChoice(CelNode Condition, CelNode Then, CelNode Otherwise, int At) : CelNode(At)
{
    public override IEnumerable<CelNode> Parts => [Condition, Then, Otherwise];
}

/// <summary>A chain of &amp;&amp; (All) or ||.</summary>
internal sealed record CelChain(bool All, ImmutableArray<CelNode> Terms, int At) : CelNode(At)
{
    public override IEnumerable<CelNode> Parts => Terms;
}

/// <summary>[a, ?b].</summary>
internal sealed record CelListNode(ImmutableArray<(CelNode Item, bool Optional)> Items, int At) : CelNode(At)
{
    public override IEnumerable<CelNode> Parts => Items.Select(item => item.Item);
}

/// <summary>{a: b, ?c: d}.</summary>
internal sealed record CelMapNode(ImmutableArray<(CelNode Key, CelNode Value, bool Optional)> Entries, int At)
    : CelNode(At)
{
    public override IEnumerable<CelNode> Parts => Entries.SelectMany(entry => new[] { entry.Key, entry.Value });
}

/// <summary>A macro over a list or map; Second is the value's name in the forms with two variables.</summary>
internal sealed record CelLoop(
    CelMacro Macro, CelNode Range, string First, string? Second, CelNode? Filter, CelNode Body, int At) : CelNode(At)
{
    public override IEnumerable<CelNode> Parts => Filter is null ? [Range, Body] : [Range, Filter, Body];
}

/// <summary>How a field is taken.</summary>
internal enum CelAccess : byte
{
    Value,
    Optional,
    Presence,
}

/// <summary>The macros that walk a list or a map.</summary>
internal enum CelMacro : byte
{
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

/// <summary>Why a text is no CEL expression, and where (from 0).</summary>
internal sealed class CelSyntaxException(string message, int at) : Exception(message)
{
    public int At { get; } = at;
}

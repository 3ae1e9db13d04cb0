using System.Collections.Immutable;

namespace Palisade.Dataplane.Proof.Kernel;

/// <summary>A table as the kernel has it, as far as it decides about packets.</summary>
internal sealed record KernelTable
{
    /// <summary>A dormant table's base chains are not entered.</summary>
    public bool IsDormant { get; init; }

    public required ImmutableDictionary<string, KernelChain> Chains { get; init; }

    public required ImmutableDictionary<string, KernelSet> Sets { get; init; }

    /// <summary>The base chains of a hook, in the order in which packets meet them.</summary>
    public IEnumerable<KernelChain> At(Hook hook) => IsDormant
        ? []
        : Chains.Values.Where(chain => chain.Base?.Hook == hook)
            .OrderBy(chain => chain.Base!.Value.Priority).ThenBy(chain => chain.Handle);
}

/// <summary>Where packets meet base chains of a table of family inet (NF_INET_*).</summary>
internal enum Hook
{
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

/// <summary>Where a base chain sits, and what happens at its end.</summary>
internal readonly record struct BasePlace(string Type, Hook Hook, int Priority, bool Drops);

internal sealed record KernelChain(string Name, ulong Handle, BasePlace? Base, ImmutableArray<KernelRule> Rules);

/// <summary>A rule as what it does, step after step; steps that decide nothing (counters, logs) are left out.</summary>
internal sealed record KernelRule(ulong Handle, ImmutableArray<Step> Steps);

/// <summary>A set or verdict map. A key of several fields has each padded to 4 bytes.</summary>
internal sealed record KernelSet(string Name, bool IsMap, ImmutableArray<KernelElement> Elements)
{
    /// <summary>The lengths of a concatenated key's fields where elements are ranges per field; empty otherwise.
    /// </summary>
    public ImmutableArray<int> RangedFields { get; init; } = [];

    /// <summary>What about the set cannot be interpreted; null: nothing.</summary>
    public string? Opaque { get; init; }
}

/// <summary>One key, or all from <paramref name="First"/> to <paramref name="Last"/>.</summary>
internal readonly record struct KernelElement(byte[] First, byte[] Last, KernelVerdict? Verdict);

internal enum VerdictKind
{
    Accept,
    Drop,
    Continue,
    Return,
    Jump,
    Goto,
}

/// <summary>What a rule or an element decides; the chain is empty but for Jump and Goto.</summary>
internal readonly record struct KernelVerdict(VerdictKind Kind, string Chain)
{
    public override string ToString() =>
        Chain.Length == 0 ? Kind.ToString().ToLowerInvariant() : $"{Kind.ToString().ToLowerInvariant()} {Chain}";
}

/// <summary>What a register was loaded with.</summary>
internal enum FieldSource
{
    Meta,
    Payload,
    Conntrack,
    Fib,
}

/// <summary>
/// Bytes of a packet or facts about it: <paramref name="Key"/> is the meta or ct key, the payload's base, or fib's
/// result; <paramref name="Offset"/> the payload's offset or fib's flags.
/// </summary>
internal sealed record Field(FieldSource Source, uint Key, uint Offset, int Length)
{
    /// <summary>AND, then XOR; null: neither.</summary>
    public byte[]? Mask { get; init; }

    public byte[]? Xor { get; init; }

    public override string ToString() => $"{Source.ToString().ToLowerInvariant()} {Key}/{Offset}/{Length}";
}

internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>Something a rule does that matters to the verdict.</summary>
internal abstract record Step;

internal sealed record CompareStep(Field Field, Comparison Comparison, byte[] Value) : Step;

internal sealed record RangeStep(Field Field, bool Inverted, byte[] First, byte[] Last) : Step;

internal sealed record LookupStep(ImmutableArray<Field> Fields, string Set, bool Inverted) : Step;

/// <summary>Takes the verdict of the element found in a map.</summary>
internal sealed record DispatchStep(ImmutableArray<Field> Fields, string Map) : Step;

internal sealed record VerdictStep(KernelVerdict Verdict) : Step;

/// <summary>Holds for some packets and not for others, which ones nobody can say.</summary>
internal sealed record LimitStep : Step;

/// <summary>An expression whose meaning is not known here: nothing can be proved about packets that meet it.</summary>
internal sealed record OpaqueStep(string What) : Step;

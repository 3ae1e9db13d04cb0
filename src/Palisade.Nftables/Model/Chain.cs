using System.Collections.Immutable;
using Palisade.Nftables.Expressions;

namespace Palisade.Nftables;

/// <summary>Where a base chain is hooked in (NF_INET_*).</summary>
public enum NftHook : byte
{
    /// <summary>Before routing.</summary>
    Prerouting = 0,

    /// <summary>To this host.</summary>
    Input = 1,

    /// <summary>Through this host.</summary>
    Forward = 2,

    /// <summary>From this host.</summary>
    Output = 3,

    /// <summary>After routing, forwarded and own packets.</summary>
    Postrouting = 4,
}

/// <summary>What happens at a base chain's end.</summary>
public enum ChainPolicy : byte
{
    /// <summary>The packet is dropped.</summary>
    Drop = 0,

    /// <summary>The packet goes on.</summary>
    Accept = 1,
}

/// <summary>What makes a chain a base chain.</summary>
/// <param name="Type">"filter", "nat" or "route".</param>
/// <param name="Hook">Where packets enter it.</param>
/// <param name="Priority">Smaller runs earlier: raw -300, mangle -150, dstnat -100, filter 0, security 50, srcnat
/// 100.</param>
/// <param name="Policy">The verdict at its end.</param>
public sealed record BaseChain(string Type, NftHook Hook, int Priority, ChainPolicy Policy = ChainPolicy.Accept);

/// <summary>A chain with its rules, in order.</summary>
public sealed record Chain(string Name)
{
    /// <summary>Null: a regular chain, reached by jumps only.</summary>
    public BaseChain? Base { get; init; }

    /// <summary>Shown by nft list.</summary>
    public string? Comment { get; init; }

    /// <summary>The rules in order.</summary>
    public ImmutableArray<Rule> Rules { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(Chain? other) =>
        other is not null && Name == other.Name && Base == other.Base && Comment == other.Comment
        && Rules.AsSpan().SequenceEqual(other.Rules.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Base, Comment, Rules.Length);
}

/// <summary>A rule: expressions in order, the last usually a verdict.</summary>
public sealed record Rule(ImmutableArray<Expression> Expressions)
{
    /// <summary>Shown by nft list behind the rule.</summary>
    public string? Comment { get; init; }

    /// <summary>The kernel's number of the rule in dumps; 0 otherwise. Not compared.</summary>
    public ulong Handle { get; init; }

    /// <summary>
    /// A rule of builder parts in order (<see cref="Match"/>, <see cref="Statement"/>); what an earlier part already
    /// matched (family, protocol) is not matched again.
    /// </summary>
    public static Rule Of(params ReadOnlySpan<ImmutableArray<Expression>> parts) => new(RuleParts.Join(parts));

    /// <inheritdoc/>
    public bool Equals(Rule? other) =>
        other is not null && Comment == other.Comment && Expressions.AsSpan().SequenceEqual(other.Expressions.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Comment, Expressions.Length, Expressions.LastOrDefault());

    /// <summary>The rule as nft list prints it in a table of family inet.</summary>
    public override string ToString() => NftText.Print(this);
}

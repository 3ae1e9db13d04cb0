using System.Collections.Immutable;
using Palisade.Nftables.Expressions;

namespace Palisade.Nftables;

/// <summary>What a rule does, named as nft writes it.</summary>
public static class Statement
{
    /// <summary>`accept`.</summary>
    public static ImmutableArray<Expression> Accept { get; } = Verdict(NftVerdict.Accept);

    /// <summary>`drop`.</summary>
    public static ImmutableArray<Expression> Drop { get; } = Verdict(NftVerdict.Drop);

    /// <summary>`return`.</summary>
    public static ImmutableArray<Expression> Return { get; } = Verdict(NftVerdict.Return);

    /// <summary>`jump chain`.</summary>
    public static ImmutableArray<Expression> Jump(string chain) => Verdict(NftVerdict.Jump(chain));

    /// <summary>`goto chain`.</summary>
    public static ImmutableArray<Expression> Goto(string chain) => Verdict(NftVerdict.Goto(chain));

    /// <summary>Any verdict.</summary>
    public static ImmutableArray<Expression> Verdict(NftVerdict verdict) => [new Immediate(verdict)];

    /// <summary>`counter`, one of the rule's own.</summary>
    public static ImmutableArray<Expression> Counter { get; } = [new Counter()];

    /// <summary>`counter name "x"`.</summary>
    public static ImmutableArray<Expression> CountOn(string counter) => [new CounterReference(counter)];

    /// <summary>`log prefix "x" group 5 snaplen 64 queue-threshold 20`; a prefix has at most 127 bytes.</summary>
    public static ImmutableArray<Expression> Log(
        ushort group, string? prefix = null, uint snapLength = 0, ushort queueThreshold = 0) =>
        [new Log(group) { Prefix = prefix, SnapLength = snapLength, QueueThreshold = queueThreshold }];

    /// <summary>`limit rate 10/second burst 20 packets`.</summary>
    public static ImmutableArray<Expression> Limit(ulong rate, ulong seconds = 1, uint burst = 5, bool over = false) =>
        [new Limit(rate, seconds, burst, over)];
}

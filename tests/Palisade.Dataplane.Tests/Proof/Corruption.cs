using System.Collections.Immutable;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Proof;

/// <summary>Ways to damage a table, each with what it did.</summary>
internal enum Damage
{
    ElementRemoved,
    ElementAdded,
    IntervalOffByOne,
    PortOffByOne,
    VerdictFlipped,
    ElementToWrongChain,
    RulesSwapped,
    RuleRemoved,
    RuleInWrongChain,
    SetSwapped,
    LookupInverted,
    DropBecameCounter,
    HookChanged,
    PriorityChanged,
    PolicyChanged,
    BaseChainMissing,
    GateEmptied,
}

/// <summary>A table damaged in one place.</summary>
internal sealed record Corruption(Damage Damage, string What, Ruleset Table)
{
    /// <summary>Addresses that the damage may have to do with.</summary>
    public ImmutableArray<Address> Near { get; init; } = [];

    /// <summary>A damage of a kind at a random place; null: the table seems to have no place for it.</summary>
    public static Corruption? Of(Damage damage, Ruleset table, Random random)
    {
        for (var attempt = 0; attempt < 40; attempt++)
        {
            if (Try(damage, table, random) is { } corruption)
                return corruption;
        }

        return null;
    }

    private static Corruption? Try(Damage damage, Ruleset table, Random random) => damage switch
    {
        Damage.ElementRemoved => InSet(table, random, damage, _ => true, set =>
        {
            var element = Any(set.Elements, random);
            return ($"{element.Key}", set with { Elements = set.Elements.Remove(element) });
        }),
        Damage.ElementAdded => InSet(table, random, damage, IsOfAddresses, set =>
        {
            var added = Changed(Any(set.Elements, random).Key, random);
            return set.Elements.Any(e => e.Key == added)
                ? null
                : ($"{added}", set with { Elements = set.Elements.Add(new(added)) });
        }),
        Damage.IntervalOffByOne => InSet(
            table, random, damage, set => set.Definition.IsInterval, set => Off(set, random)),
        Damage.ElementToWrongChain => InSet(table, random, damage, set => set.Definition.IsVerdictMap, set =>
        {
            var element = Any(set.Elements, random);
            var others = table.Chains.Where(c => c.Base is null && c.Name != element.Verdict!.Chain).ToList();
            return others.Count == 0
                ? null
                : ($"{element.Key}", set with
                {
                    Elements = set.Elements.Replace(
                        element, element with { Verdict = NftVerdict.Jump(Any(others, random).Name) }),
                });
        }),
        Damage.HookChanged => InBase(table, random, damage, at => at with
        {
            Hook = at.Hook == NftHook.Forward ? NftHook.Input : NftHook.Forward,
        }),
        Damage.PriorityChanged => InBase(
            table, random, damage, at => at with { Priority = at.Priority > 0 ? 150 : -150 }),
        Damage.PolicyChanged => InBase(table, random, damage, at => at with { Policy = ChainPolicy.Drop }),
        Damage.BaseChainMissing => OfChain(table, random, damage, chain => chain.Base is not null, _ => null),
        Damage.GateEmptied => OfChain(
            table, random, damage, chain => chain.Base is null && !chain.Rules.IsEmpty,
            chain => chain with { Rules = [] }),
        Damage.RuleInWrongChain => Moved(table, random),
        _ => OfChain(
            table, random, damage, chain => !chain.Rules.IsEmpty, chain => InRules(damage, table, chain, random)),
    };

    public override string ToString() => $"{Damage}: {What}";

    private static Chain? InRules(Damage damage, Ruleset table, Chain chain, Random random)
    {
        var at = random.Next(chain.Rules.Length);
        var rule = chain.Rules[at];
        if (IsLog(rule))
            return null;   // it decides nothing, so that nothing is to be found
        switch (damage)
        {
            case Damage.RuleRemoved:
                return chain with { Rules = chain.Rules.RemoveAt(at) };
            case Damage.RulesSwapped:
                var with = random.Next(chain.Rules.Length);
                return IsLog(chain.Rules[with])
                    ? chain
                    : chain with { Rules = chain.Rules.SetItem(at, chain.Rules[with]).SetItem(with, rule) };
            case Damage.PortOffByOne:
                return With(chain, at, Replaced(rule, PortBeside));
            case Damage.VerdictFlipped:
                return With(chain, at, Replaced(rule, e => e is Immediate verdict ? Flipped(verdict) : null));
            case Damage.DropBecameCounter:
                return With(chain, at, rule with
                {
                    Expressions =
                        [.. rule.Expressions.Where(e => e is not Immediate { Verdict.Kind: VerdictKind.Drop })],
                });
            case Damage.LookupInverted:
                return With(chain, at, Replaced(rule, e => e is Lookup { IntoVerdict: false } lookup
                    ? lookup with { Inverted = !lookup.Inverted }
                    : null));
            default:
                return With(chain, at, Replaced(
                    rule, e => e is Lookup { Anonymous: null } lookup ? Other(table, lookup, random) : null));
        }
    }

    /// <summary>The port of a comparison, or of an anonymous set, one higher.</summary>
    private static Expression? PortBeside(Expression expression) => expression switch
    {
        Compare { Value.Length: 2 } compare => compare with { Value = Beside(compare.Value) },
        Lookup { Anonymous: { } set } lookup
            when set.Elements[0].Key.Length == 2 && set.Elements[^1].End is null => lookup with
            {
                Anonymous = set with
                {
                    Elements = set.Elements.SetItem(
                    set.Elements.Length - 1, new(Beside(set.Elements[^1].Key))),
                },
            },
        _ => null,
    };

    private static Immediate Flipped(Immediate verdict) => new(verdict.Verdict.Kind switch
    {
        VerdictKind.Drop => NftVerdict.Accept,
        VerdictKind.Jump => NftVerdict.Goto(verdict.Verdict.Chain!),
        VerdictKind.Goto => NftVerdict.Return,
        _ => NftVerdict.Drop,
    });

    private static Lookup? Other(Ruleset table, Lookup lookup, Random random)
    {
        var key = table.Sets.Single(set => set.Name == lookup.Set).Definition;
        var others = table.Sets.Select(set => set.Definition).Where(other =>
            other.Name != lookup.Set && other.Key == key.Key && other.IsVerdictMap == key.IsVerdictMap).ToList();
        return others.Count == 0 ? null : lookup with { Set = Any(others, random).Name };
    }

    private static Chain With(Chain chain, int at, Rule rule) =>
        chain with { Rules = chain.Rules.SetItem(at, rule) };

    /// <summary>The rule with the first expression replaced that can be.</summary>
    private static Rule Replaced(Rule rule, Func<Expression, Expression?> replacement)
    {
        for (var i = 0; i < rule.Expressions.Length; i++)
        {
            if (replacement(rule.Expressions[i]) is { } other)
                return rule with { Expressions = rule.Expressions.SetItem(i, other) };
        }

        return rule;
    }

    private static (string, NftSet)? Off(NftSet set, Random random)
    {
        var element = Any(set.Elements, random);
        var end = element.End ?? element.Key;
        // Downwards where there is room, so that it meets no other interval.
        var shorter = end.CompareTo(element.Key) > 0;
        var other = shorter ? element with { End = Before(end) } : element with { End = Beside(end) };
        if (other.End == other.Key)
            other = other with { End = null };
        return set.Elements.Any(e => e != element && e.Key == other.End)
            ? null
            : ($"{element.Key}-{end} to {other.End}", set with { Elements = set.Elements.Replace(element, other) });
    }

    private static bool IsLog(Rule rule) => rule.Expressions.Any(expression => expression is Log);

    private static Corruption? Moved(Ruleset table, Random random)
    {
        var source = Any([.. table.Chains.Where(chain => !chain.Rules.IsEmpty)], random);
        var to = Any(table.Chains, random);
        if (source == to)
            return null;
        var rule = Any(source.Rules, random);
        if (IsLog(rule))
            return null;
        var moved = table.Chains.Replace(source, source with { Rules = source.Rules.Remove(rule) })
            .Replace(to, to with { Rules = to.Rules.Insert(0, rule) });
        return new(
            Damage.RuleInWrongChain, $"\"{rule}\" from {source.Name} to {to.Name}", table with { Chains = moved });
    }

    private static Corruption? InSet(
        Ruleset table, Random random, Damage damage, Func<NftSet, bool> suits, Func<NftSet, (string, NftSet)?> change)
    {
        var sets = table.Sets.Where(set => !set.Elements.IsEmpty && suits(set)).ToList();
        if (sets.Count == 0)
            return null;
        var set = Any(sets, random);
        if (change(set) is not var (what, changed))
            return null;
        var keys = set.Elements.Except(changed.Elements).Concat(changed.Elements.Except(set.Elements))
            .SelectMany(e => e.End is { } end ? new[] { e.Key, end, Beside(end) } : [e.Key]);
        return new(damage, $"{set.Name} {what}", table with { Sets = table.Sets.Replace(set, changed) })
        {
            Near = [.. keys.Where(key => key.Length is 4 or 16).Select(key => Address.FromBytes(key.Bytes))],
        };
    }

    private static Corruption? InBase(Ruleset table, Random random, Damage damage, Func<BaseChain, BaseChain> change) =>
        OfChain(
            table, random, damage, chain => chain.Base is not null,
            chain => chain with { Base = change(chain.Base!) });

    private static Corruption? OfChain(
        Ruleset table, Random random, Damage damage, Func<Chain, bool> suits, Func<Chain, Chain?> change)
    {
        var chains = table.Chains.Where(suits).ToList();
        if (chains.Count == 0)
            return null;
        var chain = Any(chains, random);
        var changed = change(chain);
        if (changed == chain || changed?.Rules.SequenceEqual(chain.Rules) == true && changed.Base == chain.Base)
            return null;
        var all = changed is null ? table.Chains.Remove(chain) : table.Chains.Replace(chain, changed);
        var rules = chain.Rules.Except(changed?.Rules ?? []).Select(rule => $"\"{rule}\"");
        return new(damage, $"{chain.Name} {string.Join(", ", rules.Take(2))}", table with { Chains = all });
    }

    private static bool IsOfAddresses(NftSet set) =>
        set.Definition is { IsVerdictMap: false, IsInterval: false, Key.IsConcatenation: false }
        && (set.Definition.Key == KeyType.Ipv4Address || set.Definition.Key == KeyType.Ipv6Address);

    private static T Any<T>(IReadOnlyList<T> items, Random random) => items[random.Next(items.Count)];

    private static NftKey Changed(NftKey key, Random random)
    {
        var bytes = key.Bytes.ToArray();
        bytes[^1] = (byte)(bytes[^1] ^ (1 << random.Next(8)));
        return new(bytes);
    }

    private static NftKey Beside(NftKey key)
    {
        var bytes = key.Bytes.ToArray();
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            bytes[i] = unchecked((byte)(bytes[i] + 1));
            if (bytes[i] != 0)
                break;
        }

        return new(bytes);
    }

    private static NftKey Before(NftKey key)
    {
        var bytes = key.Bytes.ToArray();
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            bytes[i] = unchecked((byte)(bytes[i] - 1));
            if (bytes[i] != 0xff)
                break;
        }

        return new(bytes);
    }
}

using Palisade.Dataplane.Proof.Kernel;

namespace Palisade.Dataplane.Proof.Frames;

/// <summary>Carries single frames through a bridge's table, as nf_tables would.</summary>
internal sealed class FrameWalk(KernelTable table)
{
    private const int MaxDepth = 16;   // NFT_JUMP_STACK_SIZE

    private readonly Dictionary<string, Dictionary<ByteKey, KernelVerdict?>> _exact = new(StringComparer.Ordinal);

    /// <summary>Whether a frame passes the base chains of a hook; null: a rule's meaning is not known.</summary>
    /// <param name="hook">The hook.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="trace">Gets the rules that decided, or what is not known.</param>
    public bool? Judge(Hook hook, Frame frame, List<string>? trace = null)
    {
        try
        {
            foreach (var chain in table.At(hook))
            {
                var end = Walk(chain, frame, 0, trace)?.Kind;
                if (end == VerdictKind.Drop || (end != VerdictKind.Accept && chain.Base!.Value.Drops))
                    return false;
            }

            return true;
        }
        catch (NotSupportedException what)
        {
            trace?.Add(what.Message);
            return null;
        }
    }

    /// <summary>The verdict that ends the packet's way through this hook's chain; null: none.</summary>
    private KernelVerdict? Walk(KernelChain chain, Frame frame, int depth, List<string>? trace)
    {
        if (depth > MaxDepth)
            throw new NotSupportedException($"chains nested deeper than {MaxDepth}");
        foreach (var rule in chain.Rules)
        {
            if (Apply(rule, frame) is not { Kind: not VerdictKind.Continue } verdict)
                continue;
            trace?.Add($"chain {chain.Name} rule handle {rule.Handle}: {verdict}");
            switch (verdict.Kind)
            {
                case VerdictKind.Return: return null;
                case VerdictKind.Goto: return Walk(table.Chains[verdict.Chain], frame, depth + 1, trace);
                case VerdictKind.Jump when Walk(table.Chains[verdict.Chain], frame, depth + 1, trace) is { } end:
                    return end;
                case VerdictKind.Accept or VerdictKind.Drop: return verdict;
            }
        }

        return null;
    }

    private KernelVerdict? Apply(KernelRule rule, Frame frame)
    {
        for (var i = 0; i < rule.Steps.Length; i++)
        {
            switch (rule.Steps[i])
            {
                case VerdictStep decision: return decision.Verdict;
                case CompareStep compare when !IsSo(compare, frame): return null;
                case RangeStep range when !IsIn(range, frame): return null;
                case LookupStep lookup:
                    if (Key(lookup.Fields, frame) is not { } key || Find(lookup.Set, key).Found == lookup.Inverted)
                        return null;
                    break;
                case DispatchStep dispatch:
                    return Key(dispatch.Fields, frame) is { } where ? Find(dispatch.Map, where).Verdict : null;
                case LimitStep when rule.Steps[(i + 1)..].Any(later => later is not LimitStep):
                    throw new NotSupportedException("a limit decides");
                case OpaqueStep opaque: throw new NotSupportedException(opaque.What);
            }
        }

        return null;
    }

    private static bool IsSo(CompareStep step, Frame frame)
    {
        if (frame.Value(step.Field) is not { } value)
            return false;
        var order = value.AsSpan().SequenceCompareTo(step.Value);
        return step.Comparison switch
        {
            Comparison.Equal => order == 0,
            Comparison.NotEqual => order != 0,
            Comparison.Less => order < 0,
            Comparison.LessOrEqual => order <= 0,
            Comparison.Greater => order > 0,
            _ => order >= 0,
        };
    }

    private static bool IsIn(RangeStep step, Frame frame) => frame.Value(step.Field) is { } value
        && step.Inverted != (value.AsSpan().SequenceCompareTo(step.First) >= 0
            && value.AsSpan().SequenceCompareTo(step.Last) <= 0);

    /// <summary>One field as it is; of several each is padded to 4 bytes. Null: one cannot be loaded.</summary>
    private static byte[]? Key(IReadOnlyList<Field> fields, Frame frame)
    {
        var key = new List<byte>();
        foreach (var field in fields)
        {
            if (frame.Value(field) is not { } value)
                return null;
            key.AddRange(value);
            while (fields.Count > 1 && key.Count % 4 != 0)
                key.Add(0);
        }

        return [.. key];
    }

    private (bool Found, KernelVerdict? Verdict) Find(string name, byte[] key)
    {
        if (!_exact.TryGetValue(name, out var elements))
        {
            if (!table.Sets.TryGetValue(name, out var set) || set.Opaque is not null || !set.RangedFields.IsEmpty
                || set.Elements.Any(e => !e.First.AsSpan().SequenceEqual(e.Last)))
                throw new NotSupportedException($"set {name}");
            _exact[name] = elements = [];
            foreach (var element in set.Elements)
                elements[new(element.First)] = element.Verdict;
        }

        return elements.TryGetValue(new(key), out var verdict) ? (true, verdict) : (false, null);
    }
}

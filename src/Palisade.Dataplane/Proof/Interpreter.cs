using System.Globalization;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;

namespace Palisade.Dataplane.Proof;

/// <summary>What the kernel's table does with the packets of a scene.</summary>
internal sealed class Outcome
{
    public PacketSet Accepted { get; set; } = PacketSet.None;

    public PacketSet Dropped { get; set; } = PacketSet.None;

    /// <summary>Packets that meet something whose meaning is not known here.</summary>
    public PacketSet Unknown { get; set; } = PacketSet.None;

    /// <summary>What it is that is not known.</summary>
    public string? WhatIsUnknown { get; set; }

    /// <summary>The rules that decided, in the order in which they did, when asked for.</summary>
    public List<string>? Trace { get; init; }
}

/// <summary>
/// Carries packets through the base chains of their way, as nf_tables would: all addresses and flows of a scene at
/// once. A rule divides the packets that reach it; none is ever looked at by itself.
/// </summary>
internal sealed class Interpreter(PacketSpace space)
{
    private const int MaxDepth = 16;   // NFT_JUMP_STACK_SIZE

    /// <summary>Where packets go that a chain did not decide about.</summary>
    private sealed record Passage(Scene Scene, BasePlace Place, KernelChain Base, Outcome Outcome)
    {
        /// <summary>Packets that this base chain is done with: the next one has them.</summary>
        public PacketSet Passed { get; set; } = PacketSet.None;
    }

    /// <summary>The fate of some packets.</summary>
    /// <param name="scene">What all of them have in common.</param>
    /// <param name="packets">Which of the scene's packets.</param>
    /// <param name="trace">Whether to note which rules decide.</param>
    public Outcome Run(Scene scene, PacketSet packets, bool trace = false)
    {
        var outcome = new Outcome { Trace = trace ? [] : null };
        var live = packets;
        foreach (var chain in scene.Path.SelectMany(space.Table.At))
        {
            var place = chain.Base!.Value;
            if (!scene.Meets(place) || live.IsEmpty)
                continue;
            var passage = new Passage(scene, place, chain, outcome);
            if (place.Type != "filter")
            {
                Unknown(passage, live, $"a chain of type {place.Type}");
                live = PacketSet.None;
                break;
            }

            var rest = Walk(passage, chain, live, 0);
            if (place.Drops)
                Drop(passage, rest, chain, null);
            live = place.Drops ? passage.Passed : passage.Passed.Union(rest);
        }

        outcome.Accepted = live;
        return outcome;
    }

    /// <summary>Carries packets through a chain; gives those that come out of it undecided.</summary>
    private PacketSet Walk(Passage passage, KernelChain chain, PacketSet packets, int depth)
    {
        if (depth > MaxDepth)
        {
            Unknown(passage, packets, $"chains nested deeper than {MaxDepth}");
            return PacketSet.None;
        }

        var (live, returned) = (packets, PacketSet.None);
        foreach (var rule in chain.Rules)
        {
            if (live.IsEmpty)
                break;
            var (next, gone) = Apply(passage, chain, rule, live, depth);
            (live, returned) = (next, returned.Union(gone));
        }

        return returned.Union(live);
    }

    /// <summary>What a rule leaves to the next one, and what leaves the chain undecided.</summary>
    private (PacketSet Next, PacketSet Returned) Apply(
        Passage passage, KernelChain chain, KernelRule rule, PacketSet packets, int depth)
    {
        var (live, next, returned) = (packets, PacketSet.None, PacketSet.None);
        for (var i = 0; i < rule.Steps.Length && !live.IsEmpty; i++)
        {
            var step = rule.Steps[i];
            switch (step)
            {
                case VerdictStep decision:
                    Decide(decision.Verdict, live);
                    live = PacketSet.None;
                    break;
                case DispatchStep dispatch:
                    if (Dispatched(passage, dispatch, live) is not { } verdicts)
                    {
                        live = PacketSet.None;
                        break;
                    }

                    foreach (var (verdict, where) in verdicts)
                    {
                        var found = live.Intersect(where);
                        if (found.IsEmpty)
                            continue;
                        live = live.Except(found);
                        Decide(verdict, found);
                    }

                    next = next.Union(live);   // not in the map: the rule ends
                    live = PacketSet.None;
                    break;
                case LimitStep when rule.Steps.Skip(i + 1).Any(later => later is not LimitStep):
                    Unknown(passage, live, "a limit decides");
                    live = PacketSet.None;
                    break;
                case LimitStep:
                    break;
                default:
                    var answer = StepAnswer.Of(step, passage.Scene, passage.Place, space, live);
                    if (answer.Unknown is { } what)
                    {
                        Unknown(passage, live.Intersect(answer.WhereUnknown), $"{what} in chain {chain.Name}");
                        live = live.Except(answer.WhereUnknown);
                    }

                    var holds = live.Intersect(answer.Holds);
                    next = next.Union(live.Except(answer.Holds));
                    live = holds;
                    break;
            }
        }

        return (next.Union(live), returned);

        void Decide(KernelVerdict verdict, PacketSet decided)
        {
            Note(passage, chain, rule, verdict, decided);
            switch (verdict.Kind)
            {
                case VerdictKind.Accept: passage.Passed = passage.Passed.Union(decided); break;
                case VerdictKind.Drop: Drop(passage, decided, chain, rule); break;
                case VerdictKind.Return: returned = returned.Union(decided); break;
                case VerdictKind.Jump: next = next.Union(Enter(passage, verdict.Chain, decided, depth)); break;
                case VerdictKind.Goto: returned = returned.Union(Enter(passage, verdict.Chain, decided, depth)); break;
                default: next = next.Union(decided); break;
            }
        }
    }

    private PacketSet Enter(Passage passage, string name, PacketSet packets, int depth)
    {
        if (space.Table.Chains.TryGetValue(name, out var chain))
            return Walk(passage, chain, packets, depth + 1);
        Unknown(passage, packets, $"there is no chain {name}");
        return PacketSet.None;
    }

    /// <summary>The verdicts of a map and whose they are; null: not known, and said so.</summary>
    private IEnumerable<(KernelVerdict, PacketSet)>? Dispatched(Passage passage, DispatchStep step, PacketSet live)
    {
        var keys = KeyValues.Of(step.Fields, step.Map, passage.Scene, passage.Place, space, live);
        if (keys.Unknown is not { } what)
            return keys.Found.Select(found => (found.Verdict ?? default, found.Packets));
        Unknown(passage, live, what);
        return null;
    }

    private static void Unknown(Passage passage, PacketSet packets, string what)
    {
        if (packets.IsEmpty)
            return;
        passage.Outcome.Unknown = passage.Outcome.Unknown.Union(packets);
        passage.Outcome.WhatIsUnknown ??= what;
    }

    private static void Drop(Passage passage, PacketSet packets, KernelChain chain, KernelRule? rule)
    {
        if (packets.IsEmpty)
            return;
        passage.Outcome.Dropped = passage.Outcome.Dropped.Union(packets);
        if (rule is null)
            passage.Outcome.Trace?.Add($"chain {chain.Name}: its policy drops");
    }

    private static void Note(
        Passage passage, KernelChain chain, KernelRule rule, KernelVerdict verdict, PacketSet packets)
    {
        if (passage.Outcome.Trace is { } trace && !packets.IsEmpty)
        {
            trace.Add(string.Create(
                CultureInfo.InvariantCulture, $"chain {chain.Name} rule handle {rule.Handle}: {verdict}"));
        }
    }
}

using System.Collections.Immutable;
using System.Globalization;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>What is to be compared: packets of a scene, and which of them may pass.</summary>
/// <param name="Scene">What the packets have in common.</param>
/// <param name="Packets">The packets.</param>
/// <param name="Allowed">Those that may pass; others beside <paramref name="Packets"/> do not matter.</param>
/// <param name="Rule">Who says so: null, the policies, who are asked again about the witness; otherwise a rule that
/// holds whatever policies say.</param>
internal sealed record Claim(Scene Scene, PacketSet Packets, PacketSet Allowed, string? Rule);

/// <summary>Compares what the kernel does with what it should, and keeps a witness of each difference.</summary>
internal sealed class Comparer(PacketSpace space, EnforcementMode mode, WitnessText texts)
{
    private readonly Interpreter _interpreter = new(space);
    private readonly List<Difference> _differences = [];

    public long Cells { get; private set; }

    public long DifferentCells { get; private set; }

    public IReadOnlyList<Difference> Differences => _differences;

    /// <summary>Compares what the kernel does with the packets of a claim with the claim.</summary>
    public void Compare(Claim claim)
    {
        var (scene, packets, allowed, _) = claim;
        if (packets.IsEmpty)
            return;
        Cells += packets.Count;
        var outcome = _interpreter.Run(scene, packets);
        var may = mode == EnforcementMode.Observe ? packets : allowed;   // only observing, nothing is dropped
        Report(DifferenceKind.Leak, claim, outcome.Accepted.Except(may), null);
        Report(
            DifferenceKind.Loss, claim,
            packets.Intersect(may).Except(outcome.Accepted).Except(outcome.Unknown), null);
        Report(DifferenceKind.Unproved, claim, outcome.Unknown, outcome.WhatIsUnknown);
    }

    private void Report(DifferenceKind kind, Claim claim, PacketSet packets, string? unknown)
    {
        if (packets.IsEmpty)
            return;
        var cells = packets.Count;
        DifferentCells += cells;
        if (_differences.Count >= NodeProof.DifferenceLimit)
            return;
        var (flow, atom) = WitnessIn(packets);
        var trace = _interpreter.Run(
            claim.Scene, PacketSet.Of(Bits.One(flow), Bits.One(atom)), trace: true).Trace!;
        var witness = texts.Packet(claim.Scene, space.Flows[flow], Representative(atom));
        var does = kind switch
        {
            DifferenceKind.Leak => "accepts",
            DifferenceKind.Loss => "drops",
            _ => "meets what is not known here",
        };
        // Only of TCP more is said than that the packet begins a connection.
        var isAsAny = claim.Scene.IsMidstream && space.Flows[flow].Transport != Flow.Tcp;
        var how = string.Join(", ", trace.TakeLast(5).DefaultIfEmpty("no rule decides"));
        _differences.Add(new(
            kind, cells, witness,
            (isAsAny ? null : claim.Rule) ?? texts.Policy(claim.Scene, space.Flows[flow], witness),
            unknown is null ? $"{does}: {how}" : $"{does}: {unknown} ({how})"));
    }

    /// <summary>
    /// A packet that people can send: from or to a pod if there is one, otherwise an ordinary address.
    /// </summary>
    private (int Flow, int Atom) WitnessIn(PacketSet packets)
    {
        var best = (Flow: -1, Atom: -1, Rank: int.MaxValue);
        foreach (var block in packets.Blocks)
        {
            foreach (var atom in block.Addresses.Numbers().Take(4096))
            {
                var rank = texts.Rank(Representative(atom), space);
                if (rank < best.Rank)
                    best = (block.Flows.First, atom, rank);
                if (rank == 0)
                    break;
            }
        }

        return (best.Flow, best.Atom);
    }

    /// <summary>One address of an atom: of a larger one not its first, which may name a network.</summary>
    private Address Representative(int atom)
    {
        var (first, last) = (space.Atoms.FirstOf(atom), space.Atoms.LastOf(atom));
        return new(space.Family, last - first > 1 ? first + 1 : first);
    }
}

using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof.Kernel;

namespace Palisade.Dataplane.Proof.Frames;

/// <summary>
/// Compares the table bridge palisade with what ports of pods' bridges may say and hear, frame by frame.
/// </summary>
internal static class PortProof
{
    private const string Rule = "a port says only what its pod may, and hears only what is for it";

    /// <summary>How many frames were compared, how many differ, and the first of them.</summary>
    public static (long Cells, long Different, IReadOnlyList<Difference> Differences) Compare(
        KernelTable? table, PodBridges bridges, EnforcementMode mode)
    {
        if (bridges.Names.IsEmpty)
            return (0, 0, []);
        if (table is null)
        {
            const string Missing = "has no table bridge palisade";
            return (1, 1, [new(DifferenceKind.NoTable, 1, null, Rule, Missing)]);
        }

        var walk = new FrameWalk(table);
        var (cells, found) = (0L, new List<Difference>());
        foreach (var (hook, frame, allowed) in new PortClaims(bridges, table).All())
        {
            cells++;
            var expected = allowed || mode == EnforcementMode.Observe;
            if (walk.Judge(hook, frame) is var passes && passes == expected)
                continue;
            var trace = new List<string>();
            walk.Judge(hook, frame, trace);
            var kind = passes switch
            {
                null => DifferenceKind.Unproved,
                true => DifferenceKind.Leak,
                false => DifferenceKind.Loss,
            };
            var word = passes switch { null => "is not understood", true => "accepts", false => "drops" };
            found.Add(new(
                kind, 1, new(frame.From, frame.To, frame.Kind, null, frame.Input, frame.Output, "untracked"), Rule,
                $"{word}: {string.Join(", ", trace)}"));
        }

        return (cells, found.Count, [.. found.OrderBy(difference => difference.Kind).Take(NodeProof.DifferenceLimit)]);
    }
}

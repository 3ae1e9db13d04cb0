using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>What a rule of a tier means where it stands.</summary>
internal enum TierEnd
{
    /// <summary>The connection is allowed in this direction.</summary>
    Allow,

    /// <summary>It is stopped.</summary>
    Deny,

    /// <summary>The next stage decides.</summary>
    Next,
}

/// <summary>Some ports of some peers, and what is done with them; the first of a list that matches counts.</summary>
internal sealed record TierPart(TierEnd End, PortSet Ports, PeerUnion Peers, ImmutableArray<RuleRef> Rules)
{
    /// <summary>
    /// The same decision in fewer parts. Neighbours that do the same may change places: their peers of equal ports
    /// become one union, then their ports of equal peers one set. Last ones that do what happens anyway go.
    /// </summary>
    /// <param name="steps">The steps of one tier, in order.</param>
    /// <param name="means">What an action means there.</param>
    /// <param name="otherwise">What happens when no step matches.</param>
    public static ImmutableArray<TierPart> Of(
        IEnumerable<GateStep> steps, Func<ClusterAction, TierEnd> means, TierEnd otherwise)
    {
        var runs = new List<List<TierPart>>();
        foreach (var step in steps)
        {
            var part = new TierPart(means(step.Action), step.Ports, step.Peers, [step.Rule]);
            if (runs.Count > 0 && runs[^1][0].End == part.End)
                runs[^1].Add(part);
            else
                runs.Add([part]);
        }

        if (runs.Count > 0 && runs[^1][0].End == otherwise)
            runs.RemoveAt(runs.Count - 1);
        return [.. runs.SelectMany(Merge)];
    }

    private static IEnumerable<TierPart> Merge(List<TierPart> run) => run
        .GroupBy(part => part.Ports)
        .Select(same => same.Aggregate((a, b) => a.With(a.Ports, Union(a.Peers, b.Peers), b)))
        .GroupBy(part => part.Peers)
        .Select(same => same.Aggregate((a, b) => a.With(a.Ports.Union(b.Ports), a.Peers, b)));

    private TierPart With(PortSet ports, PeerUnion peers, TierPart other) =>
        new(End, ports, peers, [.. Rules.Concat(other.Rules).Distinct()]);

    private static PeerUnion Union(PeerUnion a, PeerUnion b) => a.Anyone || b.Anyone
        ? PeerUnion.Everyone
        : new(false, Distinct(a.Pods, b.Pods), Distinct(a.Blocks, b.Blocks))
        {
            Addresses = Distinct(a.Addresses, b.Addresses),
        };

    private static ImmutableArray<T> Distinct<T>(ImmutableArray<T> a, ImmutableArray<T> b)
        where T : class =>
    [
        .. a.Concat(b).DistinctBy(item => item.ToString(), StringComparer.Ordinal)
            .OrderBy(item => item.ToString(), StringComparer.Ordinal),
    ];
}

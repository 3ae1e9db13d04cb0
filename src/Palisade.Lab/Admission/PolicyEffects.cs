using Palisade.Policy.Analyze;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Lab.Admission;

/// <summary>What a change of policies does to connections between pods, and between pods and what is outside.</summary>
internal sealed class PolicyEffects
{
    private readonly CompiledPolicy _policy;
    private readonly Connectivity _before;
    private readonly Connectivity _after;
    private readonly List<Likes> _pods;

    private PolicyEffects(CompiledPolicy before, CompiledPolicy after, AddressFamily family)
    {
        _policy = before;
        _before = Connectivity.Of(before, family);
        _after = Connectivity.Of(after, family);
        // Pods that neither state tells apart; both are made of the same pods in the same order, so ids agree.
        _pods =
        [
            .. Enumerable.Range(0, before.EndpointLimit)
                .Where(pod => _before.GroupOf(pod) >= 0)
                .GroupBy(pod => (_before.GroupOf(pod), _after.GroupOf(pod)))
                .Select(group => new Likes(group.Key.Item1, group.Key.Item2, [.. group])),
        ];
    }

    /// <summary>
    /// The changes, those that close first: so many lines at most, then how many there are. Empty: there are none.
    /// </summary>
    public static Effects Between(ClusterSnapshot before, ClusterSnapshot after, int lines)
    {
        var addresses = before.Endpoints.SelectMany(pod => pod.Addresses).ToList();
        var family = addresses.Count == 0 || addresses.Exists(address => address.Family == AddressFamily.V4)
            ? AddressFamily.V4
            : AddressFamily.V6;
        var effects = new PolicyEffects(PolicyCompiler.Compile(before), PolicyCompiler.Compile(after), family);
        var all = effects.All().OrderBy(change => change.Closes ? 0 : 1)
            .ThenBy(change => change.Text, StringComparer.Ordinal).ToList();
        var closed = all.Where(change => change.Closes).Sum(change => change.Count);
        var opened = all.Where(change => !change.Closes).Sum(change => change.Count);
        var shown = all.Take(lines).Select(change => change.Text).ToList();
        if (all.Count > lines || closed + opened > shown.Count)
            shown.Add($"in all it closes {Connections(closed)} and opens {opened}");
        return new Effects(shown, closed);
    }

    private IEnumerable<Change> All()
    {
        foreach (var from in _pods)
        {
            foreach (var change in Outside(from))
                yield return change;
            foreach (var to in _pods)
            {
                var pairs = ReferenceEquals(from, to)
                    ? from.Pods.Count * (from.Pods.Count - 1)
                    : from.Pods.Count * to.Pods.Count;
                if (pairs == 0)
                    continue;
                var receiver = ReferenceEquals(from, to) ? to.Pods[1] : to.Pods[0];
                var (was, now) = (_before.Ports(from.Before, to.Before), _after.Ports(from.After, to.After));
                foreach (var change in Changes($"{Name(from.Pods[0])} -> {Name(receiver)}", was, now, pairs))
                    yield return change;
            }
        }
    }

    private IEnumerable<Change> Outside(Likes pods)
    {
        foreach (var direction in (Direction[])[Direction.Egress, Direction.Ingress])
        {
            var was = Any(_before, pods.Before, direction);
            var now = Any(_after, pods.After, direction);
            var what = direction == Direction.Egress
                ? $"{Name(pods.Pods[0])} -> outside the cluster"
                : $"outside the cluster -> {Name(pods.Pods[0])}";
            foreach (var change in Changes(what, was, now, pods.Pods.Count))
                yield return change;
        }
    }

    private static PortSet Any(Connectivity connectivity, int group, Direction direction) =>
        connectivity.Outside(group, direction)
            .Aggregate(PortSet.Nothing, (ports, range) => ports.Union(range.Ports));

    private static IEnumerable<Change> Changes(string what, PortSet was, PortSet now, int count)
    {
        var (closed, opened) = (was.Except(now), now.Except(was));
        if (!closed.IsEmpty && was.IsEverything && !now.IsEmpty)
            yield return new Change(true, $"leaves {what} only {now}", count);
        else if (!closed.IsEmpty)
            yield return new Change(true, $"closes {what}{Shown(closed)}", count);
        if (!opened.IsEmpty && now.IsEverything && !was.IsEmpty)
            yield return new Change(false, $"opens {what}, before only {was}", count);
        else if (!opened.IsEmpty)
            yield return new Change(false, $"opens {what}{Shown(opened)}", count);
    }

    private static string Shown(PortSet ports) => ports.IsEverything ? "" : $" {ports}";

    private static string Connections(int count) => count == 1 ? "1 connection" : $"{count} connections";

    private string Name(int pod) => $"{_policy.EndpointAt(pod)!.Namespace}/{_policy.EndpointAt(pod)!.Name}";

    /// <summary>Pods of one group before and one group after.</summary>
    private sealed record Likes(int Before, int After, List<int> Pods);

    private readonly record struct Change(bool Closes, string Text, int Count);
}

/// <summary>Lines for who asked, and how many pairs lose a port that they had.</summary>
internal sealed record Effects(IReadOnlyList<string> Lines, int Closed);

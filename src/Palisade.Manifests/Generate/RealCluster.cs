using System.Globalization;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;

namespace Palisade.Manifests.Generate;

/// <summary>
/// The namespaces and pods of the real shape, and selectors on them that match a wanted number of pods: pods run in
/// small deployments (label app), four of which make a part (label part-of).
/// </summary>
internal sealed class RealCluster
{
    private const int AppsPerPart = 4, Teams = 40, MostTeams = 12;

    // How many places a run of deployments is tried at; the nearest to the wanted number of pods is taken.
    private const int Tries = 6;

    private static readonly int[] Replicas = [1, 1, 2, 2, 3, 6];

    // Above this a run of deployments would need a long list of names; parts keep it short.
    private const int MostByApp = 20;

    private readonly record struct Unit(string Name, int Pods);

    private sealed record Space(string Name, int Pods, List<Unit> Apps, List<Unit> Parts);

    private readonly DeterministicRandom _random;
    private readonly Space[] _spaces;
    private readonly int[] _teamPods = new int[Teams];
    private readonly int[] _podsBefore;

    /// <summary>Adds namespaces of these sizes; some have the label zone=shared, with so many pods in all.</summary>
    public RealCluster(ClusterBuilder cluster, int[] sizes, int sharedPods, DeterministicRandom random)
    {
        _random = random;
        // Ascending, so that the namespaces with at least n pods are a suffix.
        Array.Sort(sizes);
        var shared = Fill(sizes, sharedPods, random);
        _spaces = new Space[sizes.Length];
        _podsBefore = new int[sizes.Length + 1];
        for (var i = 0; i < sizes.Length; i++)
        {
            // Few teams own much, many own little.
            var team = (int)(Teams * Math.Pow(random.Unit(), 2));
            _teamPods[team] += sizes[i];
            _podsBefore[i + 1] = _podsBefore[i] + sizes[i];
            cluster.AddNamespace($"ns-{i}", ("team", Team(team)), ("zone", shared.Contains(i) ? "shared" : "own"));
            _spaces[i] = AddApps(cluster, $"ns-{i}", sizes[i]);
        }
    }

    /// <summary>The largest namespace.</summary>
    public int Largest => _spaces[^1].Pods;

    /// <summary>A namespace with at least so many pods, the likelier the more pods it has.</summary>
    public string Draw(int pods)
    {
        var first = Array.FindIndex(_spaces, space => space.Pods >= pods);
        var at = _podsBefore[first] + _random.Below(_podsBefore[^1] - _podsBefore[first]);
        var found = Array.BinarySearch(_podsBefore, at);
        return _spaces[found >= 0 ? found : ~found - 1].Name;
    }

    /// <summary>How many pods a namespace has.</summary>
    public int PodsOf(string ns) => Find(ns).Pods;

    /// <summary>A selector for about so many pods of a namespace that has as many.</summary>
    public LabelSelector Select(string ns, int pods)
    {
        var space = Find(ns);
        if (pods >= space.Pods)
            return LabelSelector.Everything;
        var (key, units) = pods <= MostByApp ? ("app", space.Apps) : ("part-of", space.Parts);
        var (best, missed) = (0..0, int.MaxValue);
        for (var i = 0; i < Tries; i++)
        {
            var (run, sum) = Run(units, _random.Below(units.Count), pods);
            if (Math.Abs(sum - pods) < missed)
                (best, missed) = (run, Math.Abs(sum - pods));
        }

        return ClusterBuilder.In(key, units.Take(best).Select(unit => unit.Name));
    }

    // Around a place: as many units as come nearest, further on and, at the end, before it.
    private static (Range Run, int Pods) Run(List<Unit> units, int start, int pods)
    {
        var (end, sum) = (start + 1, units[start].Pods);
        while (sum < pods && (end < units.Count || start > 0))
        {
            var next = end < units.Count ? units[end].Pods : units[start - 1].Pods;
            if (sum + next - pods > pods - sum)
                break;
            sum += next;
            if (end < units.Count)
                end++;
            else
                start--;
        }

        return (start..end, sum);
    }

    /// <summary>
    /// A peer of about so many pods: of a namespace (own if it has as many, mostly) or of some teams.
    /// </summary>
    public PodPeer Peer(string own, int pods, int sharedPods)
    {
        if (pods >= sharedPods)
            return new(ClusterBuilder.Equal("zone", "shared"), LabelSelector.Everything);
        if (pods > Largest)
            return new(ClusterBuilder.In("team", TeamsOf(pods)), LabelSelector.Everything);
        if (PodsOf(own) >= pods && _random.Chance(0.6))
            return new(null, Select(own, pods));
        var ns = Draw(pods);
        return new(ClusterBuilder.Equal(ClusterSnapshot.NameLabel, ns), Select(ns, pods));
    }

    // ns-17
    private Space Find(string ns) => _spaces[int.Parse(ns.AsSpan(3), CultureInfo.InvariantCulture)];

    private List<string> TeamsOf(int pods)
    {
        var teams = Enumerable.Range(0, Teams).ToArray();
        _random.Shuffle(teams);
        var (drawn, sum) = (new List<string>(), 0);
        foreach (var team in teams.Where(team => _teamPods[team] > 0))
        {
            if (drawn.Count == MostTeams || (drawn.Count > 0 && sum + _teamPods[team] > pods * 1.05))
                continue;
            drawn.Add(Team(team));
            sum += _teamPods[team];
        }

        return drawn;
    }

    private Space AddApps(ClusterBuilder cluster, string ns, int pods)
    {
        var space = new Space(ns, pods, [], []);
        for (var left = pods; left > 0;)
        {
            var (app, part) = ($"app-{space.Apps.Count}", $"part-{space.Apps.Count / AppsPerPart}");
            var replicas = Math.Min(left, _random.Of(Replicas));
            cluster.AddDeployment(ns, app, replicas, [], ("part-of", part));
            if (space.Apps.Count % AppsPerPart == 0)
                space.Parts.Add(new(part, 0));
            space.Apps.Add(new(app, replicas));
            space.Parts[^1] = space.Parts[^1] with { Pods = space.Parts[^1].Pods + replicas };
            left -= replicas;
        }

        return space;
    }

    // Namespaces with exactly so many pods together: in random order what fits; those of one pod close the gap.
    private static HashSet<int> Fill(int[] sizes, int pods, DeterministicRandom random)
    {
        var order = Enumerable.Range(0, sizes.Length).ToArray();
        random.Shuffle(order);
        var (chosen, sum) = (new HashSet<int>(), 0);
        foreach (var i in order.OrderBy(i => sizes[i] == 1))
        {
            if (sum + sizes[i] > pods)
                continue;
            chosen.Add(i);
            sum += sizes[i];
        }

        return chosen;
    }

    private static string Team(int team) => $"team-{team}";
}

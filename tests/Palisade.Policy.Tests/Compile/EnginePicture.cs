using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Tests.Compile;

/// <summary>
/// Everything that a compiled policy says, as texts that do not depend on ids: two policies of one cluster have equal
/// pictures, and the pictures before and after a change say what its delta must be.
/// </summary>
internal sealed class EnginePicture
{
    public EnginePicture(CompiledPolicy policy)
    {
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            if (policy.EndpointAt(id) is not { } pod)
                continue;
            var of = policy.ClassOf(id) < 0 ? null : policy.ClassAt(policy.ClassOf(id));
            Pods[pod.ToString()] = (Text(pod), of is null ? "-" : Text(of));
        }

        foreach (var pods in policy.Classes)
        {
            Classes[Text(pods)] = string.Join(' ', pods.Endpoints.Select(id => $"{policy.EndpointAt(id)}").Order());
            foreach (var direction in new[] { Direction.Ingress, Direction.Egress })
            {
                var gate = policy.GateOf(pods.Id, direction);
                ClassGates[$"{Text(pods)} {direction}"] = gate?.Id ?? "-";
                if (gate is not null)
                    Gates[gate.Id] = Text(gate);
            }
        }

        foreach (var set in policy.AddressSets)
        {
            Addresses[set.ToString()] = policy.MemberAddresses(set, AddressFamily.V4)
                .Concat(policy.MemberAddresses(set, AddressFamily.V6)).Select(a => a.ToString()).ToHashSet();
        }

        for (var i = 0; i < policy.Atoms.Count(AddressFamily.V4); i++)
            Atoms += policy.Atoms.Bounds(AddressFamily.V4, i).First + " ";
    }

    public SortedDictionary<string, (string Pod, string Class)> Pods { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Classes { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Gates { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> ClassGates { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, HashSet<string>> Addresses { get; } = new(StringComparer.Ordinal);

    public string Atoms { get; } = "";

    /// <summary>All of it, line by line.</summary>
    public override string ToString() => string.Join('\n',
    [
        .. Pods.Select(p => $"pod {p.Key} {p.Value}"), .. Classes.Select(c => $"class {c.Key} {c.Value}"),
        .. Gates.Select(g => $"gate {g.Value}"), .. ClassGates.Select(g => $"gate of {g.Key} {g.Value}"),
        .. Addresses.Select(a => $"addresses {a.Key} {string.Join(' ', a.Value.Order())}"), $"atoms {Atoms}",
    ]);

    /// <summary>What differs, as lines.</summary>
    public static List<string> Difference(EnginePicture before, EnginePicture after)
    {
        var lines = new List<string>();
        foreach (var name in before.Pods.Keys.Union(after.Pods.Keys))
        {
            var (one, other) = (before.Pods.GetValueOrDefault(name), after.Pods.GetValueOrDefault(name));
            if (one != other)
                lines.Add($"pod {name}: {one.Pod} in {one.Class} -> {other.Pod} in {other.Class}");
        }

        lines.AddRange(after.Classes.Keys.Except(before.Classes.Keys).Select(c => $"appeared {c}"));
        lines.AddRange(before.Classes.Keys.Except(after.Classes.Keys).Select(c => $"vanished {c}"));
        var staying = before.Classes.Keys.Intersect(after.Classes.Keys).ToList();
        lines.AddRange(staying.Where(c => before.Classes[c] != after.Classes[c]).Select(c => $"members {c}"));
        foreach (var id in before.Gates.Keys.Union(after.Gates.Keys))
        {
            var (one, other) = (before.Gates.GetValueOrDefault(id), after.Gates.GetValueOrDefault(id));
            if (one != other)
                lines.Add($"gate {id}: {one} -> {other}");
        }

        foreach (var key in before.ClassGates.Keys.Intersect(after.ClassGates.Keys))
        {
            if (before.ClassGates[key] != after.ClassGates[key])
                lines.Add($"gate of {key}: {before.ClassGates[key]} -> {after.ClassGates[key]}");
        }

        foreach (var set in before.Addresses.Keys.Intersect(after.Addresses.Keys))
        {
            var (one, other) = (before.Addresses[set], after.Addresses[set]);
            if (!one.SetEquals(other))
                lines.Add($"addresses {set}: +{Texts(other.Except(one))} -{Texts(one.Except(other))}");
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>The same lines from a delta.</summary>
    public static List<string> Lines(PolicyDelta delta)
    {
        var lines = new List<string>();
        foreach (var pod in delta.Endpoints)
        {
            string Side(Endpoint? at, EndpointClass? of) =>
                at is null ? " in " : $"{Text(at)} in {(of is null ? "-" : Text(of))}";
            lines.Add($"pod {pod.After ?? pod.Before}: {Side(pod.Before, pod.ClassBefore)} -> "
                + Side(pod.After, pod.ClassAfter));
        }

        lines.AddRange(delta.AppearedClasses.Select(c => $"appeared {Text(c)}"));
        lines.AddRange(delta.VanishedClasses.Select(c => $"vanished {Text(c)}"));
        lines.AddRange(delta.ChangedClasses.Select(c => $"members {Text(c)}"));
        lines.AddRange(delta.Gates.Select(g =>
            $"gate {g.Id}: {(g.Before is null ? "" : Text(g.Before))} -> {(g.After is null ? "" : Text(g.After))}"));
        lines.AddRange(delta.ClassGates.Select(g =>
            $"gate of {Text(g.Class)} {g.Direction}: {g.Before?.Id ?? "-"} -> {g.After?.Id ?? "-"}"));
        lines.AddRange(delta.Addresses.Select(a =>
            $"addresses {a.Set}: +{Texts(a.Added.Select(x => $"{x}"))} -{Texts(a.Removed.Select(x => $"{x}"))}"));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static string Texts(IEnumerable<string> texts) => string.Join(' ', texts.Order(StringComparer.Ordinal));

    private static string Text(Endpoint pod) => $"{pod} {pod.Labels} {string.Join(',', pod.Addresses)} {pod.Node} "
        + $"{pod.HostNetwork} {string.Join(',', pod.NamedPorts)}";

    private static string Text(EndpointClass pods) =>
        $"[{pods.Namespace} {{{pods.NamespaceLabels}}} {{{pods.Labels}}} {string.Join(',', pods.NamedPorts)}]";

    private static string Text(Gate gate) => $"{gate.Id} {gate.Title} {string.Join(',', gate.Policies)} "
        + $"{string.Join(',', gate.ClusterPolicies)} "
        + string.Join("; ", gate.Entries.Select(e => $"{e} by {string.Join(',', e.Rules)}"))
        + string.Join("; ", gate.Steps.Select(s => $"{s} by {s.Tier} {s.Rule}"));
}

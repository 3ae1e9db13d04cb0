using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Tests.Compile.Incremental;

/// <summary>
/// One who follows an engine as the dataplane does: keeps a copy of pods, classes, gates and sets of addresses, and
/// learns of changes by deltas alone. Of each thing reported it checks that it was as the delta says and is otherwise
/// now; what a delta misses shows when the copy is compared.
/// </summary>
internal sealed class Mirror
{
    /// <summary>A class as the copy has it: its pods by id, and its gates by id.</summary>
    internal sealed record Copy(ImmutableArray<int> Members, string? Ingress, string? Egress);

    public Mirror(CompiledPolicy policy)
    {
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            if (policy.EndpointAt(id) is { } pod)
                Pods[id] = (pod, Canonical.KeyAt(policy, id));
        }

        foreach (var pods in policy.Classes)
            Appear(policy, pods);
        foreach (var gate in Canonical.GatesOf(policy))
            Gates[gate.Id] = gate;
        Follow(policy);
    }

    /// <summary>A second copy of what another has.</summary>
    public Mirror(Mirror other)
    {
        Pods = new(other.Pods);
        Classes = new(other.Classes, StringComparer.Ordinal);
        Gates = new(other.Gates, StringComparer.Ordinal);
        Sets = new(other.Sets);
    }

    public Dictionary<int, (Endpoint Pod, string? Class)> Pods { get; } = [];

    public Dictionary<string, Copy> Classes { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Gate> Gates { get; } = new(StringComparer.Ordinal);

    public Dictionary<AddressSet, ImmutableArray<Address>> Sets { get; } = [];

    public void Apply(PolicyDelta delta, CompiledPolicy now)
    {
        Check.That(delta.IsEmpty == (Count(delta) == 0), "IsEmpty");
        foreach (var change in delta.Endpoints)
            Apply(change);
        Check.Distinct(delta.Endpoints.Select(e => e.Id), "endpoints");
        foreach (var gone in delta.VanishedClasses)
            Check.That(Classes.Remove(Canonical.Key(gone)), "a class vanished that was not there", gone);
        var appeared = delta.AppearedClasses.Select(Canonical.Key).ToHashSet();
        foreach (var pods in delta.AppearedClasses)
        {
            Check.That(!Classes.ContainsKey(Canonical.Key(pods)), "a class appeared that was there", pods);
            Appear(now, pods);
        }

        foreach (var pods in delta.ChangedClasses)
            Apply(pods, appeared);
        foreach (var change in delta.Gates)
            Apply(change);
        Check.Distinct(delta.Gates.Select(g => g.Id), "gates");
        foreach (var change in delta.ClassGates)
            Apply(change, appeared);
        foreach (var change in delta.Addresses)
            Apply(change);
        Check.Distinct(delta.Addresses.Select(a => a.Set), "sets of addresses");
        Follow(now);
    }

    private static int Count(PolicyDelta delta) => delta.Endpoints.Length + delta.AppearedClasses.Length
        + delta.VanishedClasses.Length + delta.ChangedClasses.Length + delta.Gates.Length + delta.ClassGates.Length
        + delta.Addresses.Length;

    private void Apply(EndpointChange change)
    {
        var known = Pods.TryGetValue(change.Id, out var copy);
        var (before, after) = (Canonical.KeyOrNull(change.ClassBefore), Canonical.KeyOrNull(change.ClassAfter));
        Check.That(known == (change.Before is not null), "a pod was there, or was not", change);
        Check.That(!known || Canonical.Same(copy.Pod, change.Before!), "a pod was another before", change);
        Check.That(!known || copy.Class == before, "a pod was of another class before", change);
        Check.That(change.After is null || change.After.HostNetwork == (after is null), "class of a pod", change);
        var same = change is { Before: { } one, After: { } other } && Canonical.Same(one, other) && before == after;
        Check.That(!same && (known || change.After is not null), "a pod is as it was", change);
        if (change.After is null)
            Pods.Remove(change.Id);
        else
            Pods[change.Id] = (change.After, after);
    }

    private void Appear(CompiledPolicy now, EndpointClass pods)
    {
        Check.That(!pods.Endpoints.IsEmpty, "a class without pods", pods);
        Classes[Canonical.Key(pods)] = new(
            pods.Endpoints, now.GateOf(pods.Id, Direction.Ingress)?.Id, now.GateOf(pods.Id, Direction.Egress)?.Id);
    }

    private void Apply(EndpointClass pods, HashSet<string> appeared)
    {
        var key = Canonical.Key(pods);
        Check.That(Classes.ContainsKey(key) && !appeared.Contains(key), "a class changed that does not stay", pods);
        Check.That(!pods.Endpoints.IsEmpty, "a class without pods", pods);
        Check.That(!pods.Endpoints.SequenceEqual(Classes[key].Members), "a class has the pods that it had", pods);
        Classes[key] = Classes[key] with { Members = pods.Endpoints };
    }

    private void Apply(GateChange change)
    {
        var known = Gates.TryGetValue(change.Id, out var copy);
        Check.That(known == (change.Before is not null), "a gate was there, or was not", change);
        Check.That(!known || Canonical.Same(copy!, change.Before!), "a gate was another before", change);
        Check.That(known || change.After is not null, "a gate came and went", change);
        var same = change is { Before: { } one, After: { } other } && Canonical.Same(one, other);
        Check.That(!same, "a gate says what it said", change);
        if (change.After is null)
            Gates.Remove(change.Id);
        else
            Gates[change.Id] = change.After;
        Check.That(change.After is null || change.After.Id == change.Id, "the id of a gate", change);
    }

    private void Apply(ClassGateChange change, HashSet<string> appeared)
    {
        var key = Canonical.Key(change.Class);
        var stays = Classes.ContainsKey(key) && !appeared.Contains(key);
        Check.That(stays, "the gate of a class that does not stay", change);
        var copy = Classes[key];
        var before = change.Direction == Direction.Ingress ? copy.Ingress : copy.Egress;
        Check.That(change.Before?.Id == before, "the gate of a class was another before", change);
        Check.That(change.After?.Id != before, "the gate of a class is the same", change);
        Classes[key] = change.Direction == Direction.Ingress
            ? copy with { Ingress = change.After?.Id }
            : copy with { Egress = change.After?.Id };
    }

    private void Apply(AddressSetChange change)
    {
        Check.That(Sets.TryGetValue(change.Set, out var copy), "a set of addresses that nobody mentioned", change.Set);
        Check.That(
            !change.Added.IsEmpty || !change.Removed.IsEmpty, "a set of addresses that did not change", change.Set);
        Check.That(change.Added.SequenceEqual(change.Added.Distinct().Order()), "addresses in order", change.Set);
        Check.That(change.Removed.SequenceEqual(change.Removed.Distinct().Order()), "addresses in order", change.Set);
        Check.That(!change.Added.Any(copy.Contains), "an address added that was there", change.Set);
        Check.That(change.Removed.All(copy.Contains), "an address removed that was not there", change.Set);
        Sets[change.Set] = [.. copy.Except(change.Removed).Concat(change.Added).Order()];
    }

    /// <summary>Sets that are mentioned now and were not come with all their addresses.</summary>
    private void Follow(CompiledPolicy now)
    {
        var mentioned = now.AddressSets.ToHashSet();
        foreach (var gone in Sets.Keys.Where(set => !mentioned.Contains(set)).ToList())
            Sets.Remove(gone);
        foreach (var set in mentioned.Where(set => !Sets.ContainsKey(set)))
            Sets[set] = Canonical.AddressesOf(now, set);
    }
}

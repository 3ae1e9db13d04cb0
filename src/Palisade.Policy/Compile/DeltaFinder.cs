using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>Compares two compiled policies whose pods have the same ids.</summary>
internal sealed class DeltaFinder(CompiledPolicy before, CompiledPolicy after)
{
    private readonly Dictionary<string, EndpointClass> _classesBefore = ByText(before);
    private readonly Dictionary<string, EndpointClass> _classesAfter = ByText(after);

    public PolicyDelta Find() => new()
    {
        Endpoints = [.. Endpoints()],
        AppearedClasses = [.. _classesAfter.Where(c => !_classesBefore.ContainsKey(c.Key)).Select(c => c.Value)],
        VanishedClasses = [.. _classesBefore.Where(c => !_classesAfter.ContainsKey(c.Key)).Select(c => c.Value)],
        ChangedClasses =
        [
            .. Staying().Where(c => !c.Before.Endpoints.SequenceEqual(c.After.Endpoints)).Select(c => c.After),
        ],
        Gates = [.. Gates()],
        ClassGates = [.. ClassGates()],
        Addresses = [.. Addresses()],
    };

    private static Dictionary<string, EndpointClass> ByText(CompiledPolicy policy) =>
        policy.Classes.ToDictionary(Text, StringComparer.Ordinal);

    /// <summary>What a class stands for.</summary>
    private static string Text(EndpointClass pods) =>
        $"{pods.Namespace}\n{pods.NamespaceLabels}\n{pods.Labels}\n{string.Join(',', pods.NamedPorts)}";

    private IEnumerable<(EndpointClass Before, EndpointClass After)> Staying() => _classesAfter
        .Where(c => _classesBefore.ContainsKey(c.Key)).Select(c => (_classesBefore[c.Key], c.Value));

    private IEnumerable<EndpointChange> Endpoints()
    {
        for (var id = 0; id < Math.Max(before.EndpointLimit, after.EndpointLimit); id++)
        {
            var (podBefore, classBefore) = At(before, id);
            var (podAfter, classAfter) = At(after, id);
            var sameClass = (classBefore is null ? null : Text(classBefore))
                == (classAfter is null ? null : Text(classAfter));
            if (!Same(podBefore, podAfter) || !sameClass)
                yield return new(id, podBefore, podAfter, classBefore, classAfter);
        }
    }

    private static (Endpoint? Pod, EndpointClass? Class) At(CompiledPolicy policy, int id)
    {
        if (id >= policy.EndpointLimit || policy.EndpointAt(id) is not { } pod)
            return (null, null);
        return (pod, policy.ClassOf(id) < 0 ? null : policy.Classes[policy.ClassOf(id)]);
    }

    private static bool Same(Endpoint? one, Endpoint? other) => ReferenceEquals(one, other)
        || (one is not null && other is not null && one.IsSame(other));

    private IEnumerable<GateChange> Gates()
    {
        var (old, now) = (GatesById(before), GatesById(after));
        foreach (var id in old.Keys.Union(now.Keys).Order(StringComparer.Ordinal))
        {
            var (one, other) = (old.GetValueOrDefault(id), now.GetValueOrDefault(id));
            if (one is null || other is null || !one.SaysTheSame(other))
                yield return new(id, one, other);
        }
    }

    private static Dictionary<string, Gate> GatesById(CompiledPolicy policy)
    {
        var gates = new Dictionary<string, Gate>(StringComparer.Ordinal);
        foreach (var pods in policy.Classes)
        {
            foreach (var direction in (ReadOnlySpan<Direction>)[Direction.Ingress, Direction.Egress])
            {
                if (policy.GateOf(pods.Id, direction) is { } gate)
                    gates[gate.Id] = gate;
            }
        }

        return gates;
    }

    private IEnumerable<ClassGateChange> ClassGates()
    {
        foreach (var (was, now) in Staying())
        {
            foreach (var direction in new[] { Direction.Ingress, Direction.Egress })
            {
                var (one, other) = (before.GateOf(was.Id, direction), after.GateOf(now.Id, direction));
                if (one?.Id != other?.Id)
                    yield return new(now, direction, one, other);
            }
        }
    }

    private IEnumerable<AddressSetChange> Addresses()
    {
        foreach (var set in before.AddressSets.Intersect(after.AddressSets).OrderBy(s => s.ToString(), StringComparer.Ordinal))
        {
            var (old, now) = (All(before, set), All(after, set));
            if (!old.SequenceEqual(now))
                yield return new(set, [.. now.Except(old).Order()], [.. old.Except(now).Order()]);
        }
    }

    private static List<Address> All(CompiledPolicy policy, AddressSet set) =>
    [
        .. policy.MemberAddresses(set, AddressFamily.V4), .. policy.MemberAddresses(set, AddressFamily.V6),
    ];
}

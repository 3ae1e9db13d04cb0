using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Tests.Compile.Incremental;

/// <summary>Something that ought to hold of an engine and does not.</summary>
internal sealed class Difference(string message) : Exception(message);

/// <summary>Assertions that cost nothing while they hold, for they are made some hundred million times.</summary>
internal static class Check
{
    public static void That(bool holds, string what, object? about = null)
    {
        if (!holds)
            throw new Difference(about is null ? what : $"{what}: {about}");
    }

    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new Difference($"{what}: expected {expected}, is {actual}");
    }

    public static void Sequence<T>(IEnumerable<T> expected, IEnumerable<T> actual, string what)
    {
        if (!expected.SequenceEqual(actual))
            throw new Difference($"{what}: expected [{string.Join(' ', expected)}], is [{string.Join(' ', actual)}]");
    }

    public static void Distinct<T>(IEnumerable<T> items, string what)
    {
        var seen = new HashSet<T>();
        foreach (var item in items)
            That(seen.Add(item), $"{what}: reported twice", item);
    }
}

/// <summary>What the parts of a compiled policy stand for, whatever numbers they have.</summary>
internal static class Canonical
{
    /// <summary>What a class stands for.</summary>
    public static string Key(EndpointClass pods) =>
        $"{pods.Namespace ?? "?"}\n{pods.NamespaceLabels}\n{pods.Labels}\n{string.Join(',', pods.NamedPorts)}";

    public static string? KeyOrNull(EndpointClass? pods) => pods is null ? null : Key(pods);

    public static string? KeyAt(CompiledPolicy policy, int endpoint) =>
        policy.ClassOf(endpoint) is >= 0 and var id ? Key(policy.ClassAt(id)!) : null;

    public static Dictionary<string, Gate>.ValueCollection GatesOf(CompiledPolicy policy)
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

        return gates.Values;
    }

    public static ImmutableArray<Address> AddressesOf(CompiledPolicy policy, AddressSet set) =>
        [.. policy.MemberAddresses(set, AddressFamily.V4), .. policy.MemberAddresses(set, AddressFamily.V6)];

    /// <summary>Whether two gates say the same, the names and places of what says it included.</summary>
    public static bool Same(Gate one, Gate other) => ReferenceEquals(one, other)
        || (one.Id == other.Id && one.Title == other.Title && one.Direction == other.Direction
            && one.Policies.Select(p => p.Name).SequenceEqual(other.Policies.Select(p => p.Name))
            && one.ClusterPolicies.Select(p => p.Name).SequenceEqual(other.ClusterPolicies.Select(p => p.Name))
            && one.Entries.SequenceEqual(other.Entries) && one.Steps.SequenceEqual(other.Steps));

    public static bool Same(Endpoint one, Endpoint other) => ReferenceEquals(one, other)
        || (one with { Addresses = [], NamedPorts = [] } == other with { Addresses = [], NamedPorts = [] }
            && one.Addresses.SequenceEqual(other.Addresses) && one.NamedPorts.SequenceEqual(other.NamedPorts));

    public static string Text(Gate gate) =>
        $"{gate.Id} \"{gate.Title}\" {string.Join("; ", gate.Entries.Select(Text))} | {string.Join("; ", gate.Steps)}";

    private static string Text(GateEntry entry) => $"{entry} by {string.Join(',', entry.Rules.Select(Text))}";

    private static string Text(RuleRef rule) => $"{rule} {rule.Policy.Origin}";
}

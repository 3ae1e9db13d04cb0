using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;

namespace Palisade.Policy.Tests.Compile.Incremental;

/// <summary>
/// What an engine made of a cluster's history beside what a compile makes of the cluster as it is now.
/// </summary>
internal sealed class Comparison(CompiledPolicy engine, ClusterModel model)
{
    private readonly ClusterSnapshot _snapshot = model.ToSnapshot();
    private readonly Dictionary<string, EndpointClass> _classes = new(StringComparer.Ordinal);

    private CompiledPolicy Fresh => field ??= PolicyCompiler.Compile(_snapshot);

    /// <summary>Everything but verdicts.</summary>
    public void Compiled()
    {
        Snapshot();
        Pods();
        Classes();
        foreach (var gate in Canonical.GatesOf(Fresh))
            Sets(gate);
        Check.Sequence(
            Fresh.AddressSets.Select(set => set.ToString()).Order(StringComparer.Ordinal),
            engine.AddressSets.Select(set => set.ToString()).Order(StringComparer.Ordinal), "sets of addresses");
        foreach (var set in Fresh.AddressSets)
            Check.Sequence(Canonical.AddressesOf(Fresh, set), Canonical.AddressesOf(engine, set), $"members of {set}");
        Atoms();
        Check.Sequence(Conflicts(Fresh), Conflicts(engine), "conflicts of priority");
    }

    /// <summary>A copy that learnt by deltas alone.</summary>
    public void Copied(Mirror mirror)
    {
        Check.Equal(Fresh.EndpointLimit, mirror.Pods.Count, "how many pods the copy has");
        Check.Equal(Fresh.Classes.Length, mirror.Classes.Count, "how many classes the copy has");
        foreach (var (id, (pod, key)) in mirror.Pods)
        {
            Check.That(model.Pods.TryGetValue((pod.Namespace, pod.Name), out var known), "a pod is gone", pod);
            Check.That(Canonical.Same(known!, pod), "a pod is another in the copy", pod);
            Check.Equal(key is null, pod.HostNetwork, $"whether {pod} has a class");
            Check.That(key is null || (mirror.Classes.TryGetValue(key, out var its) && its.Members.Contains(id)),
                "a pod is not in its class", pod);
        }

        foreach (var pods in Fresh.Classes)
        {
            Check.That(mirror.Classes.TryGetValue(Canonical.Key(pods), out var copy), "the copy lacks a class", pods);
            Check.That(copy!.Members.All(mirror.Pods.ContainsKey), "a class of pods that are gone", pods);
            Check.Sequence(
                Names(Fresh, pods.Endpoints), Names(copy.Members.Select(id => mirror.Pods[id].Pod)),
                $"members of {pods}");
            Check.Equal(Fresh.GateOf(pods.Id, Direction.Ingress)?.Id, copy.Ingress, $"ingress gate of {pods}");
            Check.Equal(Fresh.GateOf(pods.Id, Direction.Egress)?.Id, copy.Egress, $"egress gate of {pods}");
        }

        var gates = Canonical.GatesOf(Fresh);
        Check.Equal(gates.Count, mirror.Gates.Count, "how many gates the copy has");
        foreach (var gate in gates)
        {
            Check.That(mirror.Gates.TryGetValue(gate.Id, out var copy), "the copy lacks a gate", gate);
            SameGate(gate, copy!);
        }

        foreach (var set in Fresh.AddressSets)
            Check.Sequence(Canonical.AddressesOf(Fresh, set), mirror.Sets[set], $"the copy's members of {set}");
    }

    /// <summary>Connections: the engine's evaluator, the fresh one and the naive one.</summary>
    public void Verdicts(IEnumerable<Probe> probes)
    {
        var (after, fresh, naive) = (new Evaluator(engine), new Evaluator(Fresh), new NaiveEvaluator(_snapshot));
        foreach (var probe in probes)
        {
            var expected = naive.Allows(probe);
            Check.Equal(expected, Allows(fresh, probe), $"{probe} by a fresh compile");
            Check.Equal(expected, Allows(after, probe), $"{probe} by the engine");
            var (one, other) = (fresh.Explain(Connection(fresh, probe)), after.Explain(Connection(after, probe)));
            Check.Equal(Text(one.Egress), Text(other.Egress), $"{probe} explained");
            Check.Equal(Text(one.Ingress), Text(other.Ingress), $"{probe} explained");
        }
    }

    private static string Text(Side side) =>
        $"{side.Tier} {side.Reason} by {side.AllowedBy}{side.DeniedBy} after {string.Join(',', side.PassedBy)}";

    private static bool Allows(Evaluator evaluator, Probe probe) =>
        evaluator.Verdict(Connection(evaluator, probe)) == Verdict.Allow;

    private static Connection Connection(Evaluator evaluator, Probe probe) =>
        new(Party(evaluator, probe.From, probe.Family), Party(evaluator, probe.To, probe.Family), probe.Protocol,
            probe.Port)
        {
            ThroughService = probe.ThroughService,
        };

    private static Party Party(Evaluator evaluator, ProbeEnd end, AddressFamily family) => end.Address is { } address
        ? evaluator.Parties.OfAddress(address)
        : evaluator.Parties.OfPod(evaluator.Parties.IndexOf(end.Namespace!, end.Pod!), family);

    private void Snapshot()
    {
        var kept = engine.Snapshot;
        Check.Sequence(_snapshot.Namespaces, kept.Namespaces, "namespaces");
        Check.Sequence(_snapshot.Endpoints.Select(p => p.ToString()), kept.Endpoints.Select(p => p.ToString()), "pods");
        Check.Sequence(_snapshot.NetworkPolicies.Select(Text), kept.NetworkPolicies.Select(Text), "policies");
        Check.Sequence(
            _snapshot.ClusterNetworkPolicies.Select(Text), kept.ClusterNetworkPolicies.Select(Text),
            "cluster policies");
        Check.Sequence(_snapshot.Nodes.Select(Text), kept.Nodes.Select(Text), "nodes");
        Check.Sequence(_snapshot.Nodes.Select(Text), engine.Nodes.Select(Text), "nodes");
        Check.Sequence(_snapshot.DomainNames.Select(Text), kept.DomainNames.Select(Text), "domain names");
        Check.Sequence(_snapshot.Services.Select(Text), kept.Services.Select(Text), "services");
    }

    private void Pods()
    {
        var found = 0;
        for (var id = 0; id < engine.EndpointLimit; id++)
        {
            if (engine.EndpointAt(id) is not { } pod)
            {
                Check.Equal(-1, engine.ClassOf(id), $"class of the free id {id}");
                continue;
            }

            found++;
            Check.That(model.Pods.TryGetValue((pod.Namespace, pod.Name), out var known), "a pod is gone", pod);
            Check.That(Canonical.Same(known!, pod), "a pod is another", pod);
        }

        Check.Equal(model.Pods.Count, found, "how many pods there are");
    }

    private void Classes()
    {
        Check.Equal(Fresh.Classes.Length, engine.Classes.Length, "how many classes there are");
        foreach (var pods in engine.Classes)
        {
            Check.Equal(pods, engine.ClassAt(pods.Id), "the id of a class");
            _classes[Canonical.Key(pods)] = pods;
        }

        foreach (var pods in Fresh.Classes)
        {
            Check.That(_classes.TryGetValue(Canonical.Key(pods), out var same), "there is no such class", pods);
            Check.Sequence(Names(Fresh, pods.Endpoints), Names(engine, same!.Endpoints), $"members of {pods}");
            Check.Sequence(same.Endpoints.Order(), same.Endpoints, $"order of members of {pods}");
            foreach (var member in same.Endpoints)
                Check.Equal(same.Id, engine.ClassOf(member), $"class of {engine.EndpointAt(member)}");
            Gates(pods, same, Direction.Ingress);
            Gates(pods, same, Direction.Egress);
        }
    }

    private void Gates(EndpointClass fresh, EndpointClass same, Direction direction)
    {
        var (expected, actual) = (Fresh.GateOf(fresh.Id, direction), engine.GateOf(same.Id, direction));
        Check.Equal(expected?.Id, actual?.Id, $"{direction} gate of {fresh}");
        if (expected is null || actual is null)
            return;
        SameGate(expected, actual);
        foreach (var policy in actual.Policies)
        {
            var known = model.Policies[(policy.Namespace, policy.Name)];
            Check.That(ReferenceEquals(known, policy) || Text(known) == Text(policy), "a policy is another", policy);
        }

        foreach (var policy in actual.ClusterPolicies)
        {
            var known = model.ClusterPolicies[policy.Name];
            Check.That(ReferenceEquals(known, policy) || Text(known) == Text(policy), "a policy is another", policy);
        }
    }

    private static void SameGate(Gate expected, Gate actual)
    {
        if (!Canonical.Same(expected, actual))
            throw new Difference($"a gate is\n  {Canonical.Text(actual)}, expected\n  {Canonical.Text(expected)}");
    }

    private void Sets(Gate gate)
    {
        var unions = gate.Entries.Select(entry => entry.Peers).Concat(gate.Steps.Select(step => step.Peers));
        foreach (var set in unions.SelectMany(union => union.Pods).Distinct())
        {
            Check.Sequence(
                Names(Fresh, Fresh.Members(set)), Names(engine, engine.Members(set)), $"members of {set}");
            foreach (var family in (ReadOnlySpan<AddressFamily>)[AddressFamily.V4, AddressFamily.V6])
            {
                Check.Sequence(
                    Fresh.MemberAddresses(set, family), engine.MemberAddresses(set, family), $"addresses of {set}");
            }
        }
    }

    private void Atoms()
    {
        foreach (var family in (ReadOnlySpan<AddressFamily>)[AddressFamily.V4, AddressFamily.V6])
        {
            Check.Equal(Fresh.Atoms.Count(family), engine.Atoms.Count(family), $"how many atoms {family} has");
            for (var atom = 0; atom < Fresh.Atoms.Count(family); atom++)
                Check.Equal(Fresh.Atoms.Bounds(family, atom), engine.Atoms.Bounds(family, atom), $"atom {atom}");
        }
    }

    /// <summary>Without the class and the ports of the example, of which any will do.</summary>
    private static IEnumerable<string> Conflicts(CompiledPolicy policy) => policy.PriorityConflicts
        .Select(c => $"{c.Tier} {c.Priority} {c.First} {c.Second} {c.Direction}");

    private static IEnumerable<string> Names(CompiledPolicy policy, IEnumerable<int> ids) =>
        Names(ids.Select(id => policy.EndpointAt(id)!));

    private static IEnumerable<string> Names(IEnumerable<Endpoint> pods) =>
        pods.Select(pod => pod.ToString()).Order(StringComparer.Ordinal);

    private static string Text(NetworkPolicy policy) => $"{policy.Origin} {ClusterText.Of(policy)}";

    private static string Text(ClusterNetworkPolicy policy) => $"{policy.Origin} {ClusterText.Of(policy)}";

    private static string Text(Node node) => ClusterText.Of(node);

    private static string Text(DomainName known) => $"{known.Name} {string.Join(' ', known.Addresses)}";

    private static string Text(Service service) => $"{service.Namespace}/{service.Name} {service.Selector} "
        + string.Join(' ', service.ClusterAddresses);
}

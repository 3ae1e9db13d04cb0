using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>Builds gates: what the policies of a class say together in one direction.</summary>
internal sealed class GateBuilder(PortIndex declared, PodTerm everyPod, PortSetPool pool)
{
    /// <summary>
    /// What a key's policies say now. Entries of the same rules as before are the objects of before: one policy's edit
    /// costs its own entries, not those of hundreds of others.
    /// </summary>
    public Gate Build(GateKey key, GateName name, Gate? before)
    {
        var direction = key.Direction;
        var isolating = key.Isolating.Select(slot => slot.Compiled!).ToImmutableArray();
        var cluster = key.Cluster.Select(slot => slot.Compiled!)
            .OrderBy(p => p.Policy, AskedBefore.Order).ToImmutableArray();
        var rules = isolating.SelectMany(p => p.Rules(direction)).ToImmutableArray();
        var resolved = ImmutableArray.CreateBuilder<GateRule>(rules.Length);
        foreach (var rule in rules)
            resolved.Add(Resolve(rule, direction, key.Named));
        var admin = Tier(ClusterTier.Admin, cluster, direction, key.Named);
        var baseline = Tier(ClusterTier.Baseline, cluster, direction, key.Named);
        var entries = Gather(resolved).ToEntries(before);
        return new(name, direction)
        {
            Policies = [.. isolating.Select(p => p.Policy)],
            ClusterPolicies = [.. cluster.Select(p => p.Policy)],
            Entries = entries.Entries,
            EntryRules = entries.Rules,
            Steps =
            [
                .. admin.SelectMany(rule => Steps(ClusterTier.Admin, rule)),
                .. baseline.SelectMany(rule => Steps(ClusterTier.Baseline, rule)),
            ],
            Rules = resolved.MoveToImmutable(),
            Admin = admin,
            Baseline = baseline,
        };
    }

    /// <summary>
    /// The numbers a name stands for among these ports: none when it is not declared with that protocol.
    /// </summary>
    public static PortSet Resolve(PortName name, ImmutableArray<NamedPort> ports)
    {
        var numbers = PortSet.Nothing;
        foreach (var port in ports)
        {
            if (port.Name == name.Name && port.Protocol == name.Protocol)
                numbers = numbers.Union(PortSet.One(port.Protocol, port.Number));
        }

        return numbers;
    }

    private ImmutableArray<TierRule> Tier(
        ClusterTier tier, ImmutableArray<CompiledClusterPolicy> policies, Direction direction,
        ImmutableArray<NamedPort> named) =>
    [
        .. policies.Where(p => p.Policy.Tier == tier).SelectMany(p => p.Rules(direction))
            .Select(rule => new TierRule(Resolve(rule.Rule, direction, named), rule.Action, rule.FailsClosed)),
    ];

    private IEnumerable<GateStep> Steps(ClusterTier tier, TierRule rule) => Gather([rule.Gate]).ToEntries(null).Entries
        .Select(entry => new GateStep(tier, rule.Action, entry.Ports, entry.Peers, rule.Gate.Rule.Ref));

    /// <summary>
    /// Ingress names stand for the subject's numbers; egress names each peer pod resolves for itself.
    /// </summary>
    private GateRule Resolve(CompiledRule rule, Direction direction, ImmutableArray<NamedPort> subjectPorts)
    {
        if (direction == Direction.Egress)
            return new(rule, rule.Numbers, rule.Names);
        if (rule.Names.IsEmpty)
            return new(rule, rule.Numbers, []);
        var ports = rule.Numbers;
        foreach (var name in rule.Names)
            ports = ports.Union(Resolve(name, subjectPorts));
        return new(rule, pool.Intern(ports), []);
    }

    private EntryTable Gather(IEnumerable<GateRule> rules)
    {
        var entries = new EntryTable(pool);
        foreach (var rule in rules)
        {
            entries.Add(rule.Ports, rule.Rule);
            foreach (var name in rule.PeerNames)
                AddNamed(entries, rule.Rule, name);
        }

        return entries;
    }

    /// <summary>
    /// An egress port name: for each number it stands for on some peer pod, that port and those pods.
    /// </summary>
    private void AddNamed(EntryTable entries, CompiledRule rule, PortName name)
    {
        if (rule.Peers.IsEmpty)
            AddNamed(entries, rule, name, PodSet.Every, everyPod);
        foreach (var peer in rule.Peers)
        {
            if (peer.Pods is { } pods)
            {
                AddNamed(entries, rule, name, pods.Set, pods);
                continue;
            }

            foreach (var block in BlocksOf(peer))
                AddNamed(entries, rule, name, PodSet.Every with { Within = block }, everyPod);
        }
    }

    private static IEnumerable<BlockPeer> BlocksOf(CompiledPeer peer) => peer.Block is { } block
        ? [block.Block]
        : peer.Addresses!.Addresses.Select(address => new BlockPeer(new Cidr(address, address.Width), []));

    private void AddNamed(EntryTable entries, CompiledRule rule, PortName name, PodSet pods, PodTerm members)
    {
        // Numbers that no pod of the set declares would only be empty sets in the kernel.
        foreach (var (port, classes) in declared.Declared(name))
        {
            if (classes.Exists(members.Contains))
                entries.Add(PortSet.One(port.Protocol, port.Number), rule, pods with { Having = port });
        }
    }
}

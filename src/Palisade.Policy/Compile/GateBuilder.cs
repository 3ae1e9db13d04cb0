using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>Builds gates: what the policies of a class say together in one direction.</summary>
internal sealed class GateBuilder(PortIndex declared, PodTerm everyPod, PortSetPool pool)
{
    public Gate Build(GateKey key)
    {
        var direction = key.Direction;
        // Where NetworkPolicies do not isolate, cluster policies alone make the gate, whatever the namespace.
        var ns = key.Isolating.Length == 0 ? "" : key.Isolating[0].Namespace.Name;
        var isolating = key.Isolating.Select(slot => slot.Compiled!).ToImmutableArray();
        var cluster = key.Cluster.Select(slot => slot.Compiled!)
            .OrderBy(p => p.Policy, AskedBefore.Order).ToImmutableArray();
        var rules = isolating.SelectMany(p => p.Rules(direction)).ToImmutableArray();
        var resolved = rules.Select(rule => Resolve(rule, direction, key.Named)).ToImmutableArray();
        var admin = Tier(ClusterTier.Admin, cluster, direction, key.Named);
        var baseline = Tier(ClusterTier.Baseline, cluster, direction, key.Named);
        return new(IdOf(key, ns), direction, Title(ns, isolating, cluster, key.Named))
        {
            Policies = [.. isolating.Select(p => p.Policy)],
            ClusterPolicies = [.. cluster.Select(p => p.Policy)],
            Entries = Entries(resolved),
            Steps =
            [
                .. admin.SelectMany(rule => Steps(ClusterTier.Admin, rule)),
                .. baseline.SelectMany(rule => Steps(ClusterTier.Baseline, rule)),
            ],
            Rules = resolved,
            Admin = admin,
            Baseline = baseline,
        };
    }

    private static string IdOf(GateKey key, string ns)
    {
        var prefix = key.Direction == Direction.Ingress ? "ingress-" : "egress-";
        // 48 bits: the namespace stands in the name, so only policies of one namespace could ever collide, by 2^24
        // tries on purpose.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text(key, ns))).AsSpan(0, 6));
        return ns.Length == 0 ? prefix + hash : $"{prefix}{ns}-{hash}";
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

    private static string Title(
        string ns, ImmutableArray<CompiledNetworkPolicy> isolating, ImmutableArray<CompiledClusterPolicy> cluster,
        ImmutableArray<NamedPort> named)
    {
        var titles = new List<string>();
        if (!isolating.IsEmpty)
            titles.Add($"{ns}: {string.Join(", ", isolating.Select(p => p.Policy.Name))}");
        // By name, as in the key: a policy of another priority is still the same gate.
        var names = cluster.Select(p => p.Policy.Name).Order(StringComparer.Ordinal);
        if (!cluster.IsEmpty)
            titles.Add($"cluster: {string.Join(", ", names)}");
        var ports = named.IsEmpty ? "" : $" ({string.Join(", ", named.Select(Text))})";
        return string.Join("; ", titles) + ports;
    }

    private ImmutableArray<TierRule> Tier(
        ClusterTier tier, ImmutableArray<CompiledClusterPolicy> policies, Direction direction,
        ImmutableArray<NamedPort> named) =>
    [
        .. policies.Where(p => p.Policy.Tier == tier).SelectMany(p => p.Rules(direction))
            .Select(rule => new TierRule(Resolve(rule.Rule, direction, named), rule.Action, rule.FailsClosed)),
    ];

    private IEnumerable<GateStep> Steps(ClusterTier tier, TierRule rule) => Entries([rule.Gate])
        .Select(entry => new GateStep(tier, rule.Action, entry.Ports, entry.Peers, rule.Gate.Rule.Ref));

    /// <summary>
    /// Ingress names stand for the subject's numbers; egress names each peer pod resolves for itself.
    /// </summary>
    private GateRule Resolve(CompiledRule rule, Direction direction, ImmutableArray<NamedPort> subjectPorts)
    {
        if (direction == Direction.Egress)
            return new(rule, rule.Numbers, rule.Names);
        var ports = rule.Numbers;
        foreach (var name in rule.Names)
            ports = ports.Union(Resolve(name, subjectPorts));
        return new(rule, pool.Intern(ports), []);
    }

    private ImmutableArray<GateEntry> Entries(ImmutableArray<GateRule> rules)
    {
        var entries = new EntryTable(pool);
        foreach (var rule in rules)
        {
            entries.Add(rule.Ports, rule.Rule);
            foreach (var name in rule.PeerNames)
                AddNamed(entries, rule.Rule, name);
        }

        return entries.ToEntries();
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

    /// <summary>
    /// What makes two gates the same gate, for its id. Separators are characters that no name holds, so two lists
    /// cannot run together.
    /// </summary>
    private static string Text(GateKey key, string ns)
    {
        var names = key.Isolating.Select(slot => slot.Name);
        List<string> lines = [key.Direction.ToString(), ns, .. names, "", .. key.Named.Select(Text)];
        if (key.Cluster.Length > 0)
            lines.AddRange(["", .. key.Cluster.Select(slot => slot.Name)]);
        return string.Join('\n', lines);
    }

    private static string Text(NamedPort port) =>
        string.Create(CultureInfo.InvariantCulture, $"{port.Name}/{port.Protocol.Spelling()}={port.Number}");
}

using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// Builds gates when they are first asked for and keeps them: by class and direction, and one object per distinct
/// gate.
/// </summary>
internal sealed class GateBuilder
{
    private readonly Lock _lock = new();
    private readonly ClassTable _table;
    private readonly PortSetPool _pool;
    private readonly ILookup<string, CompiledNetworkPolicy> _policies;
    private readonly ImmutableArray<CompiledClusterPolicy> _clusterPolicies;
    private readonly ILookup<NamedPort, int> _classesByPort;
    private readonly ILookup<PortName, NamedPort> _portsByName;
    private readonly Dictionary<(int Class, Direction Direction), Gate?> _byClass = [];
    private readonly Dictionary<string, Gate> _byKey = new(StringComparer.Ordinal);

    public GateBuilder(
        ClassTable table, IEnumerable<CompiledNetworkPolicy> policies,
        ImmutableArray<CompiledClusterPolicy> clusterPolicies, PortSetPool pool)
    {
        (_table, _clusterPolicies, _pool) = (table, clusterPolicies, pool);
        _policies = policies.ToLookup(p => p.Policy.Namespace, StringComparer.Ordinal);
        _classesByPort = table.Classes.SelectMany(c => c.NamedPorts.Select(port => (port, c.Id)))
            .ToLookup(pair => pair.port, pair => pair.Id);
        _portsByName = _classesByPort.Select(classes => classes.Key)
            .ToLookup(port => new PortName(port.Name, port.Protocol));
    }

    public Gate? GateOf(int classId, Direction direction)
    {
        lock (_lock)
        {
            if (!_byClass.TryGetValue((classId, direction), out var gate))
                _byClass[(classId, direction)] = gate = Find(_table.Classes[classId], direction);
            return gate;
        }
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

    private Gate? Find(EndpointClass subject, Direction direction)
    {
        var isolating = Isolating(subject, direction);
        var cluster = _clusterPolicies
            .Where(p => !p.Rules(direction).IsEmpty && p.Subject.Contains(subject.Id)).ToImmutableArray();
        if (isolating.IsEmpty && cluster.IsEmpty)
            return null;
        var rules = isolating.SelectMany(p => p.Rules(direction)).ToImmutableArray();
        var all = rules.Concat(cluster.SelectMany(p => p.Rules(direction)).Select(r => r.Rule));
        var named = direction == Direction.Ingress ? PortsNamedBy(all, subject) : [];
        // Where NetworkPolicies do not isolate, cluster policies alone make the gate, whatever the namespace.
        var gateNamespace = isolating.IsEmpty ? "" : subject.Namespace!;
        var key = Key(direction, gateNamespace, isolating, cluster, named);
        if (!_byKey.TryGetValue(key, out var gate))
            _byKey[key] = gate = Build(key, direction, gateNamespace, isolating, cluster, rules, named);
        return gate;
    }

    private ImmutableArray<CompiledNetworkPolicy> Isolating(EndpointClass subject, Direction direction)
    {
        // A class without a namespace of its own is in none that holds policies.
        if (subject.Namespace is null)
            return [];
        return
        [
            .. _policies[subject.Namespace]
                .Where(p => p.Policy.Isolates(direction) && p.Policy.Subject.Matches(subject.Labels)),
        ];
    }

    private Gate Build(
        string key, Direction direction, string ns, ImmutableArray<CompiledNetworkPolicy> isolating,
        ImmutableArray<CompiledClusterPolicy> cluster, ImmutableArray<CompiledRule> rules,
        ImmutableArray<NamedPort> named)
    {
        var prefix = direction == Direction.Ingress ? "ingress-" : "egress-";
        // 48 bits: the namespace stands in the name, so only policies of one namespace could ever collide, by 2^24
        // tries on purpose.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 6));
        var id = ns.Length == 0 ? prefix + hash : $"{prefix}{ns}-{hash}";
        var resolved = rules.Select(rule => Resolve(rule, direction, named)).ToImmutableArray();
        var admin = Tier(ClusterTier.Admin, cluster, direction, named);
        var baseline = Tier(ClusterTier.Baseline, cluster, direction, named);
        return new(id, direction, Title(ns, isolating, cluster, named))
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
        return new(rule, _pool.Intern(ports), []);
    }

    private ImmutableArray<GateEntry> Entries(ImmutableArray<GateRule> rules)
    {
        var entries = new EntryTable(_pool);
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
            AddNamed(entries, rule, name, PodSet.Every, _ => true);
        foreach (var peer in rule.Peers)
        {
            if (peer.Pods is { } pods)
            {
                AddNamed(entries, rule, name, pods.Set, pods.Contains);
                continue;
            }

            foreach (var block in BlocksOf(peer))
                AddNamed(entries, rule, name, PodSet.Every with { Within = block }, _ => true);
        }
    }

    private static IEnumerable<BlockPeer> BlocksOf(CompiledPeer peer) => peer.Block is { } block
        ? [block.Block]
        : peer.Addresses!.Addresses.Select(address => new BlockPeer(new Cidr(address, address.Width), []));

    private void AddNamed(EntryTable entries, CompiledRule rule, PortName name, PodSet pods, Func<int, bool> isMember)
    {
        // Numbers that no pod of the set declares would only be empty sets in the kernel.
        foreach (var port in _portsByName[name].Where(port => _classesByPort[port].Any(isMember)))
            entries.Add(PortSet.One(port.Protocol, port.Number), rule, pods with { Having = port });
    }

    private static ImmutableArray<NamedPort> PortsNamedBy(IEnumerable<CompiledRule> rules, EndpointClass subject)
    {
        var names = rules.SelectMany(rule => rule.Names).ToHashSet();
        return [.. subject.NamedPorts.Where(p => names.Contains(new(p.Name, p.Protocol)))];
    }

    /// <summary>
    /// What makes two gates the same gate. Separators are characters that no name holds, so two lists cannot run
    /// together.
    /// </summary>
    private static string Key(
        Direction direction, string ns, ImmutableArray<CompiledNetworkPolicy> isolating,
        ImmutableArray<CompiledClusterPolicy> cluster, ImmutableArray<NamedPort> named)
    {
        var names = isolating.Select(p => p.Policy.Name);
        var clusterNames = cluster.Select(p => p.Policy.Name).Order(StringComparer.Ordinal);
        List<string> lines = [direction.ToString(), ns, .. names, "", .. named.Select(Text)];
        if (!cluster.IsEmpty)
            lines.AddRange(["", .. clusterNames]);
        return string.Join('\n', lines);
    }

    private static string Text(NamedPort port) =>
        string.Create(CultureInfo.InvariantCulture, $"{port.Name}/{port.Protocol.Spelling()}={port.Number}");
}

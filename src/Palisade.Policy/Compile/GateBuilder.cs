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
    private readonly ILookup<NamedPort, int> _classesByPort;
    private readonly ILookup<PortName, NamedPort> _portsByName;
    private readonly Dictionary<(int Class, Direction Direction), Gate?> _byClass = [];
    private readonly Dictionary<string, Gate> _byKey = new(StringComparer.Ordinal);

    public GateBuilder(ClassTable table, IEnumerable<CompiledNetworkPolicy> policies, PortSetPool pool)
    {
        (_table, _pool) = (table, pool);
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
        // A class without a namespace of its own is in none that holds policies.
        if (subject.Namespace is null)
            return null;
        var isolating = _policies[subject.Namespace]
            .Where(p => p.Policy.Isolates(direction) && p.Policy.Subject.Matches(subject.Labels))
            .ToImmutableArray();
        if (isolating.IsEmpty)
            return null;
        var rules = isolating.SelectMany(p => p.Rules(direction)).ToImmutableArray();
        var named = direction == Direction.Ingress ? PortsNamedBy(rules, subject) : [];
        var key = Key(direction, subject.Namespace, isolating, named);
        if (!_byKey.TryGetValue(key, out var gate))
            _byKey[key] = gate = Build(key, direction, subject.Namespace, isolating, rules, named);
        return gate;
    }

    private Gate Build(
        string key, Direction direction, string ns, ImmutableArray<CompiledNetworkPolicy> isolating,
        ImmutableArray<CompiledRule> rules, ImmutableArray<NamedPort> named)
    {
        var prefix = direction == Direction.Ingress ? "ingress" : "egress";
        // 48 bits: the namespace stands in the name, so only policies of one namespace could ever collide, by 2^24
        // tries on purpose.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 6));
        var title = $"{ns}: {string.Join(", ", isolating.Select(p => p.Policy.Name))}";
        if (!named.IsEmpty)
            title += $" ({string.Join(", ", named.Select(Text))})";
        var resolved = rules.Select(rule => Resolve(rule, direction, named)).ToImmutableArray();
        var policies = isolating.Select(p => p.Policy).ToImmutableArray();
        return new($"{prefix}-{ns}-{hash}", direction, title, policies, resolved, Entries(resolved));
    }

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
                AddNamed(entries, rule, name, pods.Set, pods.Contains);
            else
                AddNamed(entries, rule, name, PodSet.Every with { Within = peer.Block!.Block }, _ => true);
        }
    }

    private void AddNamed(EntryTable entries, CompiledRule rule, PortName name, PodSet pods, Func<int, bool> isMember)
    {
        // Numbers that no pod of the set declares would only be empty sets in the kernel.
        foreach (var port in _portsByName[name].Where(port => _classesByPort[port].Any(isMember)))
            entries.Add(PortSet.One(port.Protocol, port.Number), rule, pods with { Having = port });
    }

    private static ImmutableArray<NamedPort> PortsNamedBy(ImmutableArray<CompiledRule> rules, EndpointClass subject)
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
        ImmutableArray<NamedPort> named)
    {
        var names = isolating.Select(p => p.Policy.Name);
        return string.Join('\n', [direction.ToString(), ns, .. names, "", .. named.Select(Text)]);
    }

    private static string Text(NamedPort port) =>
        string.Create(CultureInfo.InvariantCulture, $"{port.Name}/{port.Protocol.Spelling()}={port.Number}");
}

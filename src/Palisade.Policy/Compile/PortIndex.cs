using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>A distinct list of named ports that pods declare, and what of it rules can ask for.</summary>
internal sealed class PortList(ImmutableArray<NamedPort> all)
{
    public ImmutableArray<NamedPort> All { get; } = all;

    /// <summary>The ports that rules mention, sorted and distinct; null when not known.</summary>
    public ImmutableArray<NamedPort>? Restricted { get; set; }

    /// <summary>How many groups of pods declare it.</summary>
    public int Uses { get; set; }
}

/// <summary>The named ports of pods, which of them rules mention, and which classes have them.</summary>
internal sealed class PortIndex
{
    private readonly Dictionary<ImmutableArray<NamedPort>, PortList> _lists = new(new SamePorts());
    private readonly Dictionary<PortName, int> _mentions = [];
    private readonly Dictionary<PortName, List<(NamedPort Port, List<EndpointClass> Classes)>> _classes = [];

    /// <summary>Lists whose pods must be looked at again.</summary>
    public HashSet<PortList> Stale { get; } = [];

    public PortList ListOf(ImmutableArray<NamedPort> ports)
    {
        if (!_lists.TryGetValue(ports, out var list))
            _lists[ports] = list = new(ports);
        return list;
    }

    public void Drop(PortList list)
    {
        if (list.Uses == 0)
            _lists.Remove(list.All);
    }

    public void Mention(PortName name)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_mentions, name, out _);
        if (count++ == 0)
            MakeStale(name);
    }

    public void Unmention(PortName name)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_mentions, name, out _);
        if (--count > 0)
            return;
        _mentions.Remove(name);
        MakeStale(name);
    }

    /// <summary>The named ports of a list that rules can ask for.</summary>
    public ImmutableArray<NamedPort> Restrict(PortList list) => list.Restricted ??=
    [
        .. list.All.Where(p => _mentions.ContainsKey(PortName.Of(p))).Distinct()
            .OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Protocol).ThenBy(p => p.Number),
    ];

    /// <summary>A class that now has its ports.</summary>
    public void Add(EndpointClass pods)
    {
        foreach (var port in pods.NamedPorts)
        {
            var name = PortName.Of(port);
            if (!_classes.TryGetValue(name, out var numbers))
                _classes[name] = numbers = [];
            var at = numbers.FindIndex(known => known.Port == port);
            if (at < 0)
                numbers.Add((port, [pods]));
            else
                numbers[at].Classes.Add(pods);
        }
    }

    /// <summary>A class that is no more.</summary>
    public void Remove(EndpointClass pods)
    {
        foreach (var port in pods.NamedPorts)
        {
            var name = PortName.Of(port);
            var numbers = _classes[name];
            var at = numbers.FindIndex(known => known.Port == port);
            numbers[at].Classes.Remove(pods);
            if (numbers[at].Classes.Count == 0)
                numbers.RemoveAt(at);
            if (numbers.Count == 0)
                _classes.Remove(name);
        }
    }

    /// <summary>What a name stands for on some class, with the classes that declare it so.</summary>
    public IReadOnlyList<(NamedPort Port, List<EndpointClass> Classes)> Declared(PortName name) =>
        _classes.TryGetValue(name, out var numbers) ? numbers : [];

    private void MakeStale(PortName name)
    {
        foreach (var list in _lists.Values)
        {
            if (!list.All.Any(port => PortName.Of(port) == name))
                continue;
            list.Restricted = null;
            Stale.Add(list);
        }
    }

    private sealed class SamePorts : IEqualityComparer<ImmutableArray<NamedPort>>
    {
        public bool Equals(ImmutableArray<NamedPort> x, ImmutableArray<NamedPort> y) =>
            x.AsSpan().SequenceEqual(y.AsSpan());

        public int GetHashCode(ImmutableArray<NamedPort> obj)
        {
            var hash = new HashCode();
            foreach (var port in obj)
                hash.Add(port);
            return hash.ToHashCode();
        }
    }
}

using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;

namespace Palisade.Policy.Compile;

/// <summary>
/// Pods that no policy can tell apart: they are in the same namespace as far as policies see, have the same labels and
/// named ports
/// as far as policies mention them. Addresses are not part of it.
/// </summary>
/// <param name="Id">0 to the number of classes - 1, in the order of their first pods.</param>
/// <param name="Namespace">The namespace, if it holds policies or a policy names it; null: one of some that no policy
/// tells apart.</param>
/// <param name="NamespaceLabels">The labels of its namespace that policies mention, * as in <paramref name="Labels"/>.
/// </param>
/// <param name="Labels">The labels that policies mention; * stands for a value that none of them compares with.</param>
/// <param name="NamedPorts">The named ports that policies mention, sorted.</param>
/// <param name="Endpoints">The ids of the pods, ascending. Never empty.</param>
public sealed record EndpointClass(
    int Id, string? Namespace, LabelSet NamespaceLabels, LabelSet Labels, ImmutableArray<NamedPort> NamedPorts,
    ImmutableArray<int> Endpoints);

/// <summary>The classes of a snapshot, with what selectors answer about their namespaces and label sets.</summary>
internal sealed class ClassTable
{
    private readonly record struct Group(string? Name, LabelSet Labels);

    private readonly record struct Signature(int Group, int Labels, int Ports);

    private readonly List<Group> _groups = [];
    private readonly List<LabelSet> _labelSets = [];
    private readonly List<Signature> _signatures = [];

    public ClassTable(ClusterSnapshot snapshot, ImmutableArray<Endpoint?> endpoints, Vocabulary vocabulary)
    {
        var groupOf = GroupNamespaces(snapshot, vocabulary);
        var labels = new Dictionary<LabelSet, int>();
        var ports = new Dictionary<string, int>(StringComparer.Ordinal);
        var portLists = new List<ImmutableArray<NamedPort>>();
        var classes = new Dictionary<Signature, int>();
        var members = new List<ImmutableArray<int>.Builder>();
        ClassOf = new int[endpoints.Length];
        for (var i = 0; i < endpoints.Length; i++)
        {
            ClassOf[i] = -1;
            if (endpoints[i] is not { } pod)
                continue;
            if (pod.HostNetwork)
                continue;
            var signature = new Signature(
                groupOf[pod.Namespace],
                Intern(labels, _labelSets, vocabulary.RestrictPod(pod.Labels)),
                InternPorts(ports, portLists, vocabulary.RestrictPorts(pod.NamedPorts)));
            ClassOf[i] = Intern(classes, _signatures, signature);
            if (ClassOf[i] == members.Count)
                members.Add(ImmutableArray.CreateBuilder<int>());
            members[ClassOf[i]].Add(i);
        }

        Classes = [.. _signatures.Select((s, id) => new EndpointClass(
            id, _groups[s.Group].Name, _groups[s.Group].Labels, _labelSets[s.Labels], portLists[s.Ports],
            members[id].ToImmutable()))];
    }

    public ImmutableArray<EndpointClass> Classes { get; }

    /// <summary>By endpoint id; -1 for hostNetwork pods, which no selector sees.</summary>
    public int[] ClassOf { get; }

    public int NamespaceGroupOf(int classId) => _signatures[classId].Group;

    public int LabelSetOf(int classId) => _signatures[classId].Labels;

    /// <summary>Which namespace groups are in a scope that the vocabulary knows.</summary>
    public Bits NamespacesIn(NamespaceScope scope)
    {
        var bits = new Bits(_groups.Count);
        for (var i = 0; i < _groups.Count; i++)
            bits[i] = scope.Name is { } name ? _groups[i].Name == name : scope.Selector.Matches(_groups[i].Labels);
        return bits;
    }

    /// <summary>Which label sets meet a selector that the vocabulary knows.</summary>
    public Bits LabelSetsMatching(LabelSelector selector)
    {
        var bits = new Bits(_labelSets.Count);
        for (var i = 0; i < _labelSets.Count; i++)
            bits[i] = selector.Matches(_labelSets[i]);
        return bits;
    }

    private Dictionary<string, int> GroupNamespaces(ClusterSnapshot snapshot, Vocabulary vocabulary)
    {
        var groups = new Dictionary<Group, int>();
        var groupOf = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var ns in snapshot.Namespaces)
        {
            var group = new Group(vocabulary.NameOf(ns), vocabulary.RestrictNamespace(ns.Labels));
            groupOf[ns.Name] = Intern(groups, _groups, group);
        }

        return groupOf;
    }

    private static int Intern<T>(Dictionary<T, int> known, List<T> list, T item)
        where T : notnull
    {
        ref var id = ref CollectionsMarshal.GetValueRefOrAddDefault(known, item, out var exists);
        if (!exists)
        {
            id = list.Count;
            list.Add(item);
        }

        return id;
    }

    private static int InternPorts(
        Dictionary<string, int> known, List<ImmutableArray<NamedPort>> list, ImmutableArray<NamedPort> ports)
    {
        var text = string.Join(',', ports.Select(p => $"{p.Name}/{(int)p.Protocol}={p.Number}"));
        if (known.TryGetValue(text, out var id))
            return id;
        known[text] = list.Count;
        list.Add(ports);
        return list.Count - 1;
    }
}

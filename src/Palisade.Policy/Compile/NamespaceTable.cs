using Palisade.Policy.Model;
using Palisade.Policy.Selectors;

namespace Palisade.Policy.Compile;

/// <summary>A namespace's name, and whether policies tell the namespace apart by it.</summary>
internal sealed class NamespaceName(string name)
{
    public string Name { get; } = name;

    /// <summary>How many policies are in it and how many terms name it: told apart by name if any.</summary>
    public int Mentions { get; set; }

    /// <summary>Its NetworkPolicies, by name; some of them may be gone until the change is over.</summary>
    public List<PolicySlot> Policies { get; } = [];

    /// <summary>The namespace, while it is declared or has pods.</summary>
    public NamespaceEntry? Entry { get; set; }
}

/// <summary>A namespace that was declared or has pods.</summary>
internal sealed class NamespaceEntry(NamespaceName name) : Labelled
{
    public NamespaceName Name { get; } = name;

    public bool IsDeclared { get; set; }

    /// <summary>What policies can tell of it; null until it is looked at.</summary>
    public NamespaceGroup? Group { get; set; }

    public List<Cohort> Cohorts { get; } = [];
}

/// <summary>Namespaces that no policy tells apart: one by its name, or all that have the same labels.</summary>
internal sealed class NamespaceGroup(NamespaceName? name, RestrictedLabels labels)
{
    public NamespaceName? Name { get; } = name;

    public RestrictedLabels Labels { get; } = labels;

    /// <summary>How many namespaces are in it.</summary>
    public int Uses { get; set; }

    public List<EndpointClass> Classes { get; } = [];
}

/// <summary>The namespaces of a cluster, grouped by what policies can tell of them.</summary>
internal sealed class NamespaceTable
{
    private readonly Dictionary<string, NamespaceName> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<(NamespaceName? Name, RestrictedLabels Labels), NamespaceGroup> _groups = [];
    private readonly HashSet<NamespaceName> _idleNames = [];
    private readonly HashSet<NamespaceGroup> _idleGroups = [];

    public LabelIndex Labels { get; } = new();

    public NamespaceName? Find(string name) => _names.GetValueOrDefault(name);

    public NamespaceName NameOf(string name)
    {
        if (!_names.TryGetValue(name, out var known))
            _names[name] = known = new(name);
        return known;
    }

    /// <summary>A policy in the namespace, or a term that names it.</summary>
    public void Mention(NamespaceName name)
    {
        if (name.Mentions++ == 0)
            MakeStale(name);
    }

    public void Unmention(NamespaceName name)
    {
        if (--name.Mentions == 0)
            MakeStale(name);
    }

    /// <summary>The namespace of a pod. One that nobody declared has no label but its name.</summary>
    public NamespaceEntry EntryOf(string name) => NameOf(name).Entry ?? Add(NameOf(name), OnlyName(name));

    /// <summary>A namespace that came or changed.</summary>
    public void Put(Namespace ns) => Set(ns.Name, ns.Labels).IsDeclared = true;

    /// <summary>A namespace that is gone; it stays while it has pods.</summary>
    public void Remove(string name)
    {
        if (Find(name)?.Entry is not { IsDeclared: true })
            return;
        Set(name, OnlyName(name)).IsDeclared = false;
        _idleNames.Add(NameOf(name));
    }

    /// <summary>A namespace that may have lost its last pod.</summary>
    public void LosePods(NamespaceEntry entry) => _idleNames.Add(entry.Name);

    /// <summary>A group that may have lost its last class.</summary>
    public void LoseClass(NamespaceGroup group) => _idleGroups.Add(group);

    /// <summary>Finds the groups of namespaces that changed, and gives the namespaces that have another one.</summary>
    public IEnumerable<NamespaceEntry> Settle()
    {
        foreach (var holder in Labels.Stale)
        {
            var entry = (NamespaceEntry)holder;
            entry.IsStale = false;
            var group = GroupOf(entry.Name.Mentions > 0 ? entry.Name : null, Labels.Restrict(entry));
            if (ReferenceEquals(group, entry.Group))
                continue;
            Leave(entry);
            entry.Group = group;
            group.Uses++;
            yield return entry;
        }

        Labels.Stale.Clear();
    }

    /// <summary>Forgets what nothing uses any more.</summary>
    public void Close()
    {
        foreach (var name in _idleNames)
        {
            if (name.Entry is { IsDeclared: false, Cohorts.Count: 0 } entry)
            {
                Leave(entry);
                Labels.Remove(entry);
                name.Entry = null;
            }

            if (name is { Entry: null, Mentions: 0 })
                _names.Remove(name.Name);
        }

        foreach (var group in _idleGroups.Where(group => group.Uses == 0 && group.Classes.Count == 0))
        {
            if (!_groups.Remove((group.Name, group.Labels)))
                continue;
            group.Labels.Uses--;
            Labels.Drop(group.Labels);
        }

        _idleNames.Clear();
        _idleGroups.Clear();
        Labels.Sweep();
    }

    private static LabelSet OnlyName(string name) => LabelSet.OfSorted([new(ClusterSnapshot.NameLabel, name)]);

    private NamespaceEntry Set(string name, LabelSet labels)
    {
        if (NameOf(name).Entry is not { } entry)
            return Add(NameOf(name), labels);
        Labels.Remove(entry);
        entry.Take(Labels.LabelsOf(labels));
        Labels.MakeStale(entry);
        return entry;
    }

    private NamespaceEntry Add(NamespaceName name, LabelSet labels)
    {
        var entry = name.Entry = new(name);
        entry.Take(Labels.LabelsOf(labels));
        Labels.MakeStale(entry);
        return entry;
    }

    private void MakeStale(NamespaceName name)
    {
        if (name.Entry is { } entry)
            Labels.MakeStale(entry);
        _idleNames.Add(name);
    }

    private void Leave(NamespaceEntry entry)
    {
        if (entry.Group is not { } group)
            return;
        group.Uses--;
        _idleGroups.Add(group);
        entry.Group = null;
    }

    private NamespaceGroup GroupOf(NamespaceName? name, RestrictedLabels labels)
    {
        if (!_groups.TryGetValue((name, labels), out var group))
        {
            _groups[(name, labels)] = group = new(name, labels);
            labels.Uses++;
        }

        return group;
    }
}

using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;

namespace Palisade.Policy.Compile;

/// <summary>
/// What policies mention: label keys with the values they compare them to, namespace names, port names. Labels outside
/// it cannot
/// change any verdict, so classes leave them out; a value no policy compares to is as good as any other such value.
/// </summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, HashSet<string>> _podKeys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _namespaceKeys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _namespaceNames = new(StringComparer.Ordinal);
    private readonly HashSet<PortName> _portNames = [];

    /// <summary>A namespace that is told apart by name: it holds policies, or a rule names it.</summary>
    public void MentionNamespace(string name) => _namespaceNames.Add(name);

    public void MentionPods(LabelSelector selector) => Mention(_podKeys, selector);

    public void MentionPort(PortName name) => _portNames.Add(name);

    public void Mention(NamespaceScope scope)
    {
        if (scope.Name is { } name)
            _namespaceNames.Add(name);
        else
            Mention(_namespaceKeys, scope.Selector);
    }

    /// <summary>The name, if policies can tell the namespace apart by it.</summary>
    public string? NameOf(Namespace ns) => _namespaceNames.Contains(ns.Name) ? ns.Name : null;

    public LabelSet RestrictNamespace(LabelSet labels) => Restrict(_namespaceKeys, labels);

    public LabelSet RestrictPod(LabelSet labels) => Restrict(_podKeys, labels);

    /// <summary>The named ports that policies can ask for, sorted and distinct.</summary>
    public ImmutableArray<NamedPort> RestrictPorts(ImmutableArray<NamedPort> ports) =>
    [
        .. ports.Where(p => _portNames.Contains(new(p.Name, p.Protocol))).Distinct()
            .OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Protocol).ThenBy(p => p.Number),
    ];

    private static void Mention(Dictionary<string, HashSet<string>> keys, LabelSelector selector)
    {
        foreach (var requirement in selector.Requirements)
        {
            if (!keys.TryGetValue(requirement.Key, out var values))
                keys[requirement.Key] = values = new(StringComparer.Ordinal);
            values.UnionWith(requirement.Values);
        }
    }

    private static LabelSet Restrict(Dictionary<string, HashSet<string>> keys, LabelSet labels)
    {
        List<KeyValuePair<string, string>>? kept = null;
        foreach (var (key, value) in labels.Pairs)
        {
            if (keys.TryGetValue(key, out var values))
                (kept ??= []).Add(new(key, values.Contains(value) ? value : Unmentioned(values)));
        }

        return kept is null ? LabelSet.Empty : LabelSet.Of(kept);
    }

    /// <summary>
    /// A text that stands for every value no policy mentions: * is no label value, but selectors in code may hold any
    /// text.
    /// </summary>
    private static string Unmentioned(HashSet<string> values)
    {
        var marker = "*";
        while (values.Contains(marker))
            marker += "*";
        return marker;
    }
}

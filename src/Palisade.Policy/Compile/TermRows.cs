using System.Collections.Concurrent;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// Which classes terms mean, as sets: each asked for once. Safe for many threads; two that ask at once compute the
/// same.
/// </summary>
internal sealed class TermRows
{
    private readonly CompiledPolicy _policy;
    private readonly ConcurrentDictionary<PodTerm, IdSet> _classes = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<PortName, IdSet[]> _byNumbers = [];
    private readonly Lazy<Dictionary<string, int[]>> _byNamespace;
    private readonly Lazy<List<(NamespaceGroup Group, EndpointClass[] Classes)>> _byGroup;

    public TermRows(CompiledPolicy policy)
    {
        _policy = policy;
        _byNamespace = new(() => policy.Classes.Where(pods => pods.Namespace is not null)
            .GroupBy(pods => pods.Namespace!, StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => same.Select(pods => pods.Id).ToArray(), StringComparer.Ordinal));
        _byGroup = new(() =>
            [.. policy.Classes.GroupBy(pods => pods.Group).Select(same => (same.Key, same.ToArray()))]);
    }

    /// <summary>The classes of a set of pods.</summary>
    public IdSet ClassesOf(PodTerm term) => _classes.TryGetValue(term, out var known)
        ? known
        : _classes.GetOrAdd(term, Find(term));

    /// <summary>
    /// The classes on which a port name stands for something: a set for each distinct set of numbers.
    /// </summary>
    public IReadOnlyList<IdSet> ClassesByNumbers(PortName name) => _byNumbers.TryGetValue(name, out var known)
        ? known
        : _byNumbers.GetOrAdd(name, Find(name));

    private IdSet Find(PodTerm term)
    {
        // Policies tell a namespace they name apart by name, so its classes are in no other (NamespaceTable).
        if (term.Set.Namespaces.Name is { } name)
            return IdSet.Of(_byNamespace.Value.GetValueOrDefault(name, []).Where(term.Contains));
        // A group of namespaces has many classes, and most terms mean few groups.
        var ids = new List<int>();
        foreach (var (group, classes) in _byGroup.Value)
        {
            if (term.Namespaces!.Contains(group.Labels))
                ids.AddRange(classes.Where(pods => term.Pods.Contains(pods.RestrictedLabels)).Select(pods => pods.Id));
        }

        return IdSet.Of(ids);
    }

    private IdSet[] Find(PortName name) =>
    [
        .. _policy.Classes.GroupBy(pods => _policy.NumbersOf(pods.Id, name), pods => pods.Id)
            .Where(same => !same.Key.IsEmpty).Select(same => IdSet.Of(same)),
    ];
}

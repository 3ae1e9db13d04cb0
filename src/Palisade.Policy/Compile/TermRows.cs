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
    private readonly Lazy<NamespaceGroup[]> _groups;

    public TermRows(CompiledPolicy policy)
    {
        _policy = policy;
        _groups = new(() => [.. policy.Classes.Select(pods => pods.Group).Distinct()]);
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
        // A group of namespaces has many classes, and most terms mean few groups.
        var classes = term.ClassesInName
            ?? _groups.Value.Where(group => term.Namespaces!.Contains(group.Labels)).SelectMany(group => group.Classes);
        return IdSet.Of(
            classes.Where(pods => term.Pods.Contains(pods.RestrictedLabels)).Select(pods => pods.Id));
    }

    private IdSet[] Find(PortName name) =>
    [
        .. _policy.Classes.GroupBy(pods => _policy.NumbersOf(pods.Id, name), pods => pods.Id)
            .Where(same => !same.Key.IsEmpty).Select(same => IdSet.Of(same)),
    ];
}

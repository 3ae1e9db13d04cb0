using System.Collections.Immutable;
using Palisade.Kubernetes.Client;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Compile;

namespace Palisade.Agent;

/// <summary>
/// One followed resource as model objects: all of them at the start, then only those that changed. Read by one thread.
/// </summary>
internal sealed class Followed<T>(
    Reflector reflector, Func<WireObject, ICollection<Diagnostic>, T?> convert, Func<T, ClusterChange> put,
    Func<(string Namespace, string Name), ClusterChange> remove)
    where T : class
{
    private readonly Dictionary<(string Namespace, string Name), ImmutableArray<Diagnostic>> _odd = [];

    public Reflector Reflector => reflector;

    public bool HasSynced => reflector.Store.HasSynced;

    /// <summary>What is odd about the objects as they were last read.</summary>
    public IEnumerable<Diagnostic> Odd => _odd.Values.SelectMany(notes => notes);

    /// <summary>All objects as they are now; adds the resource's progress.</summary>
    public List<T> ReadAll(ImmutableArray<(string, ulong)>.Builder versions)
    {
        var (objects, version) = reflector.Store.TakeAll();
        _odd.Clear();
        versions.Add((reflector.Resource.Plural, version));
        return [.. objects.Select(item => Convert(ObjectStore.KeyOf(item), item)).OfType<T>()];
    }

    /// <summary>Adds what changed since the objects were last read, and the resource's progress.</summary>
    public void ReadChanges(List<ClusterChange> changes, ImmutableArray<(string, ulong)>.Builder versions)
    {
        var (changed, version) = reflector.Store.TakeChanges();
        versions.Add((reflector.Resource.Plural, version));
        foreach (var (key, item) in changed)
        {
            _odd.Remove(key);
            // One that is of no account any more (a pod that has ended) is as good as gone.
            changes.Add(item is not null && Convert(key, item) is { } value ? put(value) : remove(key));
        }
    }

    private T? Convert((string Namespace, string Name) key, WireObject item)
    {
        var notes = new List<Diagnostic>();
        var value = convert(item, notes);
        if (notes.Count > 0)
            _odd[key] = [.. notes];
        return value;
    }
}

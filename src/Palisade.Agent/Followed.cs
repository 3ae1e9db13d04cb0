using System.Collections.Immutable;
using Palisade.Kubernetes.Client;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Compile;

namespace Palisade.Agent;

/// <summary>
/// One followed resource as model objects: all of them at the start, then only those that changed. Read by one thread.
/// </summary>
/// <param name="follow">The reflector of what is made of the objects.</param>
/// <param name="convert">The model object, and what is odd about it.</param>
/// <param name="put">That there is one.</param>
/// <param name="remove">That there is none.</param>
/// <param name="isOwn">Whether its metadata is asked for.</param>
internal sealed class Followed<T>(
    Func<Func<WireObject, Sighting<T>>, Reflector<Sighting<T>>> follow,
    Func<WireObject, ICollection<Diagnostic>, T?> convert, Func<T, ClusterChange> put,
    Func<(string Namespace, string Name), ClusterChange> remove, Predicate<T>? isOwn = null)
    where T : class
{
    private readonly Dictionary<(string Namespace, string Name), ImmutableArray<Diagnostic>> _odd = [];

    public Reflector<Sighting<T>> Reflector { get; } = follow(item => See(item, convert, isOwn));

    public bool HasSynced => Reflector.Store.HasSynced;

    /// <summary>How following goes. Any thread.</summary>
    public WatchState State => new(
        Reflector.Resource.Plural, HasSynced, Reflector.IsFailing, Reflector.Failures, Reflector.Store.Count,
        Reflector.Store.ResourceVersion);

    /// <summary>What is odd about the objects as they were last read.</summary>
    public IEnumerable<Diagnostic> Odd => _odd.Values.SelectMany(notes => notes);

    /// <summary>One object as it was last seen.</summary>
    public T? Find(string ns, string name) => Reflector.Store.Find(ns, name)?.Value;

    /// <summary>The metadata of an object that is one's own.</summary>
    public WireObject? MetadataOf(string ns, string name) => Reflector.Store.Find(ns, name)?.Metadata;

    /// <summary>All objects as they are now; adds the resource's progress.</summary>
    public List<T> ReadAll(ImmutableArray<(string, ulong)>.Builder versions)
    {
        var (objects, version) = Reflector.Store.TakeAll();
        _odd.Clear();
        versions.Add((Reflector.Resource.Plural, version));
        return [.. objects.Select(item => Read(item.Key, item.Object)).OfType<T>()];
    }

    /// <summary>Adds what changed since the objects were last read, and the resource's progress.</summary>
    public void ReadChanges(List<ClusterChange> changes, ImmutableArray<(string, ulong)>.Builder versions)
    {
        var (changed, version) = Reflector.Store.TakeChanges();
        versions.Add((Reflector.Resource.Plural, version));
        foreach (var (key, now) in changed)
        {
            _odd.Remove(key);
            changes.Add(now is not null && Read(key, now) is { } value ? put(value) : remove(key));
        }
    }

    private T? Read((string Namespace, string Name) key, Sighting<T> seen)
    {
        if (seen.Defect is { } defect)
            throw new InvalidOperationException($"{Reflector.Resource.Plural} {key} cannot be read", defect);
        if (!seen.Odd.IsEmpty)
            _odd[key] = seen.Odd;
        return seen.Value;
    }

    private static Sighting<T> See(
        WireObject item, Func<WireObject, ICollection<Diagnostic>, T?> convert, Predicate<T>? isOwn)
    {
        var notes = new List<Diagnostic>();
        try
        {
            var value = convert(item, notes);
            var metadata = value is not null && isOwn is not null && isOwn(value) ? item["metadata"] : null;
            return new(value, [.. notes], metadata as WireObject, null);
        }
        catch (Exception e)
        {
            return new(null, [], null, e);
        }
    }
}

using System.Collections.Immutable;
using System.Globalization;

namespace Palisade.Kubernetes.Client;

/// <summary>
/// The last known objects of one resource, as what their reader makes of them, kept by a
/// <see cref="Reflector{T}"/>. A lost connection leaves them as they were. Safe for use by several threads.
/// </summary>
public sealed class ObjectStore<T>
    where T : class
{
    private readonly Lock _lock = new();
    private Dictionary<(string Namespace, string Name), Kept> _objects = [];
    private HashSet<(string Namespace, string Name)> _changed = [];
    private ulong _version;
    private bool _synced;

    /// <summary>An object and the version it was sent in.</summary>
    internal readonly record struct Kept(T Object, string Version);

    /// <summary>Whether the objects were complete once: a full list, or the end of a watch's initial events.</summary>
    public bool HasSynced
    {
        get
        {
            lock (_lock)
                return _synced;
        }
    }

    /// <summary>
    /// The newest resourceVersion seen, from objects, lists and bookmarks; 0 before the first, or if versions are no
    /// numbers.
    /// </summary>
    public ulong ResourceVersion
    {
        get
        {
            lock (_lock)
                return _version;
        }
    }

    /// <summary>How many objects there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _objects.Count;
        }
    }

    /// <summary>The objects as they are now and the version they include, in no particular order.</summary>
    public (ImmutableArray<T> Objects, ulong ResourceVersion) Read()
    {
        lock (_lock)
            return (All(), _version);
    }

    /// <summary>One object, or null; the namespace is empty for what has none.</summary>
    public T? Find(string ns, string name)
    {
        lock (_lock)
            return _objects.GetValueOrDefault((ns, name)).Object;
    }

    /// <summary>
    /// All objects, after which <see cref="TakeChanges"/> tells what changes from then on. For one reader.
    /// </summary>
    public (ImmutableArray<((string Namespace, string Name) Key, T Object)> Objects, ulong ResourceVersion) TakeAll()
    {
        lock (_lock)
        {
            _changed = [];
            return ([.. _objects.Select(item => (item.Key, item.Value.Object))], _version);
        }
    }

    /// <summary>
    /// The objects that came, changed or went (null) since they were last taken, each once as it is now, and the
    /// version they include. An object that a list brings again in the same version has not changed. For one reader.
    /// </summary>
    public (ImmutableArray<((string Namespace, string Name) Key, T? Now)> Changes, ulong ResourceVersion)
        TakeChanges()
    {
        lock (_lock)
        {
            var changes = _changed.Select(key => (key, (T?)_objects.GetValueOrDefault(key).Object)).ToImmutableArray();
            _changed.Clear();
            return (changes, _version);
        }
    }

    /// <summary>Everything there is, after a list: what is not in it is gone.</summary>
    internal void Replace(Dictionary<(string Namespace, string Name), Kept> objects, string version)
    {
        lock (_lock)
        {
            _changed.UnionWith(_objects.Keys.Where(key => !objects.ContainsKey(key)));
            _changed.UnionWith(objects.Where(item => !IsSame(_objects.GetValueOrDefault(item.Key), item.Value))
                .Select(item => item.Key));
            _objects = objects;
            _synced = true;
            Saw(version);
        }
    }

    internal void Put((string Namespace, string Name) key, T value, string version)
    {
        lock (_lock)
        {
            _objects[key] = new(value, version);
            _changed.Add(key);
            Saw(version);
        }
    }

    internal void Remove((string Namespace, string Name) key, string version)
    {
        lock (_lock)
        {
            _objects.Remove(key);
            _changed.Add(key);
            Saw(version);
        }
    }

    internal void Bookmark(string version)
    {
        lock (_lock)
            Saw(version);
    }

    private ImmutableArray<T> All() => [.. _objects.Values.Select(kept => kept.Object)];

    /// <summary>One version of an object never says two things.</summary>
    private static bool IsSame(Kept known, Kept item) =>
        item.Version is { Length: > 0 } && known.Version == item.Version;

    private void Saw(string version)
    {
        if (ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            _version = Math.Max(_version, number);
    }
}

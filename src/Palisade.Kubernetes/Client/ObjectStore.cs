using System.Collections.Immutable;
using System.Globalization;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Client;

/// <summary>
/// The last known objects of one resource, kept by a <see cref="Reflector"/>. A lost connection leaves them as they
/// were. Safe for use by several threads.
/// </summary>
public sealed class ObjectStore
{
    private readonly Lock _lock = new();
    private Dictionary<(string Namespace, string Name), WireObject> _objects = [];
    private readonly HashSet<(string Namespace, string Name)> _changed = [];
    private ulong _version;
    private bool _synced;

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
    public (ImmutableArray<WireObject> Objects, ulong ResourceVersion) Read()
    {
        lock (_lock)
            return ([.. _objects.Values], _version);
    }

    /// <summary>One object, or null; the namespace is empty for what has none.</summary>
    public WireObject? Find(string ns, string name)
    {
        lock (_lock)
            return _objects.GetValueOrDefault((ns, name));
    }

    /// <summary>
    /// All objects, after which <see cref="TakeChanges"/> tells what changes from then on. For one reader.
    /// </summary>
    public (ImmutableArray<WireObject> Objects, ulong ResourceVersion) TakeAll()
    {
        lock (_lock)
        {
            _changed.Clear();
            return ([.. _objects.Values], _version);
        }
    }

    /// <summary>
    /// The objects that came, changed or went (null) since they were last taken, each once as it is now, and the
    /// version they include. An object that a list brings again in the same version has not changed. For one reader.
    /// </summary>
    public (ImmutableArray<((string Namespace, string Name) Key, WireObject? Now)> Changes, ulong ResourceVersion)
        TakeChanges()
    {
        lock (_lock)
        {
            var changes = _changed.Select(key => (key, _objects.GetValueOrDefault(key))).ToImmutableArray();
            _changed.Clear();
            return (changes, _version);
        }
    }

    /// <summary>Everything there is, after a list: what is not in it is gone.</summary>
    internal void Replace(Dictionary<(string Namespace, string Name), WireObject> objects, string version)
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

    internal void Put(WireObject item, string version)
    {
        lock (_lock)
        {
            _objects[KeyOf(item)] = item;
            _changed.Add(KeyOf(item));
            Saw(version);
        }
    }

    internal void Remove(WireObject item, string version)
    {
        lock (_lock)
        {
            _objects.Remove(KeyOf(item));
            _changed.Add(KeyOf(item));
            Saw(version);
        }
    }

    internal void Bookmark(string version)
    {
        lock (_lock)
            Saw(version);
    }

    /// <summary>Namespace (empty where there is none) and name of an object.</summary>
    public static (string Namespace, string Name) KeyOf(WireObject item)
    {
        var meta = item["metadata"] as WireObject;
        return ((meta?["namespace"] as WireString)?.Value ?? "", (meta?["name"] as WireString)?.Value ?? "");
    }

    internal static string VersionOf(WireObject item) =>
        ((item["metadata"] as WireObject)?["resourceVersion"] as WireString)?.Value ?? "";

    /// <summary>One version of an object never says two things.</summary>
    private static bool IsSame(WireObject? known, WireObject item) =>
        known is not null && VersionOf(item) is { Length: > 0 } version && VersionOf(known) == version;

    private void Saw(string version)
    {
        if (ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            _version = Math.Max(_version, number);
    }
}

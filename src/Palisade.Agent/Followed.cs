using System.Collections.Immutable;
using Palisade.Kubernetes.Client;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;

namespace Palisade.Agent;

/// <summary>
/// One followed resource as model objects. An object is converted when it is first seen; while it does not change it is
/// not again, so that a pass costs what changed, not what there is. Read by one thread.
/// </summary>
internal sealed class Followed<T>(Reflector reflector, Func<WireObject, ICollection<Diagnostic>, T?> convert)
    where T : class
{
    private Dictionary<WireObject, (T? Value, ImmutableArray<Diagnostic> Diagnostics)> _known = new(
        ReferenceEqualityComparer.Instance);

    public Reflector Reflector => reflector;

    public bool HasSynced => reflector.Store.HasSynced;

    /// <summary>The objects as they are now; adds what is odd about them, and the resource's progress.</summary>
    public List<T> Read(List<Diagnostic> diagnostics, ImmutableArray<(string, ulong)>.Builder versions)
    {
        var (objects, version) = reflector.Store.Read();
        var known = new Dictionary<WireObject, (T?, ImmutableArray<Diagnostic>)>(
            objects.Length, ReferenceEqualityComparer.Instance);
        var values = new List<T>(objects.Length);
        foreach (var item in objects)
        {
            var entry = _known.TryGetValue(item, out var before) ? before : Convert(item);
            known[item] = entry;
            diagnostics.AddRange(entry.Diagnostics);
            if (entry.Value is not null)
                values.Add(entry.Value);
        }

        _known = known;
        versions.Add((reflector.Resource.Plural, version));
        return values;
    }

    private (T? Value, ImmutableArray<Diagnostic> Diagnostics) Convert(WireObject item)
    {
        var notes = new List<Diagnostic>();
        return (convert(item, notes), [.. notes]);
    }
}

using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Fields;

/// <summary>
/// A set of paths into an object (structured-merge-diff fieldpath.Set): a tree of steps, each of which may itself be
/// in the set and may have more below it. Filled once; the operations make new sets and may share parts with the old.
/// </summary>
internal sealed class FieldSet
{
    // FieldsV1: the path that leads here is in the set.
    private const string Self = ".";

    public static readonly FieldSet Empty = new();

    private readonly SortedDictionary<FieldStep, Entry> _entries = [];

    public bool IsEmpty => _entries.Values.All(entry => entry.IsNothing);

    public void Add(ReadOnlySpan<FieldStep> path)
    {
        if (path.IsEmpty)
            return;
        var entry = _entries.GetValueOrDefault(path[0]);
        if (path.Length == 1)
        {
            _entries[path[0]] = entry with { IsMember = true };
            return;
        }

        var below = entry.Below ?? new FieldSet();
        below.Add(path[1..]);
        _entries[path[0]] = entry with { Below = below };
    }

    /// <summary>Whether the path of this one step is in the set.</summary>
    public bool Has(FieldStep step) => _entries.GetValueOrDefault(step).IsMember;

    /// <summary>What the set has below a step.</summary>
    public FieldSet Below(FieldStep step) => _entries.GetValueOrDefault(step).Below ?? Empty;

    public FieldSet Union(FieldSet other) => Combine(other, (a, b) => a || b, (a, b) => a.Union(b));

    public FieldSet Intersection(FieldSet other) => Combine(other, (a, b) => a && b, (a, b) => a.Intersection(b));

    public FieldSet Difference(FieldSet other) => Combine(other, (a, b) => a && !b, (a, b) => a.Difference(b));

    /// <summary>Without the paths of the other set and everything below them.</summary>
    public FieldSet WithoutBelow(FieldSet other)
    {
        var result = new FieldSet();
        foreach (var (step, entry) in _entries.Where(pair => !other.Has(pair.Key)))
            result.Put(step, entry with { Below = entry.Below?.WithoutBelow(other.Below(step)) });
        return result;
    }

    /// <summary>With every declared field that a path of the set leads through.</summary>
    public FieldSet WithNamedFields(MergeType? type)
    {
        var result = new FieldSet();
        foreach (var (step, (isMember, below)) in _entries)
        {
            var member = step.Name is { } name ? type?.Member(name) : type?.Items;
            var isNamed = below is { IsEmpty: false } && step.Name is { } field && type?.Field(field) is not null;
            result.Put(step, new(isMember || isNamed, below?.WithNamedFields(member)));
        }

        return result;
    }

    /// <summary>Every path, in order.</summary>
    public IEnumerable<FieldStep[]> Paths()
    {
        foreach (var (step, (isMember, below)) in _entries)
        {
            if (isMember)
                yield return [step];
            foreach (var path in below?.Paths() ?? [])
                yield return [step, .. path];
        }
    }

    /// <summary>As FieldsV1.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        foreach (var (step, (isMember, below)) in _entries.Where(pair => !pair.Value.IsNothing))
        {
            var inner = below?.ToJson() ?? [];
            if (isMember && inner.Count > 0)
                inner.Insert(0, Self, new JsonObject());
            json[step.Text] = inner;
        }

        return json;
    }

    /// <summary>Of FieldsV1; null when it is none.</summary>
    public static FieldSet? Parse(JsonNode? json)
    {
        if (json is not JsonObject map)
            return null;
        var set = new FieldSet();
        foreach (var (name, value) in map.Where(pair => pair.Key != Self))
        {
            if (FieldStep.Parse(name) is not { } step || value is not JsonObject inner || Parse(inner) is not { } below)
                return null;
            set._entries[step] = new(inner.Count == 0 || inner.ContainsKey(Self), below);
        }

        return set;
    }

    private FieldSet Combine(FieldSet other, Func<bool, bool, bool> member, Func<FieldSet, FieldSet, FieldSet> below)
    {
        var result = new FieldSet();
        foreach (var step in _entries.Keys.Union(other._entries.Keys))
        {
            var (a, b) = (_entries.GetValueOrDefault(step), other._entries.GetValueOrDefault(step));
            var inner = a.Below is null && b.Below is null ? null : below(a.Below ?? Empty, b.Below ?? Empty);
            result.Put(step, new(member(a.IsMember, b.IsMember), inner));
        }

        return result;
    }

    private void Put(FieldStep step, Entry entry)
    {
        if (!entry.IsNothing)
            _entries[step] = entry;
    }

    private readonly record struct Entry(bool IsMember, FieldSet? Below)
    {
        public bool IsNothing => !IsMember && Below is not { IsEmpty: false };
    }
}

using System.Collections.Immutable;

namespace Palisade.Kubernetes.Wire;

/// <summary>
/// Where a value starts in its document: 1-based line and column; 0 when unknown (made by the server).
/// </summary>
public readonly record struct Position(int Line, int Column);

/// <summary>
/// A document exactly as sent, before any meaning: JSON's six kinds, with positions, member order and repeated keys
/// kept.
/// YAML is read into the same tree, resolved as kubectl does (YAML 1.1).
/// </summary>
public abstract record WireValue(Position At);

/// <summary>null, or an empty YAML value.</summary>
public sealed record WireNull(Position At) : WireValue(At);

/// <summary>true or false (in YAML 1.1 also yes, no, on, off, y, n).</summary>
public sealed record WireBool(bool Value, Position At) : WireValue(At)
{
    /// <summary>
    /// The letter, when YAML 1.1 made a boolean of a plain y, Y, n or N, which later YAML (and who wrote it) takes
    /// for text;
    /// otherwise null.
    /// </summary>
    public string? Letter { get; init; }
}

/// <summary>A number as written.</summary>
public sealed record WireNumber(string Text, Position At) : WireValue(At);

/// <summary>A string.</summary>
public sealed record WireString(string Value, Position At) : WireValue(At);

/// <summary>A list.</summary>
public sealed record WireArray(ImmutableArray<WireValue> Items, Position At) : WireValue(At);

/// <summary>One member of an object.</summary>
public readonly record struct WireMember(string Name, Position At, WireValue Value);

/// <summary>An object; members in the order written, repeated names kept (the last one counts).</summary>
public sealed record WireObject(ImmutableArray<WireMember> Members, Position At) : WireValue(At)
{
    // Below so many members looking through them costs less than an index.
    private const int FewMembers = 16;

    private Dictionary<string, WireValue>? _index;

    // A copy may be given other members: it finds them itself.
    private WireObject(WireObject other)
        : base(other) => Members = other.Members;

    /// <summary>The value of the last member of this name, or null when there is none.</summary>
    public WireValue? this[string name]
    {
        get
        {
            if (Members.Length > FewMembers)
                return (_index ??= Index()).GetValueOrDefault(name);
            for (var i = Members.Length - 1; i >= 0; i--)
            {
                if (Members[i].Name == name)
                    return Members[i].Value;
            }

            return null;
        }
    }

    /// <summary>
    /// This object with a member of this name and value, in the place of the first one or at the end.
    /// </summary>
    public WireObject With(string name, WireValue value)
    {
        var members = Members.RemoveAll(member => member.Name == name);
        var place = 0;
        while (place < Members.Length && Members[place].Name != name)
            place++;
        var at = place < Members.Length ? Members[place].At : value.At;
        return this with { Members = members.Insert(Math.Min(place, members.Length), new(name, at, value)) };
    }

    /// <summary>This object without the member of this name.</summary>
    public WireObject Without(string name) => this with { Members = Members.RemoveAll(member => member.Name == name) };

    /// <summary>
    /// The members in the order of their names, in every object within: as Go writes a map, and so as kubectl sends
    /// what it read from a file. Repeated names keep their order among themselves.
    /// </summary>
    public WireObject Sorted() =>
        this with { Members = [.. Members.OrderBy(m => m.Name, StringComparer.Ordinal).Select(SortedMember)] };

    private Dictionary<string, WireValue> Index()
    {
        var index = new Dictionary<string, WireValue>(Members.Length, StringComparer.Ordinal);
        foreach (var member in Members)
            index[member.Name] = member.Value;
        return index;
    }

    private static WireMember SortedMember(WireMember member) => member with { Value = SortedValue(member.Value) };

    private static WireValue SortedValue(WireValue value) => value switch
    {
        WireObject o => o.Sorted(),
        WireArray list => list with { Items = [.. list.Items.Select(SortedValue)] },
        _ => value,
    };

    /// <summary>The members that count: of a repeated name only the last, at the place of the first.</summary>
    public IEnumerable<WireMember> Distinct()
    {
        var last = new Dictionary<string, int>(Members.Length, StringComparer.Ordinal);
        for (var i = 0; i < Members.Length; i++)
            last[Members[i].Name] = i;
        if (last.Count == Members.Length)
            return Members;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return Members.Where(member => seen.Add(member.Name)).Select(member => Members[last[member.Name]]);
    }
}

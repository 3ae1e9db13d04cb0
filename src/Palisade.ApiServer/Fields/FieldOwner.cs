using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Fields;

/// <summary>
/// Who owns fields: an entry of metadata.managedFields is one of them. Appliers are told apart without the version
/// they last applied in.
/// </summary>
internal sealed record FieldOwner(string Name, bool Applies, string ApiVersion, string Subresource)
{
    public bool IsSame(FieldOwner other) =>
        (Name, Applies, Subresource) == (other.Name, other.Applies, other.Subresource)
        && (Applies || ApiVersion == other.ApiVersion);

    /// <summary>As conflicts name it.</summary>
    public override string ToString()
    {
        var name = Kubernetes.Convert.GoText.Quote(Name);
        if (Subresource.Length > 0)
            name += " with subresource " + Kubernetes.Convert.GoText.Quote(Subresource);
        return Applies ? name : $"{name} using {ApiVersion}";
    }
}

/// <summary>What one owner owns, and when it last came to own something.</summary>
internal sealed record Owned(FieldOwner Owner, FieldSet Fields, string? Time);

/// <summary>metadata.managedFields.</summary>
internal sealed class OwnedFields
{
    // As kube-apiserver: beyond so many updaters the oldest are put together.
    private const int MostUpdaters = 10;
    private const string Ancient = "ancient-changes";

    private readonly List<Owned> _entries;

    private OwnedFields(List<Owned> entries) => _entries = entries;

    public static OwnedFields Nobody => new([]);

    public IReadOnlyList<Owned> Entries => _entries;

    public bool IsEmpty => _entries.Count == 0;

    public FieldSet Of(FieldOwner owner) => Find(owner)?.Fields ?? FieldSet.Empty;

    public Owned? Find(FieldOwner owner) => _entries.Find(entry => entry.Owner.IsSame(owner));

    public OwnedFields Copy() => new([.. _entries]);

    /// <summary>Sets what an owner owns; one that owns nothing is gone. Time null: as it was.</summary>
    public void Set(FieldOwner owner, FieldSet fields, string? time = null)
    {
        var index = _entries.FindIndex(entry => entry.Owner.IsSame(owner));
        time ??= index < 0 ? null : _entries[index].Time;
        if (index >= 0)
            _entries.RemoveAt(index);
        if (!fields.IsEmpty)
            _entries.Add(new(owner, fields, time));
    }

    /// <summary>Takes fields from everyone but one owner.</summary>
    public void Take(FieldSet fields, FieldOwner from)
    {
        foreach (var entry in _entries.Where(entry => !entry.Owner.IsSame(from)).ToList())
            Set(entry.Owner, entry.Fields.Difference(fields));
    }

    /// <summary>Puts the oldest updaters together when there are too many.</summary>
    public void Cap(string apiVersion)
    {
        var updaters = _entries.Where(entry => !entry.Owner.Applies && entry.Owner.Subresource.Length == 0)
            .OrderBy(entry => entry.Time, StringComparer.Ordinal).ToList();
        if (updaters.Count <= MostUpdaters)
            return;
        var old = updaters.Take(updaters.Count - MostUpdaters + 1).ToList();
        old.ForEach(entry => _entries.Remove(entry));
        var ancient = new FieldOwner(Ancient, false, apiVersion, "");
        Set(ancient, old.Aggregate(FieldSet.Empty, (all, entry) => all.Union(entry.Fields)), old[^1].Time);
    }

    /// <summary>Of an object's metadata; nobody where the entries cannot be read.</summary>
    public static OwnedFields Read(JsonObject meta) => TryRead(meta["managedFields"]) ?? Nobody;

    /// <summary>Null: not as managedFields are.</summary>
    public static OwnedFields? TryRead(JsonNode? managedFields)
    {
        if (managedFields is not JsonArray list)
            return null;
        var owned = Nobody;
        foreach (var item in list)
        {
            if (item is not JsonObject entry || Cell.Text(entry["operation"]) is not ("Apply" or "Update")
                || Cell.Text(entry["fieldsType"]) is not ("FieldsV1" or "")
                || FieldSet.Parse(entry["fieldsV1"] ?? new JsonObject()) is not { } fields)
                return null;
            var owner = new FieldOwner(
                Cell.Text(entry["manager"]), Cell.Text(entry["operation"]) == "Apply",
                Cell.Text(entry["apiVersion"]), Cell.Text(entry["subresource"]));
            owned.Set(owner, fields.Union(owned.Of(owner)), Cell.Text(entry["time"]));
        }

        return owned;
    }

    /// <summary>Writes metadata.managedFields: appliers first, each by time and name.</summary>
    public void Write(JsonObject meta)
    {
        meta.Remove("managedFields");
        var list = new JsonArray();
        foreach (var (owner, fields, time) in _entries.OrderByDescending(entry => entry.Owner.Applies)
            .ThenBy(entry => entry.Time, StringComparer.Ordinal)
            .ThenBy(entry => entry.Owner.Name, StringComparer.Ordinal)
            .ThenBy(entry => entry.Owner.Subresource, StringComparer.Ordinal))
        {
            var entry = new JsonObject
            {
                ["manager"] = owner.Name,
                ["operation"] = owner.Applies ? "Apply" : "Update",
                ["apiVersion"] = owner.ApiVersion,
            };
            if (!string.IsNullOrEmpty(time))
                entry["time"] = time;
            entry["fieldsType"] = "FieldsV1";
            entry["fieldsV1"] = fields.ToJson();
            if (owner.Subresource.Length > 0)
                entry["subresource"] = owner.Subresource;
            list.Add((JsonNode)entry);
        }

        if (list.Count > 0)
            meta["managedFields"] = list;
    }
}

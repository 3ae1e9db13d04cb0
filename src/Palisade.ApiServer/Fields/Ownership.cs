using System.Text;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Fields;

/// <summary>
/// Who owns which fields of an object: metadata.managedFields, kept on every write, and server-side apply, which acts
/// by it (apimachinery managedfields and structured-merge-diff's Updater).
/// </summary>
internal sealed class Ownership(KindSchema kind, Part part, string manager, string now)
{
    private const string BeforeFirstApply = "before-first-apply";
    private const string Kubectl = "kubectl";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    // What every object has, whoever wrote it.
    private static readonly FieldSet _nobodys = Set(
        ["apiVersion"], ["kind"], ["metadata"], ["metadata", "name"], ["metadata", "namespace"], ["metadata", "uid"],
        ["metadata", "creationTimestamp"], ["metadata", "selfLink"], ["metadata", "generation"],
        ["metadata", "managedFields"], ["metadata", "resourceVersion"]);

    private static readonly FieldSet _status = Set(["status"]);
    private static readonly FieldSet _spec = Set(["spec"]);
    private static readonly FieldSet _specAndMetadata = Set(["spec"], ["metadata"]);

    /// <summary>
    /// Sets the managedFields of what an update makes of <paramref name="live"/> (empty: of what is created).
    /// </summary>
    public void Update(JsonObject live, JsonObject tree)
    {
        var meta = Metadata.Of(tree);
        var owned = OwnersOf(live, meta);
        meta.Remove("managedFields");
        // An object that nobody's fields are known of stays so until it is applied.
        if (owned.IsEmpty && live["metadata"]?["uid"] is not null)
            return;
        Record(live, tree, owned, Owner(manager, applies: false));
        owned.Write(meta);
    }

    /// <summary>What applying a configuration makes of an object (empty: there is none yet).</summary>
    public JsonObject Apply(JsonObject live, JsonObject applied, bool force)
    {
        live = live.DeepClone().AsObject();
        var owned = OwnedFields.Read(Metadata.Of(live));
        Metadata.Of(live).Remove("managedFields");
        if (owned.IsEmpty && live["metadata"]?["uid"] is not null)
            Record(new JsonObject { ["metadata"] = new JsonObject() }, live, owned, Owner(BeforeFirstApply, false));
        var merged = Merge(live, applied, owned);
        // Fields that a client-side apply still stands for are kubectl's own: no conflict.
        var conflicts = Conflicts(live, merged, owned);
        if (!force && manager == Kubectl)
            conflicts = [.. conflicts.Select(c => c with { Fields = c.Fields.Difference(AppliedBefore(live)) })
                .Where(c => !c.Fields.IsEmpty)];
        if (!force && conflicts.Count > 0)
            throw ApplyConflict.Of(conflicts);
        var (changed, removed) = Compare(live, merged);
        var self = Owner(manager, applies: true);
        owned.Take(changed.Union(removed), self);
        owned.Set(self, Config(applied).Difference(_nobodys), now);
        KeepLastApplied(merged, applied);
        owned.Write(Metadata.Of(merged));
        return merged;
    }

    // The fields of the configuration, but those of the part that this write cannot change.
    private FieldSet Config(JsonObject applied) => TypedValue.Fields(applied, kind.Merge).WithoutBelow(Ignored);

    private FieldSet Ignored => part == Part.Main
        ? kind.HasStatus ? _status : FieldSet.Empty
        : kind.IsCustom ? _specAndMetadata : _spec;

    private FieldOwner Owner(string name, bool applies) => new(
        name.Length == 0 ? "unknown" : name, applies, kind.ApiVersion, part == Part.Status ? "status" : "");

    // A client may write the entries: none means that it does not know them, one empty entry that all are to go.
    private OwnedFields OwnersOf(JsonObject live, JsonObject meta)
    {
        if (part == Part.Main && meta["managedFields"] is JsonArray sent)
        {
            if (sent is [JsonObject { Count: 0 }])
                return OwnedFields.Nobody;
            if (OwnedFields.TryRead(sent) is { IsEmpty: false } told)
                return told;
        }

        return live["metadata"] is JsonObject before ? OwnedFields.Read(before) : OwnedFields.Nobody;
    }

    private void Record(JsonObject live, JsonObject tree, OwnedFields owned, FieldOwner self)
    {
        var (changed, removed) = Compare(live, tree);
        owned.Take(changed.Union(removed), self);
        var taken = changed.Difference(_nobodys);
        var kept = owned.Of(self).Difference(removed);
        owned.Set(self, kept.Union(taken), taken.IsEmpty ? null : now);
        owned.Cap(kind.ApiVersion);
    }

    // What a write cannot change, it neither takes from its owners nor disputes.
    private (FieldSet Changed, FieldSet Removed) Compare(JsonObject before, JsonObject after)
    {
        var comparison = Comparison.Of(before, after, kind.Merge);
        return (comparison.Changed.WithoutBelow(Ignored), comparison.Removed.WithoutBelow(Ignored));
    }

    private JsonObject Merge(JsonObject live, JsonObject applied, OwnedFields owned)
    {
        var type = kind.Merge;
        var merged = TypedMerge.Merge(live, applied, type)!.AsObject();
        var self = Owner(manager, applies: true);
        var last = owned.Of(self).WithNamedFields(type);
        if (last.IsEmpty)
            return merged;
        // What this applier owned and no longer applies goes, but for what another applier, or its new configuration,
        // owns; what goes with something removed, though it was never this applier's, comes back.
        var pruned = TypedValue.Without(merged, type, last) as JsonObject ?? [];
        var appliers = owned.Entries.Where(entry => entry.Owner.Applies && !entry.Owner.IsSame(self))
            .Aggregate(Config(applied), (all, entry) => all.Union(entry.Fields))
            .WithNamedFields(type);
        var all = TypedValue.Fields(merged, type).WithNamedFields(type);
        var left = TypedValue.Fields(pruned, type).WithNamedFields(type);
        pruned = TypedValue.Without(merged, type, all.Difference(left.Union(appliers))) as JsonObject ?? [];
        left = TypedValue.Fields(pruned, type).WithNamedFields(type);
        return TypedValue.Without(merged, type, all.Difference(left).Intersection(last)) as JsonObject ?? [];
    }

    private IReadOnlyList<ApplyConflict> Conflicts(JsonObject live, JsonObject merged, OwnedFields owned)
    {
        var (changed, _) = Compare(live, merged);
        var self = Owner(manager, applies: true);
        return [.. owned.Entries.Where(entry => !entry.Owner.IsSame(self))
            .Select(entry => new ApplyConflict(entry.Owner, entry.Fields.Intersection(changed)))
            .Where(conflict => !conflict.Fields.IsEmpty)];
    }

    // The fields of the last client-side apply that are still as it set them.
    private FieldSet AppliedBefore(JsonObject live)
    {
        if (LastAppliedOf(live) is not { Length: > 0 } text || Parse(text) is not { } last
            || Cell.Text(last["apiVersion"]) != kind.ApiVersion || TypedCheck.Error(last, kind.Merge) is not null)
            return FieldSet.Empty;
        var comparison = Comparison.Of(last, live, kind.Merge);
        return TypedValue.Fields(last, kind.Merge)
            .Difference(comparison.Changed).Difference(comparison.Removed);
    }

    // kubectl goes on with client-side apply where it left off: the annotation follows its server-side apply.
    private void KeepLastApplied(JsonObject merged, JsonObject applied)
    {
        if (manager == Kubectl && LastAppliedOf(merged).Length > 0)
            merged["metadata"]!["annotations"]![LastApplied] =
                Encoding.UTF8.GetString(JsonBytes.Of(applied)) + "\n";
    }

    private static string LastAppliedOf(JsonObject tree) =>
        Cell.Text(((tree["metadata"] as JsonObject)?["annotations"] as JsonObject)?[LastApplied]);

    private static JsonObject? Parse(string text) =>
        WireJson.Parse(Encoding.UTF8.GetBytes(text)).Value is WireObject value
            ? WireJson.ToNode(value) as JsonObject
            : null;

    private static FieldSet Set(params string[][] paths)
    {
        var set = new FieldSet();
        foreach (var path in paths)
            set.Add([.. path.Select(FieldStep.Field)]);
        return set;
    }
}

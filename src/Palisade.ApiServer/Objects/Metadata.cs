using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Objects;

/// <summary>The rules of metadata that all kinds share: what the server sets, what clients may not change.</summary>
internal static class Metadata
{
    // Set by the server alone; a client that sends them back unchanged, or not at all, is fine.
    private static readonly string[] _carried =
        ["uid", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"];

    private static readonly string[] _notAtBirth =
        ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"];

    public static JsonObject Of(JsonObject tree)
    {
        if (tree["metadata"] is not JsonObject meta)
            tree["metadata"] = meta = [];
        return meta;
    }

    /// <summary>RFC 3339, whole seconds, Z.</summary>
    public static string Time(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// Sets the namespace of the URL; one in the body must agree, and is dropped where objects have none.
    /// </summary>
    public static void Place(Resource resource, JsonObject meta, string? ns)
    {
        var given = Cell.Text(meta["namespace"]);
        if (!resource.Kind.Namespaced)
        {
            meta.Remove("namespace");
            return;
        }

        if (given.Length > 0 && ns is not null && given != ns)
            throw Errors.BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request");
        if (given.Length == 0 && ns is null)
            throw Errors.BadRequest("an empty namespace may not be set during creation");
        meta["namespace"] = ns ?? given;
    }

    /// <summary>What a new object gets, whatever the client sent.</summary>
    public static void PrepareCreate(Resource resource, JsonObject meta, DateTimeOffset now)
    {
        foreach (var name in _notAtBirth)
            meta.Remove(name);
        meta["uid"] = Guid.NewGuid().ToString();
        meta["creationTimestamp"] = Time(now);
        if (resource.CountsGenerations)
            meta["generation"] = 1;
        else
            meta.Remove("generation");
    }

    /// <summary>Refuses an update that is meant for another object or another state of this one.</summary>
    public static void CheckIdentity(Resource resource, ObjectKey key, JsonObject meta, StoredObject existing)
    {
        var name = Cell.Text(meta["name"]);
        if (name.Length == 0)
            meta["name"] = key.Name;
        else if (name != key.Name)
            throw Errors.BadRequest($"the name of the object ({name}) does not match the name on the URL ({key.Name})");
        var uid = Cell.Text(meta["uid"]);
        if (uid.Length > 0 && uid != existing.Uid)
        {
            throw Errors.Conflict(
                resource.Kind,
                key.Name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {existing.Uid}");
        }

        var version = Cell.Text(meta["resourceVersion"]);
        if (version.Length > 0 && version != "0" && version != existing.Version.ToString(CultureInfo.InvariantCulture))
        {
            throw Errors.Conflict(
                resource.Kind,
                key.Name,
                "the object has been modified; please apply your changes to the latest version and try again");
        }
    }

    /// <summary>
    /// Brings what clients do not own over from the old state; answers what they tried to change all the same.
    /// </summary>
    public static IReadOnlyList<Cause> CarryOver(JsonObject tree, JsonObject old)
    {
        var meta = Of(tree);
        var before = Of(old);
        var causes = new List<Cause>();
        // One that was changed is left for validation to refuse.
        meta["creationTimestamp"] ??= before["creationTimestamp"]?.DeepClone();
        foreach (var name in _carried)
        {
            if (before[name] is { } value)
                meta[name] = value.DeepClone();
            else
                meta.Remove(name);
        }

        meta.Remove("selfLink");
        if (before["deletionTimestamp"] is not null)
        {
            var added = Cell.Texts(meta["finalizers"]).Except(Cell.Texts(before["finalizers"])).ToList();
            if (added.Count > 0)
            {
                var names = string.Join(", ", added.Select(name => $"\"{name}\""));
                causes.Add(Causes.Forbidden(
                    "metadata.finalizers",
                    "no new finalizers can be added if the object is being deleted, found new finalizers " +
                    $"[]string{{{names}}}"));
            }
        }

        return causes;
    }
}

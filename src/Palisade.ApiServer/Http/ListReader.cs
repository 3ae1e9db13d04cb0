using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Selecting;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Http;

/// <summary>Serves lists, page by page at one resourceVersion, and single objects, in the form asked for.</summary>
internal sealed class ListReader(VersionedStore store, TimeProvider time)
{
    private const string ContinueTooOld =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list " +
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of " +
        "the results. Continuing with the provided token results in an inconsistent list - objects that were " +
        "created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

    public static Selection Select(RequestTarget target, RequestQuery query)
    {
        var fields = FieldSelection.Parse(query.FieldSelector, target.Resource);
        if (target.Name is not null)
            fields = fields.AndName(target.Name);
        return new Selection(target.Resource, target.Namespace, LabelSelection.Parse(query.LabelSelector), fields);
    }

    public Task ServeAsync(HttpContext context, RequestTarget target, RequestQuery query)
    {
        ListRules.CheckList(query);
        var negotiated = Negotiated.From(context);
        var selection = Select(target, query);
        var (state, start) = StartOf(query);
        var page = Page(selection, state, start, query.Limit);
        var metadata = new JsonObject { ["resourceVersion"] = state.Version.ToString(CultureInfo.InvariantCulture) };
        if (page.Next is { } next)
        {
            metadata["continue"] = ContinueToken.Of(state.Version, next);
            if (!selection.HasSelectors)
                metadata["remainingItemCount"] = page.Remaining;
        }

        return Responses.StreamAsync(context, page.Bytes, body => Representation.WriteListAsync(
            body, selection.Resource, page.Items, metadata, negotiated, query.IncludeObject, time.GetUtcNow(),
            context.RequestAborted), negotiated.IsYaml ? BodyDecoder.Yaml : Responses.Json);
    }

    /// <summary>Refuses to show what is newer than anything there is.</summary>
    public void CheckVersion(RequestQuery query)
    {
        if (query.Version is { } version && version > store.State.Version)
            throw ListRules.TooLarge(version, store.State.Version);
    }

    /// <summary>One object, as it is or as a write has made it.</summary>
    public Task WriteOneAsync(
        HttpContext context, StoredObject stored, Negotiated negotiated, RequestQuery query, int code = 200)
    {
        var now = time.GetUtcNow();
        var body = negotiated.Form == Form.Whole
            ? stored.Json
            : JsonBytes.Of(Representation.One(stored, negotiated, query.IncludeObject, now, withColumns: true));
        return Responses.WriteAsync(context, code, body);
    }

    private (StoreState State, ObjectKey? Start) StartOf(RequestQuery query)
    {
        if (query.Continue is { } text)
        {
            var token = ContinueToken.Parse(text);
            if (token.Version == ContinueToken.AnyVersion)
                return (store.State, token.After);
            return (store.StateAt(token.Version) ?? throw new StatusException(410, "Expired", ContinueTooOld)
            {
                Continue = ContinueToken.Of(ContinueToken.AnyVersion, token.After),
            }, token.After);
        }

        CheckVersion(query);
        var current = store.State;
        if (query.Version is not { } version || version == 0)
            return (current, null);
        // A page of a version is that version's, as it was before there was a resourceVersionMatch.
        if (query.ResourceVersionMatch is { } match ? match != "Exact" : query.Limit == 0)
            return (current, null);
        return (store.StateAt(version)
            ?? throw Errors.Expired($"The resourceVersion for the provided list is too old."), null);
    }

    private static ListPage Page(Selection selection, StoreState state, ObjectKey? start, int limit)
    {
        var all = selection.From(state);
        if (start is { } after)
            all = all.Where(stored => stored.Key.CompareTo(after) > 0);
        if (limit == 0)
            return new ListPage([.. all], null, 0);
        var items = new List<StoredObject>();
        var remaining = 0L;
        foreach (var stored in all)
        {
            if (items.Count < limit)
                items.Add(stored);
            else
                remaining++;
        }

        return new ListPage(items, remaining > 0 ? items[^1].Key : null, remaining);
    }

    private readonly record struct ListPage(IReadOnlyList<StoredObject> Items, ObjectKey? Next, long Remaining)
    {
        /// <summary>About as long as the answer will be.</summary>
        public long Bytes => Items.Sum(stored => (long)stored.Json.Length);
    }
}

/// <summary>
/// The continue parameter: the first page's resourceVersion and the last key shown; opaque to clients.
/// </summary>
internal readonly record struct ContinueToken(long Version, ObjectKey After)
{
    /// <summary>Of a list that goes on with whatever there is now.</summary>
    public const long AnyVersion = -1;

    public static string Of(long version, ObjectKey after)
    {
        var token = new JsonObject
        {
            ["v"] = "palisade/v1",
            ["rv"] = version,
            ["ns"] = after.Namespace,
            ["name"] = after.Name,
        };
        return Convert.ToBase64String(JsonBytes.Of(token)).Replace('+', '-').Replace('/', '_').TrimEnd('=');
    }

    public static ContinueToken Parse(string text)
    {
        var padded = text.Replace('-', '+').Replace('_', '/') + new string('=', (4 - text.Length % 4) % 4);
        var bytes = new byte[padded.Length];
        if (Convert.TryFromBase64String(padded, bytes, out var length)
            && WireJson.Parse(bytes.AsSpan(0, length)).Value is WireObject value
            && WireJson.ToNode(value) is JsonObject token
            && Cell.Text(token["v"]) == "palisade/v1")
            return new(Cell.Number(token["rv"]), new ObjectKey(Cell.Text(token["ns"]), Cell.Text(token["name"])));
        throw Errors.BadRequest("continue key is not valid: illegal base64 data or unknown version");
    }
}

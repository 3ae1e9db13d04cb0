using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;

namespace Palisade.ApiServer.Http;

/// <summary>
/// Serves watches: one JSON object per line, flushed as it happens. A watch holds a place in the change log and one
/// batch, no queue: a client that reads too slowly loses its place and gets an ERROR event with a 410 Status, one that
/// does not read at all is cut off.
/// </summary>
internal sealed class WatchStream(
    VersionedStore store, ResourceRegistry registry, TimeProvider time, CancellationToken stopping)
{
    private const long DefaultTimeoutSeconds = 3600;
    private const int FlushFrom = 32 * 1024;
    private const string InitialEventsEnd = "k8s.io/initial-events-end";

    // Who takes nothing for so long is cut off, and may watch again from where it was.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _bookmarkPeriod = TimeSpan.FromMinutes(1);
    private readonly RenderedEvents _rendered = new();

    public async Task ServeAsync(HttpContext context, RequestTarget target, RequestQuery query)
    {
        ListRules.CheckWatch(query);
        var selection = ListReader.Select(target, query);
        var negotiated = Negotiated.FromOfWatch(context);
        var state = store.State;
        var version = query.Version ?? 0;
        // Read before the answer begins, while a bad number can still be refused. 0 is as if nothing was said.
        var timeout = query.TimeoutSeconds is { } wanted and not 0 ? wanted : DefaultTimeoutSeconds;
        if (version > state.Version)
            throw ListRules.TooLarge(version, state.Version);
        context.Response.StatusCode = 200;
        context.Response.ContentType = Responses.Json;
        context.Response.Headers.CacheControl = "no-cache, private";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        var session = new Session(context, selection, negotiated, query, time, _rendered, timeout);
        try
        {
            await RunAsync(session, state, version, ending.Token);
        }
        catch (OperationCanceledException)
        {
            // The server stops: the response ends cleanly and the client watches again later. Or the client has gone,
            // or was cut off.
        }
    }

    private async Task RunAsync(Session session, StoreState state, long version, CancellationToken cancel)
    {
        var query = session.Query;
        var from = version;
        if (query.SendInitialEvents == true || (query.SendInitialEvents is null && version == 0))
        {
            foreach (var stored in session.Selection.From(state))
                await session.WriteAsync("ADDED", stored, cancel);
            from = state.Version;
            if (query.SendInitialEvents == true && query.AllowWatchBookmarks)
                await session.WriteBookmarkAsync(from, initialEventsEnd: true, cancel);
        }
        else if (version == 0)
        {
            from = state.Version;
        }

        await session.FlushAsync(cancel);
        var resource = session.Selection.Resource;
        await FollowAsync(
            session, new WatchCursor(store.Log, session.Selection, from, change => IsEnd(change, resource)), cancel);
    }

    // What defines a resource is gone. Made again meanwhile, it makes another resource.
    private bool IsEnd(Change change, Resource watched) => watched.Definition is not null && change.After is null
        && change.Resource == registry.Definitions && change.Shown.Key.Name == watched.Definition
        && !registry.All.Contains(watched);

    private async Task FollowAsync(Session session, WatchCursor cursor, CancellationToken cancel)
    {
        var end = time.GetUtcNow() + TimeSpan.FromSeconds(
            Math.Clamp(session.TimeoutSeconds, 1, 86400));
        var bookmark = time.GetUtcNow() + _bookmarkPeriod;
        while (true)
        {
            var items = cursor.Read(out var more);
            if (items is null)
            {
                await session.WriteErrorAsync(
                    Errors.Expired($"too old resource version: {cursor.Version} ({store.Log.StartVersion})"), cancel);
                return;
            }

            foreach (var item in items)
                await session.WriteAsync(Name(item.Type), item.Object, cancel);
            if (items.Count > 0)
                await session.FlushAsync(cancel);
            var now = time.GetUtcNow();
            var isOver = now >= end || cursor.IsOver;
            if (session.Query.AllowWatchBookmarks && (isOver || now >= bookmark))
            {
                await session.WriteBookmarkAsync(cursor.Version, initialEventsEnd: false, cancel);
                await session.FlushAsync(cancel);
                bookmark = now + _bookmarkPeriod;
            }

            if (isOver)
                return;
            var wake = session.Query.AllowWatchBookmarks && bookmark < end ? bookmark : end;
            await WaitAsync(more, wake - now, cancel);
        }
    }

    private async Task WaitAsync(Task more, TimeSpan atMost, CancellationToken cancel)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var delay = Task.Delay(atMost < TimeSpan.Zero ? TimeSpan.Zero : atMost, time, waiting.Token);
        await Task.WhenAny(more, delay);
        await waiting.CancelAsync();
        cancel.ThrowIfCancellationRequested();
    }

    private static string Name(ObjectEventType type) => type switch
    {
        ObjectEventType.Added => "ADDED",
        ObjectEventType.Modified => "MODIFIED",
        _ => "DELETED",
    };

    // Of HTTP/2 only the stream ends, not what else its connection carries.
    private static async Task<FlushResult> TakenAsync(
        HttpContext context, Task<FlushResult> flushing, TimeProvider time)
    {
        try
        {
            return await flushing.WaitAsync(_patience, time);
        }
        catch (TimeoutException)
        {
            context.Abort();
            throw new OperationCanceledException("the watcher takes nothing");
        }
    }

    /// <summary>One client's watch: how it wants its objects, and its line-by-line output.</summary>
    private sealed class Session(
        HttpContext context,
        Selection selection,
        Negotiated negotiated,
        RequestQuery query,
        TimeProvider time,
        RenderedEvents rendered,
        long timeoutSeconds)
    {
        private bool _hasColumns;
        private int _unflushed;

        public Selection Selection => selection;

        public RequestQuery Query => query;

        public long TimeoutSeconds => timeoutSeconds;

        public ValueTask WriteAsync(string type, StoredObject stored, CancellationToken cancel)
        {
            // The common case, and the one where latency counts, needs no parsing.
            var shown = negotiated.Form == Form.Whole
                ? stored.Json
                : rendered.Of(
                    new EventForm(stored, negotiated, query.IncludeObject, !_hasColumns), time.GetUtcNow());
            _hasColumns = true;
            return WriteLineAsync(type, shown, cancel);
        }

        // An object of the resource with nothing but a version, in the form of the others.
        public ValueTask WriteBookmarkAsync(long version, bool initialEventsEnd, CancellationToken cancel)
        {
            var metadata = new JsonObject { ["creationTimestamp"] = null };
            if (initialEventsEnd)
                metadata["annotations"] = new JsonObject { [InitialEventsEnd] = "true" };
            var kind = selection.Resource.Kind;
            var bookmark = StoredObject.Of(
                selection.Resource,
                new JsonObject { ["kind"] = kind.Kind, ["apiVersion"] = kind.ApiVersion, ["metadata"] = metadata },
                version);
            var shown = negotiated.Form == Form.Whole
                ? bookmark.Json
                : JsonBytes.Of(Representation.One(
                    bookmark, negotiated, query.IncludeObject, time.GetUtcNow(), withColumns: !_hasColumns));
            _hasColumns = true;
            return WriteLineAsync("BOOKMARK", shown, cancel);
        }

        public async Task WriteErrorAsync(StatusException refusal, CancellationToken cancel)
        {
            await WriteLineAsync("ERROR", JsonBytes.Of(refusal.ToStatus()), cancel);
            await FlushAsync(cancel);
        }

        public async ValueTask FlushAsync(CancellationToken cancel)
        {
            _unflushed = 0;
            var flushing = context.Response.BodyWriter.FlushAsync(cancel);
            var flushed = flushing.IsCompleted ? await flushing : await TakenAsync(context, flushing.AsTask(), time);
            if (flushed.IsCompleted)
                throw new OperationCanceledException("the watcher has gone");
        }

        // Copied into the connection's own buffers, which are few: beyond them the watch waits for its client.
        private ValueTask WriteLineAsync(string type, byte[] shown, CancellationToken cancel)
        {
            var line = context.Response.BodyWriter;
            line.Write("{\"type\":\""u8);
            line.Write(Encoding.ASCII.GetBytes(type));
            line.Write("\",\"object\":"u8);
            line.Write(shown);
            line.Write("}\n"u8);
            _unflushed += shown.Length;
            return _unflushed < FlushFrom ? ValueTask.CompletedTask : FlushAsync(cancel);
        }
    }
}

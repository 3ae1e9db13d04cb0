using System.Net;
using System.Text.Json;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Client;

/// <summary>What a reflector follows, and how.</summary>
public sealed record ReflectorOptions
{
    /// <summary>Only objects with these fields (fieldSelector), or all.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Items per page of a list. 500 is what kubectl and client-go ask for.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>
    /// Ask for WatchList first: the server streams the present state instead of building lists (since 1.32 by default).
    /// </summary>
    public bool WatchList { get; init; } = true;

    /// <summary>
    /// The first pause after a failure; doubles up to <see cref="LongestPause"/>, and half of each pause is random.
    /// </summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause between attempts.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A cluster without this resource is as good as one without objects of it: a CustomResourceDefinition that is not
    /// installed, or was deleted.
    /// </summary>
    public bool MayBeAbsent { get; init; }

    /// <summary>
    /// How often an absent resource is looked for again; half of each pause is random. Where definitions may be watched
    /// it is looked for as soon as there is one.
    /// </summary>
    public TimeSpan AbsentPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a WatchList may stay silent before its initial events have ended; then it is taken as not understood.
    /// </summary>
    public TimeSpan InitialSilence { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Keeps an <see cref="ObjectStore{T}"/> equal to one resource of the API: list, then watch with bookmarks; or
/// WatchList where the server has it. An expired version lists again; any other failure pauses (with jitter) and goes
/// on from where it was. Whatever fails, the store keeps its last state. One reflector runs once.
/// </summary>
/// <typeparam name="T">
/// What is kept of an object. Its reader makes it as the object comes, so that whole objects, of which most is of no
/// use to who follows them (kilobytes of a pod), are never many in memory.
/// </typeparam>
public sealed class Reflector<T>(
    KubeClient client, KubeResource resource, Func<WireObject, T> keep, ChangeSignal changed, TimeProvider time,
    ReflectorOptions? options = null)
    where T : class
{
    /// <summary>
    /// The server ends a watch after 5 to 10 minutes, as asked; one that goes on is a connection that died in silence.
    /// </summary>
    private static readonly TimeSpan LongestWatch = TimeSpan.FromMinutes(11);

    private readonly ReflectorOptions _options = options ?? new();
    private readonly SharedStrings _strings = new();
    private bool _watchList = options?.WatchList ?? true;
    private bool _absent;
    private int _definitions;
    private string? _version;
    private long? _expired;
    private int _expiries;

    /// <summary>The objects.</summary>
    public ObjectStore<T> Store { get; } = new();

    /// <summary>The resource that is followed.</summary>
    public KubeResource Resource => resource;

    /// <summary>Whether the last attempt failed and none has succeeded since.</summary>
    public bool IsFailing { get; private set; }

    /// <summary>How many attempts failed.</summary>
    public long Failures { get; private set; }

    /// <summary>
    /// Called with each failure and the pause that follows, from the reflector's own task; never with credentials in
    /// it.
    /// </summary>
    public Action<Exception, TimeSpan>? OnFailure { get; init; }

    /// <summary>Called when the resource turns out not to be served, once until it is. It has no objects.</summary>
    public Action? OnAbsent { get; init; }

    /// <summary>Follows the resource until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var failures = 0;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                if (_version is null)
                    await StartAsync(cancel).ConfigureAwait(false);
                else
                    await WatchAsync(cancel).ConfigureAwait(false);
                failures = 0;
            }
            catch (KubeApiException e) when (e.IsExpired)
            {
                // Too old to continue from: the state is read anew, and replaces the store in one step. At once, but
                // for a server that says so again and again.
                _version = null;
                var isAgain = _expired is { } last && time.GetElapsedTime(last) < 2 * _options.LongestPause;
                _expiries = isAgain ? _expiries + 1 : 0;
                _expired = time.GetTimestamp();
                if (isAgain)
                    await PauseAsync(e, _expiries - 1, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (IsRetryable(e) && !cancel.IsCancellationRequested)
            {
                // Not there any more: it is read anew, which first finds out whether it is served at all.
                if (SeemsAbsent(e))
                    _version = null;
                await PauseAsync(e, failures++, cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>
    /// The world failing, and answers that are no Kubernetes; our own mistakes (and cancellation) are not among them.
    /// </summary>
    private static bool IsRetryable(Exception e) =>
        e is HttpRequestException or IOException or KubeApiException or InvalidDataException or JsonException
            or OperationCanceledException;

    private async Task PauseAsync(Exception e, int failures, CancellationToken cancel)
    {
        var pause = PauseAfter(failures);
        (IsFailing, Failures) = (true, Failures + 1);
        OnFailure?.Invoke(e, pause);
        await Task.Delay(pause, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private TimeSpan PauseAfter(int failures)
    {
        var doubled = _options.FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20));
        return HalfRandom(Math.Min(_options.LongestPause.TotalMilliseconds, doubled));
    }

    private static TimeSpan HalfRandom(double milliseconds) =>
        TimeSpan.FromMilliseconds(milliseconds / 2 + Random.Shared.NextDouble() * milliseconds / 2);

    private async Task StartAsync(CancellationToken cancel)
    {
        try
        {
            await ReadAllAsync(cancel).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (SeemsAbsent(e))
        {
            if (await IsServedAsync(cancel).ConfigureAwait(false))
                throw;
            _watchList = _options.WatchList;
            Store.Replace([], "");
            changed.Raise();
            if (!_absent)
                OnAbsent?.Invoke();
            _absent = true;
            await WaitForDefinitionAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// An absent resource is looked for when its definition is there, and now and then in any case. A definition that
    /// is there while the resource is not served is asked about with growing pauses.
    /// </summary>
    private async Task WaitForDefinitionAsync(CancellationToken cancel)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pause = Task.Delay(HalfRandom(_options.AbsentPause.TotalMilliseconds), time, wait.Token);
        var watch = DefinitionWatch.AppearsAsync(client, resource, wait.Token);
        if (await Task.WhenAny(pause, watch).ConfigureAwait(false) == watch && await watch.ConfigureAwait(false))
            await Task.Delay(PauseAfter(_definitions++), time, cancel)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        else
            await pause.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await wait.CancelAsync().ConfigureAwait(false);
        await watch.ConfigureAwait(false);
    }

    /// <summary>
    /// Not found, or forbidden: authorization comes before routing, and who may not read what does not exist misses
    /// nothing.
    /// </summary>
    private bool SeemsAbsent(Exception e) =>
        _options.MayBeAbsent
        && e is KubeApiException { Code: HttpStatusCode.NotFound or HttpStatusCode.Forbidden };

    /// <summary>
    /// Whether discovery names the resource. What is taken for absent takes walls down, so one 404, perhaps of a proxy,
    /// is not believed.
    /// </summary>
    private async Task<bool> IsServedAsync(CancellationToken cancel)
    {
        var groups = await ReadAsync("/apis", cancel).ConfigureAwait(false);
        if (groups["groups"] is not WireArray list)
            throw new InvalidDataException("the server's list of API groups is none");
        var version = $"{resource.Group}/{resource.Version}";
        var versions = list.Items.OfType<WireObject>()
            .SelectMany(group => (group["versions"] as WireArray)?.Items ?? []).OfType<WireObject>();
        if (!versions.Any(served => Text(served, "groupVersion") == version))
            return false;
        var resources = await ReadAsync($"/apis/{version}", cancel).ConfigureAwait(false);
        return ((resources["resources"] as WireArray)?.Items ?? []).OfType<WireObject>()
            .Any(served => Text(served, "name") == resource.Plural);
    }

    private async Task ReadAllAsync(CancellationToken cancel)
    {
        if (!_watchList)
        {
            await ListAsync(cancel).ConfigureAwait(false);
            return;
        }

        try
        {
            await WatchInitialAsync(cancel).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (
            e.Code is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
            || (e.IsNotFound && !_options.MayBeAbsent))
        {
            _watchList = false;
        }
        catch (InitialEventsMissingException)
        {
            _watchList = false;
        }
    }

    private async Task ListAsync(CancellationToken cancel)
    {
        var objects = new Dictionary<(string, string), ObjectStore<T>.Kept>();
        var version = "";
        string? next = null;
        do
        {
            // resourceVersion=0 lets the server answer from its cache, which may lag: only for a start. What was known
            // once must not go back in time. Pages after the first are bound to the first one's version.
            var query = next is not null ? $"&continue={Uri.EscapeDataString(next)}"
                : Store.HasSynced ? ""
                : "&resourceVersion=0";
            var list = await ReadAsync($"{resource.Collection()}?limit={_options.PageSize}{query}{Selector}", cancel)
                .ConfigureAwait(false);
            foreach (var item in (list["items"] as WireArray)?.Items ?? [])
            {
                if (item is WireObject found)
                    objects[KeyOf(found)] = new(keep(found), VersionOf(found));
            }

            var meta = list["metadata"] as WireObject;
            version = Text(meta, "resourceVersion") ?? version;
            next = Text(meta, "continue") is { Length: > 0 } more ? more : null;
        }
        while (next is not null);
        Complete(objects, version);
    }

    private void Complete(Dictionary<(string, string), ObjectStore<T>.Kept> objects, string version)
    {
        Store.Replace(objects, version);
        _version = version;
        (_absent, _definitions, IsFailing) = (false, 0, false);
        changed.Raise();
    }

    /// <summary>
    /// WatchList: everything there is as ADDED events, a marked bookmark, then live events on the same stream.
    /// </summary>
    private async Task WatchInitialAsync(CancellationToken cancel)
    {
        var objects = new Dictionary<(string, string), ObjectStore<T>.Kept>();
        var complete = false;
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        silence.CancelAfter(_options.InitialSilence);
        var query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
            + $"&timeoutSeconds={WatchSeconds()}";
        try
        {
            await foreach (var (type, item) in EventsAsync(query, silence.Token).ConfigureAwait(false))
            {
                if (complete)
                {
                    Apply(type, item);
                    continue;
                }

                silence.CancelAfter(_options.InitialSilence);
                if (type == "BOOKMARK" && EndsInitialEvents(item))
                {
                    complete = true;
                    silence.CancelAfter(LongestWatch);
                    Complete(objects, VersionOf(item));
                }
                else if (type is "DELETED")
                {
                    objects.Remove(KeyOf(item));
                }
                else if (type is "ADDED" or "MODIFIED")
                {
                    objects[KeyOf(item)] = new(keep(item), VersionOf(item));
                }
            }
        }
        catch (OperationCanceledException) when (!complete && !cancel.IsCancellationRequested)
        {
            throw new InitialEventsMissingException();
        }

        if (!complete)
            throw new InvalidDataException("the watch ended before the end of its initial events");
    }

    private async Task WatchAsync(CancellationToken cancel)
    {
        var query = $"watch=true&allowWatchBookmarks=true&resourceVersion={Uri.EscapeDataString(_version!)}"
            + $"&timeoutSeconds={WatchSeconds()}";
        var began = time.GetTimestamp();
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(LongestWatch);
        await foreach (var (type, item) in EventsAsync(query, limited.Token).ConfigureAwait(false))
            Apply(type, item);

        // A server (or a proxy) that ends every watch at once must not be asked in a tight loop.
        if (time.GetElapsedTime(began) < _options.FirstPause)
            await Task.Delay(_options.FirstPause, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Apply(string type, WireObject item)
    {
        var version = VersionOf(item);
        switch (type)
        {
            case "ADDED" or "MODIFIED":
                Store.Put(KeyOf(item), keep(item), version);
                changed.Raise();
                break;
            case "DELETED":
                Store.Remove(KeyOf(item), version);
                changed.Raise();
                break;
            case "BOOKMARK":
                Store.Bookmark(version);
                break;
            default:
                return;   // an event type of a later API version: nothing we know changed
        }

        if (version.Length > 0)
            _version = version;
    }

    private async IAsyncEnumerable<(string Type, WireObject Object)> EventsAsync(
        string query, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var response = await client.OpenAsync(
            HttpMethod.Get, $"{resource.Collection()}?{query}{Selector}", null, cancel)
            .ConfigureAwait(false);
        await using var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        IsFailing = false;
        var lines = new LineReader(stream);
        while (await lines.NextAsync(cancel).ConfigureAwait(false) is { } line)
        {
            if (line.Span.Trim((byte)'\r').IsEmpty)
                continue;
            var entry = WireRead.Object(line.Span, _strings);
            var type = (entry["type"] as WireString)?.Value ?? "";
            if (entry["object"] is not WireObject item)
                throw new InvalidDataException("a watch event without an object");
            if (type == "ERROR")
                throw ErrorOf(item);
            yield return (type, item);
        }
    }

    private async Task<WireObject> ReadAsync(string pathAndQuery, CancellationToken cancel)
    {
        using var response = await client.OpenAsync(HttpMethod.Get, pathAndQuery, null, cancel).ConfigureAwait(false);
        return WireRead.Object(
            await response.Content.ReadAsByteArrayAsync(cancel).ConfigureAwait(false), _strings);
    }

    private string Selector =>
        _options.FieldSelector is { } fields ? $"&fieldSelector={Uri.EscapeDataString(fields)}" : "";

    /// <summary>5 to 10 minutes, as client-go asks, spread so that many agents do not come back at once.</summary>
    private static int WatchSeconds() => Random.Shared.Next(300, 600);

    private static bool EndsInitialEvents(WireObject bookmark) =>
        (bookmark["metadata"] as WireObject)?["annotations"] is WireObject annotations
        && (annotations["k8s.io/initial-events-end"] as WireString)?.Value == "true";

    private static KubeApiException ErrorOf(WireObject status)
    {
        _ = int.TryParse((status["code"] as WireNumber)?.Text, out var code);
        var message = Text(status, "message") ?? "the watch ended with an error";
        return new((HttpStatusCode)code, Text(status, "reason") ?? "", message);
    }

    private static string? Text(WireObject? from, string name) => (from?[name] as WireString)?.Value;

    /// <summary>Namespace (empty where there is none) and name of an object.</summary>
    private static (string Namespace, string Name) KeyOf(WireObject item)
    {
        var meta = item["metadata"] as WireObject;
        return (Text(meta, "namespace") ?? "", Text(meta, "name") ?? "");
    }

    private static string VersionOf(WireObject item) => Text(item["metadata"] as WireObject, "resourceVersion") ?? "";

    private sealed class InitialEventsMissingException : Exception;
}

using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Streams;

/// <summary>The subresources of pods that are streams: log, exec, attach, portforward.</summary>
/// <param name="pods">What runs the pods.</param>
/// <param name="time">The clock of sinceSeconds.</param>
/// <param name="stopping">The server ends.</param>
internal sealed class PodStreamEndpoints(IPodStreams pods, TimeProvider time, CancellationToken stopping)
{
    /// <summary>Their names.</summary>
    public static readonly IReadOnlyList<string> Subresources = ["attach", "exec", "log", "portforward"];

    // Each is a connection, a few buffers and mostly a process.
    private const int MostAtOnce = 500;

    private readonly SemaphoreSlim _slots = new(MostAtOnce);

    /// <summary>Serves one.</summary>
    /// <param name="context">The request.</param>
    /// <param name="subresource">One of <see cref="Subresources"/>.</param>
    /// <param name="pod">The pod, as stored.</param>
    public async Task ServeAsync(HttpContext context, string subresource, JsonObject pod)
    {
        var method = context.Request.Method;
        if (method != "GET" && (method != "POST" || subresource == "log"))
            throw Errors.MethodNotAllowed();
        if (!_slots.Wait(0, CancellationToken.None))
            throw new StatusException(429, "TooManyRequests", $"{MostAtOnce} streams of pods are open; end some first");
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            var query = new RequestQuery(context.Request.Query);
            await (subresource switch
            {
                "log" => LogAsync(context, query, pod, end.Token),
                "portforward" => ForwardAsync(context, pod, end.Token),
                _ => CommandAsync(context, query, pod, subresource == "exec", end.Token),
            });
        }
        catch (Exception gone) when (end.IsCancellationRequested || (context.Response.HasStarted
            && gone is OperationCanceledException or IOException or WebSocketException or TimeoutException))
        {
            // The client has gone, or does not do its part, or the server ends.
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task LogAsync(HttpContext context, RequestQuery query, JsonObject pod, CancellationToken end)
    {
        var container = Container(pod, query);
        var request = ReadLogRequest(query);
        context.Response.ContentType = "text/plain";
        context.Response.Headers.CacheControl = "no-cache, private";
        Upgrade.NeverTooSlow(context);
        if (Cell.Text(pod["spec"]?["nodeName"]).Length > 0)
            await pods.WriteLogAsync(container, request, context.Response.Body, end);
    }

    private LogRequest ReadLogRequest(RequestQuery query)
    {
        var causes = new List<Cause>();
        var request = new LogRequest
        {
            Follow = query.Flag("follow") ?? false,
            Previous = query.Flag("previous") ?? false,
            Timestamps = query.Flag("timestamps") ?? false,
            TailLines = AtLeast(query, "tailLines", 0, causes),
            LimitBytes = AtLeast(query, "limitBytes", 1, causes),
            Since = AtLeast(query, "sinceSeconds", 1, causes) is { } seconds
                ? time.GetUtcNow().AddSeconds(-Math.Min(seconds, int.MaxValue))
                : query.Text("sinceTime") is { } since ? Time(since, causes) : null,
            Stream = query.Text("stream") is "Stdout" or "Stderr" ? query.Text("stream") : null,
        };
        return causes.Count == 0 ? request : throw Errors.Invalid("", "PodLogOptions", "", causes);
    }

    private static long? AtLeast(RequestQuery query, string name, long least, List<Cause> causes)
    {
        if (query.Number(name) is not { } number)
            return null;
        if (number < least)
        {
            causes.Add(Causes.Invalid(
                name, number.ToString(CultureInfo.InvariantCulture), $"must be greater than or equal to {least}"));
        }

        return number;
    }

    private static DateTimeOffset? Time(string text, List<Cause> causes)
    {
        if (DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed))
            return parsed;
        causes.Add(Causes.Invalid("sinceTime", text, "must be a time as RFC 3339 writes it"));
        return null;
    }

    private async Task CommandAsync(
        HttpContext context, RequestQuery query, JsonObject pod, bool isExec, CancellationToken end)
    {
        var container = Container(pod, query);
        CheckHost(pod);
        var isTerminal = query.Flag("tty") ?? false;
        var request = new CommandRequest(
            isExec ? [.. context.Request.Query["command"].Select(word => word ?? "")] : [],
            query.Flag("stdin") ?? false,
            query.Flag("stdout") ?? false,
            // A terminal has one output only.
            !isTerminal && (query.Flag("stderr") ?? false),
            isTerminal);
        if (isExec && request.Command.IsEmpty)
            throw Errors.BadRequest("you must specify at least one command for the container");
        if (!request.Input && !request.Output && !request.Errors)
            throw Errors.BadRequest("you must specify at least 1 of stdin, stdout, stderr");
        var upgrade = Upgrade.Of(context);
        CommandChannels channels = upgrade.IsWebSocket
            ? new WebSocketChannels(
                await upgrade.ToWebSocketAsync(upgrade.Choose(WebSocketChannels.Protocols)), end)
            : await SpdyChannels.OpenAsync(
                await upgrade.ToSpdyAsync(upgrade.Choose(SpdyChannels.Protocols)), request, end);
        await CommandSession.RunAsync(
            channels, request, cancel => isExec
                ? pods.ExecAsync(container, request, cancel)
                : pods.AttachAsync(container, request, cancel));
    }

    private async Task ForwardAsync(HttpContext context, JsonObject pod, CancellationToken end)
    {
        CheckHost(pod);
        var upgrade = Upgrade.Of(context);
        // The socket outlives its stream only here, where the stream's end is the socket's.
        var transport = upgrade.IsWebSocket
            ? WebSocketStream.Create(
                await upgrade.ToWebSocketAsync(upgrade.Choose([PortForwardSession.Tunnelled])),
                WebSocketMessageType.Binary,
                ownsWebSocket: true)
            : await upgrade.ToSpdyAsync(upgrade.Choose([PortForwardSession.Protocol]));
        var metadata = pod["metadata"];
        await PortForwardSession.RunAsync(
            transport,
            (port, cancel) => pods.DialAsync(Cell.Text(metadata?["namespace"]), Name(pod), port, cancel),
            end);
    }

    private static void CheckHost(JsonObject pod)
    {
        if (Cell.Text(pod["spec"]?["nodeName"]).Length == 0)
            throw Errors.BadRequest($"pod {Name(pod)} does not have a host assigned");
    }

    /// <summary>The container that is meant, in the words of the API server where none is.</summary>
    private static ContainerTarget Container(JsonObject pod, RequestQuery query)
    {
        var containers = Names(pod, "containers");
        var inits = Names(pod, "initContainers");
        var name = query.Text("container");
        if (name is null && containers.Count != 1)
        {
            var others = inits.Count > 0 ? $" or one of the init containers: [{string.Join(' ', inits)}]" : "";
            throw Errors.BadRequest(
                $"a container name must be specified for pod {Name(pod)}, " +
                $"choose one of: [{string.Join(' ', containers)}]{others}");
        }

        name ??= containers[0];
        if (!containers.Contains(name) && !inits.Contains(name))
            throw Errors.BadRequest($"container {name} is not valid for pod {Name(pod)}");
        var metadata = pod["metadata"];
        return new ContainerTarget(Cell.Text(metadata?["namespace"]), Name(pod), Cell.Text(metadata?["uid"]), name);
    }

    private static List<string> Names(JsonObject pod, string list) =>
        [.. Cell.Objects(pod["spec"]?[list]).Select(container => Cell.Text(container["name"]))];

    private static string Name(JsonObject pod) => Cell.Text(pod["metadata"]?["name"]);
}

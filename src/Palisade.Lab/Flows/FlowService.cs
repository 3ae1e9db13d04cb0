using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Palisade.Lab.Flows;

/// <summary>
/// The flow logs of all nodes as one stream of JSON lines, behind the API server's authentication. Nothing is kept
/// here: lines go from the agents' sockets to the caller. Of a node whose agent does not answer there is one line that
/// says so.
/// </summary>
/// <param name="nodes">The nodes' names.</param>
/// <param name="socketOf">Where the socket of a node's agent is.</param>
/// <param name="time">The clock.</param>
public sealed class FlowService(
    Func<IReadOnlyList<string>> nodes, Func<string, string> socketOf, TimeProvider time)
{
    /// <summary>An agent that ended is started again about then.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    /// <summary>An agent that is stopped takes connections all the same.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly byte[] _newline = "\n"u8.ToArray();

    /// <summary>GET ?follow=true&amp;since=2026-11-23T05:00:00Z, both optional.</summary>
    public const string Path = "/apis/lab.palisade.dev/v1/flows";

    /// <summary>Adds the endpoint.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapGet(Path, (RequestDelegate)ServeAsync);

    private static bool TryReadSince(HttpRequest request, out DateTimeOffset? since)
    {
        since = null;
        if (request.Query["since"] is not [{ Length: > 0 } text])
            return true;
        var isTime = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var at);
        since = at;
        return isTime;
    }

    private byte[] NoAnswer(string node) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["time"] = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        ["node"] = node,
        ["kind"] = "suppressed",
        ["reason"] = "NoAnswer",
        ["text"] = "the node's agent does not answer; what it saw is missing here",
    }.ToJsonString());

    private async Task ServeAsync(HttpContext context)
    {
        var follow = context.Request.Query["follow"] == "true";
        if (!TryReadSince(context.Request, out var since))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        context.Response.ContentType = "application/x-ndjson";
        using var turn = new SemaphoreSlim(1);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        // The headers at once: who follows must know that it is connected before anything happens.
        await context.Response.Body.FlushAsync(ended.Token);
        await Task.WhenAll(nodes().Select(node => ForwardAsync(node, context.Response.Body)));

        async Task ForwardAsync(string node, Stream to)
        {
            var (from, isTold) = (since, false);
            do
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
                if (!follow)
                    patience.CancelAfter(Patience);
                try
                {
                    await using var lines = await FlowSocket.OpenAsync(socketOf(node), follow, from, patience.Token);
                    isTold = false;
                    while (await lines.NextAsync(patience.Token) is { } line)
                        await WriteAsync(to, line);
                }
                catch (Exception e) when (e is IOException or SocketException or InvalidDataException
                    or OperationCanceledException)
                {
                    // Its agent, or the caller, is gone, or it sends no lines; the other nodes' lines go on.
                    isTold = isTold || await TellAsync(to, node);
                }

                from = time.GetUtcNow();
                await Task.Delay(follow ? Again : TimeSpan.Zero, time, ended.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            while (follow && !ended.IsCancellationRequested);
        }

        async Task<bool> TellAsync(Stream to, string node)
        {
            // The caller may be gone.
            await WriteAsync(to, NoAnswer(node)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        }

        async Task WriteAsync(Stream to, ReadOnlyMemory<byte> line)
        {
            await turn.WaitAsync(ended.Token);
            try
            {
                await to.WriteAsync(line, ended.Token);
                await to.WriteAsync(_newline, ended.Token);
                await to.FlushAsync(ended.Token);
            }
            finally
            {
                turn.Release();
            }
        }
    }
}

using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Palisade.Lab.Flows;

/// <summary>
/// The flow logs of all nodes as one stream of JSON lines, behind the API server's authentication. Nothing is kept
/// here: lines go from the agents' sockets to the caller. A node whose agent is down has none.
/// </summary>
/// <param name="nodes">The nodes' names.</param>
/// <param name="socketOf">Where the socket of a node's agent is.</param>
/// <param name="time">The clock.</param>
public sealed class FlowService(
    Func<IReadOnlyList<string>> nodes, Func<string, string> socketOf, TimeProvider time)
{
    /// <summary>An agent that ended is started again about then.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    private static readonly byte[] _newline = "\n"u8.ToArray();

    /// <summary>GET ?follow=true&amp;since=2026-11-23T05:00:00Z, both optional.</summary>
    public const string Path = "/apis/lab.palisade.dev/v1/flows";

    /// <summary>Adds the endpoint.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapGet(Path, (RequestDelegate)ServeAsync);

    private async Task ServeAsync(HttpContext context)
    {
        var follow = context.Request.Query["follow"] == "true";
        DateTimeOffset? since = null;
        if (context.Request.Query["since"] is [{ Length: > 0 } text])
        {
            if (!DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var at))
            {
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
                return;
            }

            since = at;
        }

        context.Response.ContentType = "application/x-ndjson";
        using var turn = new SemaphoreSlim(1);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        // The headers at once: who follows must know that it is connected before anything happens.
        await context.Response.Body.FlushAsync(ended.Token);
        await Task.WhenAll(nodes().Select(node => ForwardAsync(node, context.Response.Body)));

        async Task ForwardAsync(string node, Stream to)
        {
            var from = since;
            do
            {
                try
                {
                    await using var lines = await FlowSocket.OpenAsync(socketOf(node), follow, from, ended.Token);
                    while (await lines.NextAsync(ended.Token) is { } line)
                        await WriteAsync(to, line);
                }
                catch (Exception e) when (e is IOException or SocketException or InvalidDataException
                    or OperationCanceledException)
                {
                    // Its agent, or the caller, is gone, or it sends no lines; the other nodes' lines go on.
                }

                from = time.GetUtcNow();
                await Task.Delay(follow ? Again : TimeSpan.Zero, time, ended.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            while (follow && !ended.IsCancellationRequested);
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

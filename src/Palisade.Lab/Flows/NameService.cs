using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Palisade.Lab.Flows;

/// <summary>
/// What the nodes' agents have learned of domain names, each node's by itself: an answer counts on the node whose pod
/// asked for it. A node whose agent is down is left out.
/// </summary>
/// <param name="nodes">The nodes' names.</param>
/// <param name="socketOf">Where the socket of a node's agent is.</param>
public sealed class NameService(Func<IReadOnlyList<string>> nodes, Func<string, string> socketOf)
{
    /// <summary>GET: {"node-1": [{"name": "www.example.com", "addresses": ["203.0.113.80"]}]}.</summary>
    public const string Path = "/apis/lab.palisade.dev/v1/names";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Adds the endpoint.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapGet(Path, (RequestDelegate)ServeAsync);

    private async Task ServeAsync(HttpContext context)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(Patience);
        var asked = nodes().Select(node => (Node: node, Names: OfNodeAsync(node, patience.Token))).ToList();
        var answer = new JsonObject();
        foreach (var (node, names) in asked)
        {
            if (await names is { } known)
                answer[node] = known;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
    }

    private async Task<JsonArray?> OfNodeAsync(string node, CancellationToken cancel)
    {
        try
        {
            var names = new JsonArray();
            await using var lines = await FlowSocket.OpenNamesAsync(socketOf(node), cancel);
            while (await lines.NextAsync(cancel) is { } line)
                names.Add(JsonNode.Parse(line.Span));
            return names;
        }
        catch (Exception e) when (e is IOException or SocketException or InvalidDataException or JsonException
            or OperationCanceledException)
        {
            return null;
        }
    }
}

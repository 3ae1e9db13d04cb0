using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Palisade.ApiServer.Http;

namespace Palisade.ApiServer.Streams;

/// <summary>Makes a stream of an HTTP/1.1 request: WebSocket (RFC 6455) or SPDY/3.1, with a protocol inside.</summary>
internal sealed class Upgrade
{
    private const string WebSocketProtocol = "Sec-WebSocket-Protocol";
    private const string StreamProtocol = "X-Stream-Protocol-Version";
    private const string Spdy = "SPDY/3.1";

    // RFC 6455, 1.3: proves that the server means it.
    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private readonly HttpContext _context;
    private readonly IHttpUpgradeFeature _feature;

    private Upgrade(HttpContext context, IHttpUpgradeFeature feature)
    {
        _context = context;
        _feature = feature;
        IsWebSocket = context.Request.Headers.Upgrade.ToString()
            .Equals("websocket", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether a WebSocket is asked for; else SPDY.</summary>
    public bool IsWebSocket { get; }

    /// <summary>The upgrade that a request asks for.</summary>
    /// <exception cref="StatusException">It asks for none, or none that is served.</exception>
    public static Upgrade Of(HttpContext context)
    {
        var feature = context.Features.Get<IHttpUpgradeFeature>();
        if (feature is not { IsUpgradableRequest: true })
            throw Errors.BadRequest("Upgrade request required");
        var upgrade = new Upgrade(context, feature);
        return upgrade.IsWebSocket || context.Request.Headers.Upgrade == Spdy
            ? upgrade
            : throw Errors.BadRequest($"unable to upgrade: the server accepts websocket and {Spdy}");
    }

    /// <summary>Takes the first protocol of the client's that is served.</summary>
    public string Choose(IReadOnlyList<string> served)
    {
        var offered = _context.Request.Headers[IsWebSocket ? WebSocketProtocol : StreamProtocol]
            .SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries)).ToList();
        return offered.Find(served.Contains)
            ?? throw new StatusException(
                403, "Forbidden",
                $"unable to upgrade: unable to negotiate protocol: client supports [{string.Join(' ', offered)}], " +
                $"server accepts [{string.Join(' ', served)}]");
    }

    /// <summary>Becomes a WebSocket.</summary>
    public async Task<WebSocket> ToWebSocketAsync(string protocol)
    {
        var request = _context.Request.Headers;
        var key = request.SecWebSocketKey.ToString();
        if (request.SecWebSocketVersion != "13" || key.Length != 24)
            throw Errors.BadRequest("unable to upgrade: Sec-WebSocket-Version 13 and Sec-WebSocket-Key are required");
        var response = _context.Response.Headers;
        response.SecWebSocketAccept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));
        response.SecWebSocketProtocol = protocol;
        var stream = await BeginAsync("websocket");
        // Clients ping when they want to know; the server has no reason to. The subprotocol is not told: .NET refuses
        // the slash that Kubernetes has in one.
        return WebSocket.CreateFromStream(
            stream,
            new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = Timeout.InfiniteTimeSpan });
    }

    /// <summary>Becomes a SPDY connection.</summary>
    public Task<Stream> ToSpdyAsync(string protocol)
    {
        _context.Response.Headers[StreamProtocol] = protocol;
        return BeginAsync(Spdy);
    }

    private Task<Stream> BeginAsync(string to)
    {
        NeverTooSlow(_context);
        _context.Response.Headers.Upgrade = to;
        return _feature.UpgradeAsync();
    }

    /// <summary>A reader that stops for an hour (`| less`) is no attack: nobody counts its bytes per second.</summary>
    public static void NeverTooSlow(HttpContext context)
    {
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } response)
            response.MinDataRate = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } request)
            request.MinDataRate = null;
    }
}

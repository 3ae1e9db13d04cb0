using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Discovery;
using Palisade.ApiServer.Resources;

namespace Palisade.ApiServer.Http;

/// <summary>Finds who answers a request; every refusal and every failure becomes a Status.</summary>
internal sealed class ApiDispatcher(
    ResourceRegistry registry,
    ResourceEndpoints resources,
    ReviewEndpoints reviews,
    TokenEndpoint tokens,
    DiscoveryEndpoints discovery,
    OpenApiEndpoints openApi)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to answer.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await Responses.WriteStatusAsync(context, AsStatus(e));
        }
    }

    private static StatusException AsStatus(Exception e) => e switch
    {
        StatusException refusal => refusal,
        BadHttpRequestException bad => new StatusException(bad.StatusCode, "BadRequest", bad.Message),
        _ => Errors.Internal(e.Message),
    };

    private Task RouteAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        var segments = path.Trim('/').Split('/');
        return segments[0] switch
        {
            "api" when segments.Length <= 2 => discovery.CoreAsync(context, segments),
            "api" => ResourceAsync(context, "", segments[1], segments.AsMemory(2)),
            "apis" when segments.Length <= 3 => discovery.GroupsAsync(context, segments),
            "apis" => ResourceAsync(context, segments[1], segments[2], segments.AsMemory(3)),
            "openapi" => openApi.InvokeAsync(context, segments),
            "version" when segments.Length == 1 => discovery.VersionAsync(context),
            "healthz" or "livez" or "readyz" => Responses.WriteTextAsync(context, "ok"),
            "" => discovery.RootAsync(context),
            _ => throw Errors.UnknownPath(),
        };
    }

    private Task ResourceAsync(HttpContext context, string group, string version, ReadOnlyMemory<string> rest)
    {
        if (RequestTarget.Find(registry, group, version, rest.Span) is { } target)
            return TokenEndpoint.Serves(target)
                ? tokens.AnswerAsync(context, target)
                : resources.InvokeAsync(context, target);
        if (ReviewEndpoints.Find(group, version, rest.Span) is { } review)
            return reviews.AnswerAsync(context, review);
        throw Errors.UnknownPath();
    }
}

using System.Net;
using Microsoft.AspNetCore.Http;

namespace Palisade.ApiServer.Http;

/// <summary>
/// Refuses what a web page made a browser send: a name that leads here only by somebody else's DNS (rebinding), and
/// requests of pages of other origins.
/// </summary>
internal static class RequestOrigin
{
    private static readonly string[] _names =
        ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local"];

    public static void Check(HttpRequest request)
    {
        if (!IsOurs(request.Host.Host))
        {
            throw new StatusException(
                403, "Forbidden", "the Host of the request is not this server: use the URL of the kubeconfig");
        }

        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0
            && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Authority == request.Host.Value))
            throw new StatusException(403, "Forbidden", "requests of web pages of other origins are not served");
    }

    // An address that is not of this machine cannot have led here either.
    private static bool IsOurs(string host) =>
        _names.Contains(host, StringComparer.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}

using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Palisade.Kubernetes.Client;

/// <summary>The API server answered with an error: its Status, as sent.</summary>
public sealed class KubeApiException : Exception
{
    /// <summary>The error of a Status: HTTP code, machine-readable reason, and the server's own words.</summary>
    public KubeApiException(HttpStatusCode code, string reason, string message)
        : base(message)
    {
        Code = code;
        Reason = reason;
    }

    /// <summary>The HTTP status code; for an ERROR event of a watch, the code of its Status.</summary>
    public HttpStatusCode Code { get; }

    /// <summary>Status.reason (NotFound, Expired, Forbidden …); empty when the answer was no Status.</summary>
    public string Reason { get; }

    /// <summary>The resourceVersion asked for is gone: list again (410 Expired or Gone).</summary>
    public bool IsExpired => Code == HttpStatusCode.Gone || Reason is "Expired" or "Gone";

    /// <summary>There is no such object, or no such resource.</summary>
    public bool IsNotFound => Code == HttpStatusCode.NotFound;

    /// <summary>
    /// The error in a response body; whatever is not a Status becomes the message, shortened to 300 characters.
    /// </summary>
    internal static KubeApiException FromBody(HttpStatusCode code, string body)
    {
        try
        {
            if (JsonNode.Parse(body) is JsonObject status && (string?)status["kind"] == "Status")
                return new(code, (string?)status["reason"] ?? "", (string?)status["message"] ?? code.ToString());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Proxies answer with HTML or plain text: fall through and show that.
        }

        var text = body.Length > 300 ? body[..300] + "…" : body;
        return new(code, "", $"HTTP {(int)code} {code}{(text.Length == 0 ? "" : ": " + text.Trim())}");
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Palisade.ApiServer.Http;

/// <summary>Writes answers.</summary>
internal static class Responses
{
    public const string Json = "application/json";

    public static Task WriteStatusAsync(HttpContext context, StatusException refusal) =>
        WriteJsonAsync(context, refusal.Code, refusal.ToStatus());

    public static async Task WriteJsonAsync(HttpContext context, int code, JsonNode body, string contentType = Json)
    {
        var bytes = JsonBytes.Of(body);
        context.Response.StatusCode = code;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}

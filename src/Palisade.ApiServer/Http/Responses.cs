using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Palisade.ApiServer.Http;

/// <summary>Writes answers.</summary>
internal static class Responses
{
    public const string Json = "application/json";

    // As kube-apiserver: below this size compressing costs more than it saves.
    private const int GzipFrom = 128 * 1024;

    public static Task WriteStatusAsync(HttpContext context, StatusException refusal)
    {
        if (refusal.Details?["retryAfterSeconds"] is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString();
        return WriteJsonAsync(context, refusal.Code, refusal.ToStatus());
    }

    /// <summary>What is answered where there is no object to show.</summary>
    public static Task WriteSuccessAsync(HttpContext context, int code) => WriteJsonAsync(context, code, new JsonObject
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Success",
        ["code"] = code,
    });

    public static Task WriteJsonAsync(HttpContext context, int code, JsonNode body, string contentType = Json) =>
        WriteAsync(context, code, JsonBytes.Of(body), contentType);

    public static Task WriteTextAsync(HttpContext context, string text) =>
        WriteAsync(context, 200, System.Text.Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8");

    public static async Task WriteAsync(
        HttpContext context, int code, ReadOnlyMemory<byte> body, string contentType = Json)
    {
        if (contentType == Json && Negotiated.PrefersYaml(context))
            (body, contentType) = (YamlBytes.Of(JsonBytes.ParseObject(body.ToArray())), BodyDecoder.Yaml);
        Begin(context, code, contentType);
        if (TakesPacked(context, body.Length))
        {
            await PackAsync(context, packed => packed.WriteAsync(body, context.RequestAborted).AsTask());
            return;
        }

        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Writes an answer of about this length that is made while it is sent.</summary>
    public static Task StreamAsync(HttpContext context, long length, Func<Stream, Task> write, string contentType)
    {
        Begin(context, 200, contentType);
        return TakesPacked(context, length) ? PackAsync(context, write) : write(context.Response.Body);
    }

    private static void Begin(HttpContext context, int code, string contentType)
    {
        var response = context.Response;
        response.StatusCode = code;
        response.ContentType = contentType;
        response.Headers.CacheControl = response.Headers.CacheControl.Count > 0
            ? response.Headers.CacheControl
            : "no-cache, private";
    }

    private static async Task PackAsync(HttpContext context, Func<Stream, Task> write)
    {
        context.Response.Headers.ContentEncoding = "gzip";
        context.Response.Headers.Append("Vary", "Accept-Encoding");
        await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await write(gzip);
    }

    private static bool TakesPacked(HttpContext context, long length) => length >= GzipFrom
        && context.Request.Headers.AcceptEncoding.ToString().Split(',')
            .Any(part => part.Split(';')[0].Trim().Equals("gzip", StringComparison.OrdinalIgnoreCase));
}

using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace Palisade.ApiServer.Http;

/// <summary>Reads whole request bodies, within kube-apiserver's bound.</summary>
internal static class RequestBody
{
    /// <summary>The most bytes of a body, as kube-apiserver's MaxRequestBodyBytes: 3 MB.</summary>
    public const int Limit = 3 * 1024 * 1024;

    // As kube-apiserver gives a whole request. Kestrel's least rate counts from the beginning: who has sent 3 MB at
    // once could hold them for hours.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > Limit)
            throw Errors.TooLarge(Limit);
        var encoding = context.Request.Headers.ContentEncoding.ToString();
        await using var body = encoding switch
        {
            "" or "identity" => context.Request.Body,
            "gzip" => new GZipStream(context.Request.Body, CompressionMode.Decompress),
            _ => throw Errors.UnsupportedMediaType("application/json"),
        };
        try
        {
            var lease = context.Features.Get<BodyLease>() ?? throw new InvalidOperationException("no gate was passed");
            using var late = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            late.CancelAfter(_patience);
            var read = await ReadToEndAsync(body, lease, late.Token);
            await lease.ReadyAsync(context.RequestAborted);
            return read;
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new StatusException(408, "Timeout", $"the body of the request did not come within {_patience}");
        }
        catch (Exception e) when (e is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            throw Errors.BadRequest($"the body of the request cannot be read: {e.Message}");
        }
    }

    /// <summary>The media type without parameters, lower case; empty when none was sent.</summary>
    public static string MediaType(HttpContext context) =>
        (context.Request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();

    private static async Task<ReadOnlyMemory<byte>> ReadToEndAsync(
        Stream body, BodyLease lease, CancellationToken cancel)
    {
        using var all = new MemoryStream();
        var buffer = new byte[32 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancel)) > 0)
        {
            if (all.Length + read > Limit)
                throw Errors.TooLarge(Limit);
            lease.Grow(read);
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }
}

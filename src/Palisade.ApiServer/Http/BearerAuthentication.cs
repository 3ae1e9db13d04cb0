using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Palisade.ApiServer.Http;

/// <summary>Lets through what carries the token; everything else gets 401, as a Status.</summary>
internal sealed class BearerAuthentication(string token)
{
    private readonly byte[] _expected = SHA256.HashData(Encoding.UTF8.GetBytes(token));

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (IsAuthenticated(context.Request.Headers.Authorization.ToString()))
            return next(context);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Responses.WriteStatusAsync(context, Errors.Unauthorized());
    }

    // Hashes are compared, in constant time, so that neither length nor content of the token leaks.
    private bool IsAuthenticated(string header) =>
        header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(header[7..].Trim())), _expected);
}

using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Hosting;

namespace Palisade.ApiServer.Access;

/// <summary>
/// Says who makes a request: by a client certificate of the server's own CA (common name and organizations), or by a
/// bearer token.
/// </summary>
internal sealed class Authenticator(ServerCertificates certificates, string adminToken, ServiceAccountTokens accounts)
{
    public static readonly User Anonymous = new("system:anonymous", ["system:unauthenticated"]);
    public static readonly User Admin = User.Known("palisade-admin", [User.Masters]);

    // A connection's certificate is checked once, not with each of its requests.
    private const int MostRemembered = 1000;
    private readonly byte[] _admin = Hash(adminToken);
    private readonly ConcurrentDictionary<string, (User? User, DateTime End)> _known = new(StringComparer.Ordinal);

    /// <summary>The user; anonymous when nobody is named; null when what names one is not valid.</summary>
    public User? UserOf(HttpContext context)
    {
        if (context.Connection.ClientCertificate is { } certificate)
            return UserOf(certificate);
        var header = context.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
            return Anonymous;
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? UserOf(header[7..].Trim()) : null;
    }

    /// <summary>The user of a bearer token, or null.</summary>
    public User? UserOf(string token) =>
        // Hashes are compared, in constant time, so that neither length nor content of the token leaks.
        CryptographicOperations.FixedTimeEquals(Hash(token), _admin) ? Admin : accounts.UserOf(token);

    private User? UserOf(X509Certificate2 certificate)
    {
        if (!_known.TryGetValue(certificate.Thumbprint, out var known))
        {
            if (_known.Count >= MostRemembered)
                _known.Clear();
            known = (certificates.IsClient(certificate) ? Named(certificate) : null, certificate.NotAfter);
            _known[certificate.Thumbprint] = known;
        }

        return known.End > certificates.Now ? known.User : null;
    }

    private static User? Named(X509Certificate2 certificate)
    {
        const string CommonName = "2.5.4.3";
        const string Organization = "2.5.4.10";
        var names = certificate.SubjectName.EnumerateRelativeDistinguishedNames()
            .Select(name => (Type: name.GetSingleElementType().Value, Value: name.GetSingleElementValue() ?? ""))
            .ToList();
        var user = names.FirstOrDefault(name => name.Type == CommonName).Value;
        return string.IsNullOrEmpty(user)
            ? null
            : User.Known(user, names.Where(name => name.Type == Organization).Select(name => name.Value));
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

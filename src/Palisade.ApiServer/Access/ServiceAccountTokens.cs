using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Access;

/// <summary>
/// Tokens of service accounts: JWTs (RFC 7519, HS256), signed with a key of the data directory, valid as long as they
/// say and the account of that uid is there.
/// </summary>
internal sealed class ServiceAccountTokens(
    byte[] key, VersionedStore store, ResourceRegistry registry, TimeProvider time)
{
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";

    // Long enough for any token of ours; what is longer is not read at all.
    private const int MostCharacters = 8192;
    private static readonly string _header = Base64Url.EncodeToString("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"u8);

    /// <summary>A token for an account, and when it ends.</summary>
    public (string Token, DateTimeOffset End) Issue(
        StoredObject account, IReadOnlyList<string> audiences, TimeSpan life)
    {
        var now = time.GetUtcNow();
        var end = DateTimeOffset.FromUnixTimeSeconds((now + life).ToUnixTimeSeconds());
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(audience => (JsonNode)audience)]),
            ["exp"] = end.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["iss"] = Issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            ["kubernetes.io"] = new JsonObject
            {
                ["namespace"] = account.Key.Namespace,
                ["serviceaccount"] = new JsonObject { ["name"] = account.Key.Name, ["uid"] = account.Uid },
            },
            ["sub"] = Name(account.Key),
        };
        var signed = $"{_header}.{Base64Url.EncodeToString(JsonBytes.Of(claims))}";
        return ($"{signed}.{Sign(signed)}", end);
    }

    /// <summary>The account's user; null for a token that is not ours, has ended, or is not for this server.</summary>
    public User? UserOf(string token) =>
        Claims(token) is { } claims && Cell.Texts(claims["aud"]).Contains(Issuer) ? UserOf(claims) : null;

    /// <summary>The user and audiences of a token, for whomever it is.</summary>
    public (User User, IReadOnlyList<string> Audiences)? Read(string token) =>
        Claims(token) is { } claims && UserOf(claims) is { } user ? (user, [.. Cell.Texts(claims["aud"])]) : null;

    private static string Name(ObjectKey key) => $"{User.ServiceAccountPrefix}{key.Namespace}:{key.Name}";

    private User? UserOf(JsonObject claims)
    {
        var named = claims["kubernetes.io"];
        var key = new ObjectKey(
            Cell.Text(named?["namespace"]), Cell.Text(named?["serviceaccount"]?["name"]));
        var account = store.State.Of(registry.ById("serviceaccounts")!).GetValueOrDefault(key);
        if (account is null || account.Uid != Cell.Text(named?["serviceaccount"]?["uid"]))
            return null;
        var name = Name(key);
        return User.Known(name, User.GroupsOfServiceAccount(name)) with
        {
            Uid = account.Uid,
            Extra = [("authentication.kubernetes.io/credential-id", $"JTI={Cell.Text(claims["jti"])}")],
        };
    }

    // The signature first: nothing that somebody else wrote is read.
    private JsonObject? Claims(string token)
    {
        var dot = token.LastIndexOf('.');
        if (token.Length > MostCharacters || dot < 0 || !token.StartsWith(_header + ".", StringComparison.Ordinal))
            return null;
        var expected = Encoding.ASCII.GetBytes(Sign(token[..dot]));
        if (!CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(token[(dot + 1)..])))
            return null;
        try
        {
            var text = token.AsSpan(_header.Length + 1, dot - _header.Length - 1);
            var claims = JsonBytes.ParseObject(Base64Url.DecodeFromChars(text));
            var now = time.GetUtcNow().ToUnixTimeSeconds();
            return now < Cell.Number(claims["exp"]) && now >= Cell.Number(claims["nbf"]) ? claims : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private string Sign(string text) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text)));
}

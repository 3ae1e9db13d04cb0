using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Palisade.ApiServer.Tests;

/// <summary>An answer, read whole.</summary>
public sealed record Answer(HttpStatusCode Code, HttpResponseMessage Response, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public bool IsYaml => Response.Content.Headers.ContentType?.MediaType == "application/yaml";

    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    public string Message => (string)Json["message"]!;

    public IEnumerable<string> Warnings => Response.Headers.TryGetValues("Warning", out var values) ? values : [];
}

/// <summary>Raw HTTP with the token and CA of a server's kubeconfig; no other certificate is trusted.</summary>
public sealed class Client : IDisposable
{
    private readonly HttpClient _http;

    public Client(EmbeddedApiServer server, bool withToken = true)
        : this(server.KubeconfigText, server.Url, withToken)
    {
    }

    public Client(string kubeconfig, string url, bool withToken = true)
    {
        Url = new Uri(url);
        BearerToken = Field(kubeconfig, "token");
        var ca = X509Certificate2.CreateFromPem(FromBase64(Field(kubeconfig, "certificate-authority-data")));
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { ca },
        };
        _http = new HttpClient(handler)
        {
            BaseAddress = Url,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        if (Field(kubeconfig, "client-key-data") is { Length: > 0 } key)
        {
            using var own = X509Certificate2.CreateFromPem(
                FromBase64(Field(kubeconfig, "client-certificate-data")), FromBase64(key));
            handler.SslOptions.ClientCertificates =
                [X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null)];
        }
        else if (withToken)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
                "Bearer", BearerToken);
    }

    public Uri Url { get; }

    /// <summary>The kubeconfig's; empty when it has none.</summary>
    public string BearerToken { get; }

    /// <summary>The token of a server's kubeconfig.</summary>
    public static string Token(EmbeddedApiServer server) => Field(server.KubeconfigText, "token");

    public Task<Answer> Get(string path, string accept = "application/json") => Send("GET", path, null, accept: accept);

    public Task<Answer> Post(string path, string json) => Send("POST", path, Encoding.UTF8.GetBytes(json));

    public async Task<Answer> Send(
        string method,
        string path,
        byte[]? body,
        string? type = "application/json",
        string accept = "application/json",
        string? userAgent = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (accept.Length > 0)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        if (userAgent is not null)
            request.Headers.TryAddWithoutValidation("User-Agent", userAgent);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (type is not null)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        var response = await _http.SendAsync(request);
        return new Answer(response.StatusCode, response, await response.Content.ReadAsByteArrayAsync());
    }

    /// <summary>As Send, but of an answer that may not end (a watch) only the beginning is read.</summary>
    public async Task<Answer> Begin(string method, string path, byte[]? body, string? type, string accept)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (accept.Length > 0)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (!string.IsNullOrEmpty(type))
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var isWhole = response.Content.Headers.ContentLength is not null || !path.Contains("watch=");
        return new(response.StatusCode, response, isWhole ? await response.Content.ReadAsByteArrayAsync() : []);
    }

    /// <summary>A POST whose body comes as the content makes it.</summary>
    public async Task<HttpStatusCode> Post(string path, HttpContent content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        using var response = await _http.SendAsync(request);
        return response.StatusCode;
    }

    /// <summary>As Get, with one more header.</summary>
    public async Task<Answer> GetWith(string path, string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation(header, value);
        var response = await _http.SendAsync(request);
        return new Answer(response.StatusCode, response, await response.Content.ReadAsByteArrayAsync());
    }

    /// <summary>As Get, but takes gzip, and leaves it packed.</summary>
    public async Task<Answer> GetPacked(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        var response = await _http.SendAsync(request);
        return new Answer(response.StatusCode, response, await response.Content.ReadAsByteArrayAsync());
    }

    /// <summary>A watch: its lines as they come.</summary>
    public async Task<WatchReader> Watch(string path, string accept = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new WatchReader(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    public void Dispose() => _http.Dispose();

    private static string FromBase64(string text) => Encoding.ASCII.GetString(Convert.FromBase64String(text));

    private static string Field(string kubeconfig, string name) =>
        Regex.Match(kubeconfig, $"{name}: (\\S+)").Groups[1].Value;
}

/// <summary>One event of a watch.</summary>
public sealed record WatchLine(string Type, JsonObject Object)
{
    public string Name => (string?)Object["metadata"]!["name"] ?? "";

    public override string ToString() => $"{Type} {Name}";
}

/// <summary>Reads a watch event by event.</summary>
public sealed class WatchReader(HttpResponseMessage response, StreamReader lines) : IDisposable
{
    public HttpStatusCode Code => response.StatusCode;

    /// <summary>The next event, or null at the end; fails when none comes for ten seconds.</summary>
    public Task<WatchLine?> Next() => Next(TimeSpan.FromSeconds(10));

    public async Task<WatchLine?> Next(TimeSpan patience)
    {
        var line = await lines.ReadLineAsync().WaitAsync(patience);
        if (line is null)
            return null;
        var json = JsonNode.Parse(line)!;
        return new WatchLine((string)json["type"]!, json["object"]!.AsObject());
    }

    public void Dispose() => response.Dispose();
}

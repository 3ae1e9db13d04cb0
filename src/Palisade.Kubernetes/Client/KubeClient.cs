using System.Net.Http.Headers;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using k8s;

namespace Palisade.Kubernetes.Client;

/// <summary>How the body of a PATCH is meant.</summary>
public enum PatchKind : byte
{
    /// <summary>RFC 7386: objects merge, null deletes, lists are replaced.</summary>
    Merge,

    /// <summary>Kubernetes' strategic merge: lists with merge keys merge item by item (built-in kinds only).</summary>
    StrategicMerge,

    /// <summary>RFC 6902.</summary>
    Json,
}

/// <summary>
/// A Kubernetes API, spoken as plain JSON. The official client supplies what a kubeconfig means (TLS, tokens, exec
/// plugins) and the transport; objects stay wire objects. Safe for use by several threads.
/// </summary>
public sealed class KubeClient : IDisposable
{
    /// <summary>Longest wait for an ordinary request. Watches have their own ends.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly k8s.Authentication.ServiceClientCredentials? _credentials;

    private KubeClient(KubernetesClientConfiguration configuration)
    {
        Server = new(configuration.Host);
        _http = new(Transport(configuration)) { Timeout = Timeout.InfiniteTimeSpan };
        // The handler takes the name to ask for, and to find in the certificate, from the Host header.
        if (!string.IsNullOrEmpty(configuration.TlsServerName))
            _http.DefaultRequestHeaders.Host = configuration.TlsServerName;
        _credentials = k8s.Kubernetes.CreateCredentials(configuration);
    }

    /// <summary>The server's address.</summary>
    public Uri Server { get; }

    /// <summary>
    /// The client of a kubeconfig file; with null, of what $KUBECONFIG lists, or inside a pod the service account, or
    /// ~/.kube/config.
    /// </summary>
    /// <exception cref="InvalidDataException">The kubeconfig cannot be read, names no such context, or holds no usable
    /// credentials: file, what is wrong, what to do.</exception>
    public static KubeClient FromKubeconfig(string? path, string? context = null)
    {
        var configuration = Kubeconfig.Read(path, context);
        try
        {
            return new(configuration);
        }
        catch (Exception e) when (e is UriFormatException or FormatException or IOException
            or System.Security.Cryptography.CryptographicException)
        {
            throw new InvalidDataException($"kubeconfig {path ?? "(default)"}: {e.Message}", e);
        }
    }

    /// <summary>Creates an object; the answer is the stored one.</summary>
    /// <exception cref="KubeApiException">The server refused.</exception>
    public Task<JsonObject> CreateAsync(KubeResource resource, string? ns, JsonNode body, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, resource.Collection(ns), body, cancel);

    /// <summary>Reads one object.</summary>
    /// <exception cref="KubeApiException">The server refused, or there is no such object.</exception>
    public Task<JsonObject> GetAsync(KubeResource resource, string? ns, string name, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, resource.Named(ns, name), null, cancel);

    /// <summary>
    /// Replaces an object; the body carries the resourceVersion it was read at, or none to overwrite.
    /// </summary>
    /// <exception cref="KubeApiException">The server refused, or the object changed since it was read
    /// (409).</exception>
    public Task<JsonObject> ReplaceAsync(
        KubeResource resource, string? ns, string name, JsonNode body, CancellationToken cancel,
        string? subresource = null) =>
        SendAsync(HttpMethod.Put, resource.Named(ns, name, subresource), body, cancel);

    /// <summary>Patches an object, or a subresource of it (status).</summary>
    /// <exception cref="KubeApiException">The server refused.</exception>
    public Task<JsonObject> PatchAsync(
        KubeResource resource, string? ns, string name, PatchKind kind, JsonNode patch, CancellationToken cancel,
        string? subresource = null) =>
        SendAsync(HttpMethod.Patch, resource.Named(ns, name, subresource), patch, cancel, kind switch
        {
            PatchKind.StrategicMerge => "application/strategic-merge-patch+json",
            PatchKind.Json => "application/json-patch+json",
            _ => "application/merge-patch+json",
        });

    /// <summary>
    /// Deletes an object; <paramref name="graceSeconds"/> null leaves the grace period to the server.
    /// </summary>
    /// <exception cref="KubeApiException">The server refused, or there is no such object.</exception>
    public Task<JsonObject> DeleteAsync(
        KubeResource resource, string? ns, string name, CancellationToken cancel, int? graceSeconds = null)
    {
        var options =
            new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions", ["propagationPolicy"] = "Background" };
        if (graceSeconds is { } seconds)
            options["gracePeriodSeconds"] = seconds;
        return SendAsync(HttpMethod.Delete, resource.Named(ns, name), options, cancel);
    }

    /// <summary>Sends any request with a JSON body and reads a JSON object back (empty for an empty answer).</summary>
    /// <exception cref="KubeApiException">The answer is an error.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<JsonObject> SendAsync(
        HttpMethod method, string pathAndQuery, JsonNode? body, CancellationToken cancel,
        string contentType = "application/json")
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(RequestTimeout);
        try
        {
            using var content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8);
            if (content is not null)
                content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            using var response = await OpenAsync(method, pathAndQuery, content, limited.Token).ConfigureAwait(false);
            await using var stream = await response.Content.ReadAsStreamAsync(limited.Token).ConfigureAwait(false);
            var node = await JsonNode.ParseAsync(stream, cancellationToken: limited.Token).ConfigureAwait(false);
            return node as JsonObject ?? [];
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new HttpRequestException(
                $"{method} {pathAndQuery}: no answer within {RequestTimeout.TotalSeconds} s", e);
        }
        catch (Exception e) when (e is IOException or System.Text.Json.JsonException)
        {
            throw new HttpRequestException($"{method} {pathAndQuery}: {e.Message}", e);
        }
    }

    /// <summary>The lines of an answer that may go on for ever, as they come; each at most 16 MiB.</summary>
    /// <exception cref="KubeApiException">The answer is an error.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLinesAsync(
        string pathAndQuery, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var response = await OpenAsync(HttpMethod.Get, pathAndQuery, null, cancel).ConfigureAwait(false);
        await using var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        var lines = new LineReader(stream);
        while (await lines.NextAsync(cancel).ConfigureAwait(false) is { } line)
            yield return line;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>
    /// The library's own client class is not used: it would bring every operation of the API with it (a quarter of the
    /// native binary), and under a private CA it accepts a certificate of that CA for any name.
    /// </summary>
    private static SocketsHttpHandler Transport(KubernetesClientConfiguration configuration)
    {
        var tls = new SslClientAuthenticationOptions();
        if (configuration.SkipTlsVerify)
        {
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        }
        else if (configuration.SslCaCerts is { Count: > 0 } authorities)
        {
            // No revocation check, as kubectl: a cluster's CA publishes no lists.
            tls.CertificateChainPolicy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        if (Kubeconfig.ClientCertificate(configuration) is { } own)
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => own;
        return new()
        {
            SslOptions = tls,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // A server that vanished without a FIN is noticed within 45 s, or a watch would wait for the kernel's
            // hours.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            EnableMultipleHttp2Connections = true,
        };
    }

    /// <summary>
    /// Credentials may come from a file or a program, which fail now and then as the network does: the world, not us.
    /// </summary>
    private async Task AuthenticateAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            if (_credentials is { } credentials)
                await credentials.ProcessHttpRequestAsync(request, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            throw new HttpRequestException($"no credentials: {e.Message}", e);
        }
    }

    /// <summary>Sends a request and returns once headers arrived; a body that is an error is read and thrown.</summary>
    internal async Task<HttpResponseMessage> OpenAsync(
        HttpMethod method, string pathAndQuery, HttpContent? content, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, new Uri(Server, pathAndQuery));
        request.Content = content;
        request.Headers.Accept.Add(new("application/json"));
        request.Version = System.Net.HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        await AuthenticateAsync(request, cancel).ConfigureAwait(false);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel)
            .ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(cancel).ConfigureAwait(false);
            throw KubeApiException.FromBody(response.StatusCode, text);
        }
    }
}

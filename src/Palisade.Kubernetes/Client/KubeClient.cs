using System.Net.Http.Headers;
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

    private readonly k8s.Kubernetes _client;

    private KubeClient(KubernetesClientConfiguration configuration)
    {
        configuration.HttpClientTimeout = Timeout.InfiniteTimeSpan;
        configuration.FirstMessageHandlerSetup = handler =>
        {
            // A server that vanished without a FIN is noticed within 45 s, or a watch would wait for the kernel's
            // hours.
            handler.ConnectTimeout = TimeSpan.FromSeconds(10);
            handler.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(15);
            handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
            handler.EnableMultipleHttp2Connections = true;
        };
        _client = new k8s.Kubernetes(configuration);
    }

    /// <summary>The server's address.</summary>
    public Uri Server => _client.BaseUri;

    /// <summary>
    /// The client of a kubeconfig file; with null, of $KUBECONFIG or ~/.kube/config, or inside a pod the service
    /// account.
    /// </summary>
    /// <exception cref="InvalidDataException">The kubeconfig cannot be read, names no such context, or holds no usable
    /// credentials.</exception>
    public static KubeClient FromKubeconfig(string? path, string? context = null)
    {
        try
        {
            if (path is null && context is null && KubernetesClientConfiguration.IsInCluster())
                return new(KubernetesClientConfiguration.InClusterConfig());
            var file = path ?? Environment.GetEnvironmentVariable("KUBECONFIG");
            return new(KubernetesClientConfiguration.BuildConfigFromConfigFile(file, context));
        }
        catch (Exception e) when (e is not (OutOfMemoryException or InvalidDataException))
        {
            // The client library throws its own, YamlDotNet's, I/O and cryptographic exceptions here; for the caller
            // all are one.
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

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>
    /// Credentials may come from a file or a program, which fail now and then as the network does: the world, not us.
    /// </summary>
    private async Task AuthenticateAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            if (_client.Credentials is { } credentials)
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
        using var request = new HttpRequestMessage(method, new Uri(_client.BaseUri, pathAndQuery));
        request.Content = content;
        request.Headers.Accept.Add(new("application/json"));
        request.Version = System.Net.HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        await AuthenticateAsync(request, cancel).ConfigureAwait(false);
        var response = await _client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel)
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

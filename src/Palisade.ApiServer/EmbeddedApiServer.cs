using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Palisade.ApiServer.Controllers;
using Palisade.ApiServer.Controllers.Workloads;
using Palisade.ApiServer.Discovery;
using Palisade.ApiServer.Hosting;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Streams;

namespace Palisade.ApiServer;

/// <summary>
/// A Kubernetes API server in this process: TLS on loopback only, a bearer token, objects in SQLite. One server per
/// data directory; CA, token, port and objects outlive it.
/// </summary>
public sealed class EmbeddedApiServer : IAsyncDisposable
{
    private readonly DataDirectory _directory;
    private readonly ServerCertificates _certificates;
    private readonly string _token;
    private readonly VersionedStore _objects;
    private readonly WebApplication _app;
    private EndpointController? _endpoints;
    private WorkloadController? _workloads;
    private GarbageCollector? _collector;

    private EmbeddedApiServer(
        DataDirectory directory,
        ServerCertificates certificates,
        string token,
        VersionedStore objects,
        ObjectStore store,
        WebApplication app)
    {
        _directory = directory;
        _certificates = certificates;
        _token = token;
        _objects = objects;
        _app = app;
        Store = store;
    }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>https://127.0.0.1:PORT.</summary>
    public string Url => $"https://127.0.0.1:{Port}";

    /// <summary>A kubeconfig for clients on this machine.</summary>
    public string KubeconfigText => KubeconfigFor(Url);

    /// <summary>The objects, in process.</summary>
    public ObjectStore Store { get; }

    /// <summary>
    /// Whether EndpointSlices say all that the store knows of pods and Services; true where nobody keeps them.
    /// </summary>
    public bool EndpointsAreCurrent => _endpoints?.IsCurrent ?? true;

    /// <summary>
    /// A kubeconfig for clients that reach the server under another URL (host localhost or 127.0.0.1).
    /// </summary>
    public string KubeconfigFor(string serverUrl) => Kubeconfig.Text(serverUrl, _certificates.CaPem, _token);

    /// <summary>Opens the data directory and serves. The server answers when the task ends.</summary>
    /// <exception cref="IOException">
    /// The data directory is in use by another server, damaged or not ours, or the port is another program's.
    /// </exception>
    public static async Task<EmbeddedApiServer> StartAsync(ApiServerOptions options, CancellationToken cancel = default)
    {
        var directory = DataDirectory.Open(options.DataDirectory);
        VersionedStore? objects = null;
        try
        {
            var certificates = ServerCertificates.Load(directory, options.Time);
            var token = directory.Token();
            var registry = new ResourceRegistry(options);
            objects = VersionedStore.Open(directory.DatabaseFile, registry, options.Time);
            var writer = new ObjectWriter(objects, registry, options);
            var store = new ObjectStore(objects, registry, writer);
            EnsureNamespaces(store);
            var app = Listen(options, certificates, options.Port ?? directory.KeptPort());
            Route(app, options, token, objects, registry, writer);
            var server = new EmbeddedApiServer(directory, certificates, token, objects, store, app);
            await BindAsync(app, cancel);
            server.Port = BoundPort(app);
            directory.KeepPort(server.Port);
            if (!options.ServiceRanges.IsEmpty)
                server._endpoints = new EndpointController(store);
            if (options.RunsControllers)
            {
                server._workloads = new WorkloadController(store, options.Time);
                server._collector = new GarbageCollector(objects, registry, writer);
            }

            return server;
        }
        catch
        {
            objects?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Ends watches and requests, then closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_endpoints is not null)
            await _endpoints.DisposeAsync();
        if (_workloads is not null)
            await _workloads.DisposeAsync();
        if (_collector is not null)
            await _collector.DisposeAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _objects.Dispose();
        _certificates.Server.Dispose();
        _directory.Dispose();
    }

    private static async Task BindAsync(WebApplication app, CancellationToken cancel)
    {
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException e)
        {
            await app.DisposeAsync();
            throw new IOException($"{e.Message} Stop the program that listens there, or choose another port.", e);
        }
    }

    private static void EnsureNamespaces(ObjectStore store)
    {
        foreach (var name in new[] { "default", "kube-system", "kube-public" })
        {
            if (store.Get("namespaces", null, name) is null)
            {
                store.Create(new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Namespace",
                    ["metadata"] = new JsonObject { ["name"] = name },
                });
            }
        }
    }

    private static WebApplication Listen(ApiServerOptions options, ServerCertificates certificates, int port)
    {
        // Empty: no appsettings.json of the current directory and no ASPNETCORE_ variable decides what is listened on.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "palisade" });
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;   // RequestBody limits, so that the refusal is a Status
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;   // each watch of an informer is one
            void Tls(ListenOptions listen) => listen.UseHttps(certificates.Server);
            kestrel.Listen(IPAddress.Loopback, port, Tls);
            foreach (var handle in options.ListenHandles)
                kestrel.ListenHandle((ulong)handle, Tls);
        });
        return builder.Build();
    }

    private static void Route(
        WebApplication app,
        ApiServerOptions options,
        string token,
        VersionedStore objects,
        ResourceRegistry registry,
        ObjectWriter writer)
    {
        var lists = new ListReader(objects, options.Time);
        var watches = new WatchStream(objects, options.Time, app.Lifetime.ApplicationStopping);
        var streams = options.PodStreams is { } pods
            ? new PodStreamEndpoints(pods, options.Time, app.Lifetime.ApplicationStopping)
            : null;
        var dispatcher = new ApiDispatcher(
            registry,
            new ResourceEndpoints(objects, writer, lists, watches, streams),
            new ReviewEndpoints(),
            new DiscoveryEndpoints(registry, options.KubeVersion),
            new OpenApiEndpoints(registry));
        var authentication = new BearerAuthentication(token);
        app.Use(next => context => authentication.InvokeAsync(context, next));
        options.MapExtra?.Invoke(app);
        app.MapFallback("{**path}", dispatcher.InvokeAsync);
    }

    private static int BoundPort(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return addresses.Select(address => new Uri(address)).First(uri => uri.Host == "127.0.0.1").Port;
    }
}

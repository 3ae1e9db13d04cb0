using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Access;
using Palisade.ApiServer.Controllers;
using Palisade.ApiServer.Controllers.Workloads;
using Palisade.ApiServer.Discovery;
using Palisade.ApiServer.Hosting;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Streams;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer;

/// <summary>
/// A Kubernetes API server in this process: TLS on loopback only, users by token or certificate, RBAC, objects in
/// SQLite. One server per data directory; CA, token, port and objects outlive it.
/// </summary>
public sealed class EmbeddedApiServer : IAsyncDisposable
{
    private readonly DataDirectory _directory;
    private readonly ServerCertificates _certificates;
    private readonly string _token;
    private readonly VersionedStore _objects;
    private readonly AuditLog _audit;
    private readonly BodyBudget _bodies = new();
    private readonly Stack<IAsyncDisposable> _controllers = new();
    private WebApplication? _app;
    private EndpointController? _endpoints;

    private EmbeddedApiServer(
        DataDirectory directory, ServerCertificates certificates, VersionedStore objects, ObjectStore store,
        TimeProvider time)
    {
        _directory = directory;
        _certificates = certificates;
        _token = directory.Secret("token");
        _objects = objects;
        _audit = new AuditLog(directory.AuditFile, time);
        Store = store;
    }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>https://127.0.0.1:PORT.</summary>
    public string Url => $"https://127.0.0.1:{Port}";

    /// <summary>A kubeconfig for clients on this machine, which may do everything.</summary>
    public string KubeconfigText => KubeconfigFor(Url);

    /// <summary>A kubeconfig for clients that may read everything but Secrets, and change nothing.</summary>
    public string ViewerKubeconfigText => KubeconfigFor(Url, "palisade-viewer", [DefaultRoles.Viewers]);

    /// <summary>The objects, in process.</summary>
    public ObjectStore Store { get; }

    /// <summary>
    /// Whether EndpointSlices say all that the store knows of pods and Services; true where nobody keeps them.
    /// </summary>
    public bool EndpointsAreCurrent => _endpoints?.IsCurrent ?? true;

    /// <summary>
    /// A kubeconfig of the administrator, for clients that reach the server under another URL (host localhost or
    /// 127.0.0.1).
    /// </summary>
    public string KubeconfigFor(string serverUrl) => Kubeconfig.Text(serverUrl, _certificates.CaPem, _token);

    /// <summary>
    /// A kubeconfig of some user: a new client certificate, for a year. What they may do, roles and bindings say.
    /// </summary>
    public string KubeconfigFor(string serverUrl, string user, IEnumerable<string> groups) =>
        Kubeconfig.Text(serverUrl, _certificates.CaPem, user, _certificates.Issue(user, groups));

    /// <summary>
    /// A kubeconfig for the agent of one node: it reads what policies are about, makes Events, and writes the status of
    /// its own Node, nothing else.
    /// </summary>
    public string AgentKubeconfigFor(string serverUrl, string node)
    {
        var user = $"palisade:agent:{node}";
        RoleKeeper.EnsureAsync(Store, DefaultRoles.OfAgent(node, user)).GetAwaiter().GetResult();
        return KubeconfigFor(serverUrl, user, [DefaultRoles.Agents]);
    }

    /// <summary>Opens the data directory and serves. The server answers when the task ends.</summary>
    /// <exception cref="IOException">
    /// The data directory is in use by another server, damaged or not ours, or the port is another program's.
    /// </exception>
    public static async Task<EmbeddedApiServer> StartAsync(ApiServerOptions options, CancellationToken cancel = default)
    {
        var directory = DataDirectory.Open(options.DataDirectory);
        EmbeddedApiServer? server = null;
        try
        {
            var certificates = ServerCertificates.Load(directory, options.Time);
            var registry = new ResourceRegistry(options);
            var objects = VersionedStore.Open(directory.DatabaseFile, registry, options.Time);
            var writer = new ObjectWriter(objects, registry, options);
            server = new EmbeddedApiServer(
                directory, certificates, objects, new ObjectStore(objects, registry, writer), options.Time);
            await server.ServeAsync(options, registry, writer, cancel);
            return server;
        }
        catch (Exception e)
        {
            if (server is not null)
                await server.DisposeAsync();
            directory.Dispose();
            if (e is StatusException)
                throw new IOException($"{options.DataDirectory}: {e.Message}", e);
            throw;
        }
    }

    /// <summary>Ends watches and requests, then closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_controllers.TryPop(out var controller))
            await controller.DisposeAsync();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        _bodies.Dispose();
        _objects.Dispose();
        await _audit.DisposeAsync();
        _certificates.Dispose();
        _directory.Dispose();
    }

    private async Task ServeAsync(
        ApiServerOptions options, ResourceRegistry registry, ObjectWriter writer, CancellationToken cancel)
    {
        EnsureNamespaces(Store);
        EnsureDefinition(Store, registry);
        _controllers.Push(await RoleKeeper.StartAsync(Store));
        _app = Listener.Build(options, _certificates, options.Port ?? _directory.KeptPort());
        Route(_app, options, registry, writer);
        await Listener.BindAsync(_app, cancel);
        Port = Listener.BoundPort(_app);
        _directory.KeepPort(Port);
        if (!options.ServiceRanges.IsEmpty)
            _controllers.Push(_endpoints = new EndpointController(Store));
        if (!options.RunsControllers)
            return;
        _controllers.Push(new WorkloadController(Store, options.Time));
        _controllers.Push(new GarbageCollector(_objects, registry, writer));
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

    // Whoever deleted it finds it again after the next start: cluster policies are part of what is promised.
    private static void EnsureDefinition(ObjectStore store, ResourceRegistry registry)
    {
        var definition = registry.DefaultDefinition;
        if (store.Get(registry.Definitions.Id, null, Cell.Name(definition)) is null)
            store.Create(definition);
    }

    private void Route(WebApplication app, ApiServerOptions options, ResourceRegistry registry, ObjectWriter writer)
    {
        var accounts = new ServiceAccountTokens(
            Convert.FromHexString(_directory.Secret("accounts.key")), _objects, registry, options.Time);
        var authorizer = new Authorizer(_objects, registry);
        var authenticator = new Authenticator(_certificates, _token, accounts);
        var lists = new ListReader(_objects, options.Time);
        var watches = new WatchStream(_objects, registry, options.Time, app.Lifetime.ApplicationStopping);
        var streams = options.PodStreams is { } pods
            ? new PodStreamEndpoints(pods, options.Time, app.Lifetime.ApplicationStopping)
            : null;
        var dispatcher = new ApiDispatcher(
            registry,
            new ResourceEndpoints(_objects, writer, lists, watches, streams, options.Admission, authorizer),
            new ReviewEndpoints(authorizer, authenticator, accounts),
            new TokenEndpoint(_objects, accounts),
            new DiscoveryEndpoints(registry, options.KubeVersion),
            new OpenApiEndpoints(registry));
        var limits = new RequestLimits(options.RequestsPerSecond, options.Time);
        var gate = new AccessGate(authenticator, authorizer, limits, _bodies, _audit, options.Time);
        app.Use(next => context => gate.InvokeAsync(context, next));
        options.MapExtra?.Invoke(app);
        app.MapFallback("{**path}", dispatcher.InvokeAsync);
    }
}

using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Palisade.ApiServer.Hosting;
using Palisade.ApiServer.Http;

namespace Palisade.ApiServer;

/// <summary>
/// A Kubernetes API server in this process: TLS on loopback only, a bearer token, objects in SQLite. One server per data
/// directory; CA, token, port and objects outlive it.
/// </summary>
public sealed class EmbeddedApiServer : IAsyncDisposable
{
    private readonly DataDirectory _directory;
    private readonly ServerCertificates _certificates;
    private readonly string _token;
    private readonly WebApplication _app;

    private EmbeddedApiServer(DataDirectory directory, ServerCertificates certificates, string token, WebApplication app)
    {
        _directory = directory;
        _certificates = certificates;
        _token = token;
        _app = app;
        Store = new ObjectStore();
    }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>https://127.0.0.1:PORT.</summary>
    public string Url => $"https://127.0.0.1:{Port}";

    /// <summary>A kubeconfig for clients on this machine.</summary>
    public string KubeconfigText => KubeconfigFor(Url);

    /// <summary>The objects, in process.</summary>
    public ObjectStore Store { get; }

    /// <summary>A kubeconfig for clients that reach the server under another URL (host localhost or 127.0.0.1).</summary>
    public string KubeconfigFor(string serverUrl) => Kubeconfig.Text(serverUrl, _certificates.CaPem, _token);

    /// <summary>Opens the data directory and serves. The server answers when the task ends.</summary>
    /// <exception cref="IOException">The data directory is in use by another server, or the port by another program.</exception>
    public static async Task<EmbeddedApiServer> StartAsync(ApiServerOptions options, CancellationToken cancel = default)
    {
        var directory = DataDirectory.Open(options.DataDirectory);
        try
        {
            var certificates = ServerCertificates.Load(directory, options.Time);
            var token = directory.Token();
            var app = Build(options, certificates, token, options.Port ?? directory.KeptPort());
            var server = new EmbeddedApiServer(directory, certificates, token, app);
            await app.StartAsync(cancel);
            server.Port = BoundPort(app);
            directory.KeepPort(server.Port);
            return server;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Ends watches and requests, then closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _certificates.Server.Dispose();
        _directory.Dispose();
    }

    private static WebApplication Build(ApiServerOptions options, ServerCertificates certificates, string token, int port)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ApplicationName = "palisade" });
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;   // BodyReader limits, so that the refusal is a Status
            void Tls(ListenOptions listen) => listen.UseHttps(certificates.Server);
            kestrel.Listen(IPAddress.Loopback, port, Tls);
            foreach (var handle in options.ListenHandles)
                kestrel.ListenHandle((ulong)handle, Tls);
        });
        var app = builder.Build();
        var authentication = new BearerAuthentication(token);
        app.Use(next => context => authentication.InvokeAsync(context, next));
        options.MapExtra?.Invoke(app);
        return app;
    }

    private static int BoundPort(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return addresses.Select(address => new Uri(address)).First(uri => uri.Host == "127.0.0.1").Port;
    }
}

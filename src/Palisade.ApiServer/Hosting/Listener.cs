using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Palisade.ApiServer.Hosting;

/// <summary>The web server: TLS on loopback and on the sockets given, and how much it takes.</summary>
internal static class Listener
{
    private const int MostConnections = 4000;
    private const int MostUrlBytes = 64 * 1024;

    public static WebApplication Build(ApiServerOptions options, ServerCertificates certificates, int port)
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
            kestrel.ResponseHeaderEncodingSelector = _ => System.Text.Encoding.UTF8;   // as Go's: warnings quote names
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = MostConnections;
            kestrel.Limits.MaxRequestLineSize = MostUrlBytes;   // long label selectors
            kestrel.Limits.MaxRequestHeadersTotalSize = 2 * MostUrlBytes;
            kestrel.Limits.MaxRequestBodySize = null;   // RequestBody limits, so that the refusal is a Status
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;   // each watch of an informer is one
            kestrel.Limits.Http2.MaxRequestHeaderFieldSize = MostUrlBytes;
            // Any certificate comes through the handshake; the authenticator says whether it is somebody's.
            void Tls(ListenOptions listen) => listen.UseHttps(certificates.Server, https =>
            {
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (_, _, _) => true;
            });
            kestrel.Listen(IPAddress.Loopback, port, Tls);
            foreach (var handle in options.ListenHandles)
                kestrel.ListenHandle((ulong)handle, Tls);
        });
        return builder.Build();
    }

    public static async Task BindAsync(WebApplication app, CancellationToken cancel)
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

    public static int BoundPort(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return addresses.Select(address => new Uri(address)).First(uri => uri.Host == "127.0.0.1").Port;
    }
}

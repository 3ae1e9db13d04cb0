using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>What outlives a server, and who may use a data directory.</summary>
public sealed class PersistenceTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-persist-").FullName;

    private ApiServerOptions Options => new() { DataDirectory = Path.Combine(_directory, "data") };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Objects_versions_token_ca_and_port_survive_a_restart()
    {
        string kubeconfig;
        string pod;
        long version;
        await using (var server = await EmbeddedApiServer.StartAsync(Options))
        {
            kubeconfig = server.KubeconfigText;
            server.Store.Create(Manifests.Pod("default", "gone"));
            pod = server.Store.Create(Manifests.Pod("default", "kept")).ToJsonString();
            Assert.True(server.Store.Delete("pods", "default", "gone"));
            version = await ListVersion(new Client(server));
        }

        await using (var server = await EmbeddedApiServer.StartAsync(Options))
        {
            Assert.Equal(kubeconfig, server.KubeconfigText);
            Assert.Equal(pod, Assert.Single(server.Store.List("pods")).ToJsonString());
            using var client = new Client(server);
            Assert.Equal(version, await ListVersion(client));
            var later = server.Store.Create(Manifests.Pod("default", "later"));
            Assert.True(long.Parse((string)later["metadata"]!["resourceVersion"]!) > version);
            using var current = await client.Watch($"/api/v1/pods?watch=true&resourceVersion={version}");
            Assert.Equal("ADDED later", (await current.Next())!.ToString());
            using var old = await client.Watch($"/api/v1/pods?watch=true&resourceVersion={version - 2}");
            Assert.Equal("ADDED kept", (await old.Next())!.ToString());
            Assert.Equal("DELETED gone", (await old.Next())!.ToString());
            Assert.Equal("ADDED later", (await old.Next())!.ToString());
        }
    }

    [Fact]
    public async Task What_was_acknowledged_survives_a_crash()
    {
        var copy = Path.Combine(_directory, "copy");
        string policy;
        await using (var server = await EmbeddedApiServer.StartAsync(Options))
        {
            policy = server.Store.Create(Manifests.Policy("default", "p")).ToJsonString();
            // The files as a killed process leaves them: nothing was closed or checkpointed.
            Directory.CreateDirectory(copy);
            foreach (var file in Directory.EnumerateFiles(Options.DataDirectory).Where(file => !file.EndsWith("lock")))
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        await using var again = await EmbeddedApiServer.StartAsync(Options with { DataDirectory = copy });
        Assert.Equal(policy, again.Store.Get("networkpolicies.networking.k8s.io", "default", "p")!.ToJsonString());
    }

    [Fact]
    public async Task Settings_of_the_directory_and_the_environment_do_not_matter()
    {
        Environment.SetEnvironmentVariable("ASPNETCORE_URLS", "http://0.0.0.0:1");
        try
        {
            await using var server = await EmbeddedApiServer.StartAsync(Options);
            using var client = new Client(server);
            Assert.Equal("ok", (await client.Get("/livez")).Text);
        }
        finally
        {
            Environment.SetEnvironmentVariable("ASPNETCORE_URLS", null);
        }
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_is_refused()
    {
        await using var server = await EmbeddedApiServer.StartAsync(Options);
        var refused = await Assert.ThrowsAsync<IOException>(() => EmbeddedApiServer.StartAsync(Options));
        Assert.Contains("is in use by another server", refused.Message);
        Assert.NotNull(server.Store.Get("namespaces", null, "default"));
    }

    [Fact]
    public async Task A_port_in_use_is_refused_and_can_be_tried_again()
    {
        var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var options = Options with { Port = ((IPEndPoint)taken.LocalEndpoint).Port };
        var refused = await Assert.ThrowsAsync<IOException>(() => EmbeddedApiServer.StartAsync(options));
        Assert.Contains("choose another port", refused.Message);
        taken.Stop();
        await using var server = await EmbeddedApiServer.StartAsync(options);
        Assert.Equal(options.Port, server.Port);
    }

    [Fact]
    public async Task Secrets_are_the_owners_alone()
    {
        await using var server = await EmbeddedApiServer.StartAsync(Options);
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        foreach (var name in new[] { "ca.key", "ca.crt", "token", "port", "lock", "objects.db", "objects.db-wal" })
            Assert.Equal(Owner, File.GetUnixFileMode(Path.Combine(Options.DataDirectory, name)));
        Assert.Equal(Owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Options.DataDirectory));
    }

    [Fact]
    public async Task It_listens_on_loopback_and_on_the_handles_given()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        var port = ((IPEndPoint)other.LocalEndPoint!).Port;
        var options = Options with { ListenHandles = [(int)other.Handle] };
        await using var server = await EmbeddedApiServer.StartAsync(options);
        Assert.NotEqual(port, server.Port);
        var url = $"https://127.0.0.1:{port}";
        using var client = new Client(server.KubeconfigFor(url), url);
        Assert.Equal("NamespaceList", (string)(await client.Get("/api/v1/namespaces")).Json["kind"]!);
        using var usual = new Client(server);
        Assert.Equal("NamespaceList", (string)(await usual.Get("/api/v1/namespaces")).Json["kind"]!);
        using var byName = new Client(server.KubeconfigText, $"https://localhost:{server.Port}");
        Assert.Equal("ok", (await byName.Get("/healthz")).Text);
    }

    [Fact]
    public async Task Extra_endpoints_need_the_token_too()
    {
        var options = Options with
        {
            MapExtra = routes => routes.MapPost("/apis/lab.palisade.dev/v1/connect", (RequestDelegate)(context =>
                context.Response.WriteAsync("connected"))),
        };
        await using var server = await EmbeddedApiServer.StartAsync(options);
        using var client = new Client(server);
        Assert.Equal("connected", (await client.Post("/apis/lab.palisade.dev/v1/connect", "{}")).Text);
        Assert.Equal(404, (int)(await client.Get("/apis/lab.palisade.dev/v1/connect")).Code);
        using var stranger = new Client(server, withToken: false);
        Assert.Equal(403, (int)(await stranger.Post("/apis/lab.palisade.dev/v1/connect", "{}")).Code);
    }

    [Fact]
    public async Task Stopping_ends_watches_at_once()
    {
        var server = await EmbeddedApiServer.StartAsync(Options);
        using var client = new Client(server);
        using var watch = await client.Watch("/api/v1/pods?watch=true");
        var began = TimeProvider.System.GetTimestamp();
        await server.DisposeAsync();
        Assert.Null(await watch.Next());
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 0, 5);
    }

    [Fact]
    public async Task Damaged_files_are_named()
    {
        await (await EmbeddedApiServer.StartAsync(Options)).DisposeAsync();
        var certificate = Path.Combine(Options.DataDirectory, "ca.crt");
        var good = await File.ReadAllTextAsync(certificate);
        await File.WriteAllTextAsync(certificate, "rubbish");
        Assert.Contains(
            "ca.crt", (await Assert.ThrowsAsync<InvalidDataException>(() => EmbeddedApiServer.StartAsync(Options))).Message);
        await File.WriteAllTextAsync(certificate, good);
        await File.WriteAllTextAsync(Path.Combine(Options.DataDirectory, "objects.db"), new string('x', 5000));
        Assert.Contains(
            "objects.db", (await Assert.ThrowsAsync<IOException>(() => EmbeddedApiServer.StartAsync(Options))).Message);
    }

    private static async Task<long> ListVersion(Client client) =>
        long.Parse((string)(await client.Get("/api/v1/pods")).Json["metadata"]!["resourceVersion"]!);
}

using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>
/// One server for the whole suite, on a free port with a data directory of its own; tests keep to their own
/// namespaces.
/// </summary>
public sealed class RunningServer : IAsyncLifetime
{
    public const string PodWarning = "images are not pulled: a built-in server listens on the containerPorts instead";

    public EmbeddedApiServer Server { get; private set; } = null!;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("palisade-api-").FullName;

    public Kubectl Kubectl { get; private set; } = null!;

    public Client Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await EmbeddedApiServer.StartAsync(new ApiServerOptions
        {
            DataDirectory = Path.Combine(Directory, "data"),
            PodWarning = pod =>
                pod["spec"]!["containers"]!.AsArray().Any(c => c!["command"] is null) ? PodWarning : null,
        });
        Kubectl = new Kubectl(Server.KubeconfigText, Directory);
        Client = new Client(Server);
    }

    /// <summary>A namespace of the test's own.</summary>
    public string NewNamespace(string name)
    {
        Server.Store.Create(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Namespace",
            ["metadata"] = new JsonObject { ["name"] = name },
        });
        return name;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}

using Palisade.Kubernetes.Tests;
using Xunit;

namespace Palisade.ApiServer.Tests.Custom;

/// <summary>A server on which the published CustomResourceDefinition was applied over the server's own.</summary>
public sealed class PublishedDefinitionServer : IAsyncLifetime
{
    private readonly RunningServer _running = new();

    public Kubectl Kubectl => _running.Kubectl;

    public Client Client => _running.Client;

    public EmbeddedApiServer Server => _running.Server;

    public static string File(string channel) =>
        SharedFiles.Path($"corpus/npapi-crd/{channel}/policy.networking.k8s.io_clusternetworkpolicies.yaml");

    public async ValueTask InitializeAsync()
    {
        await _running.InitializeAsync();
        Kubectl.Ok($"apply --server-side --force-conflicts -f {File("experimental")}");
    }

    public ValueTask DisposeAsync() => _running.DisposeAsync();
}

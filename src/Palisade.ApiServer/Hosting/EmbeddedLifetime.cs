using Microsoft.Extensions.Hosting;

namespace Palisade.ApiServer.Hosting;

/// <summary>
/// Leaves signals alone: the program around the server decides what Ctrl-C and SIGTERM mean, and when the server stops
/// (the host's default would swallow them and stop serving first of all).
/// </summary>
internal sealed class EmbeddedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

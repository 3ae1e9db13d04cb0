using System.Diagnostics;
using System.Net;
using Palisade.ApiServer;
using Palisade.Kubernetes.Client;
using Palisade.Lab.Dns;
using Palisade.Lab.Network;

namespace Palisade.Lab.Services;

/// <summary>The lab's Services: what is known of them, and the nodes' tables that make them work.</summary>
internal sealed class ClusterServices : IAsyncDisposable
{
    private readonly EmbeddedApiServer _server;
    private readonly IReadOnlyList<IPNetwork> _ranges;
    private readonly ServiceBook _book;
    private readonly ServiceProxy _proxy;
    private readonly OutsideNames _outside;
    private readonly ChangeSignal _signal = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;

    /// <summary>Begins to follow and to program.</summary>
    public ClusterServices(EmbeddedApiServer server, LabNetwork network, Action<string> say)
    {
        _server = server;
        _ranges = network.Plan.ServiceRanges;
        _book = new ServiceBook(server.Store, _signal.Raise);
        _following = _book.RunAsync(_stop.Token);
        _proxy = new ServiceProxy(network, _book, _signal, say);
        _outside = new OutsideNames(server.Store, network.Outside);
    }

    /// <summary>The Services and their endpoints, now.</summary>
    public ServiceView View => _book.Now.View;

    /// <summary>Answers a question to the cluster's DNS.</summary>
    /// <param name="question">The question.</param>
    /// <param name="podAt">The namespace of the pod that has an address, or null.</param>
    public DnsAnswer Answer(DnsQuestion question, Func<IPAddress, string?> podAt) =>
        _outside.Answer(question) ?? new ClusterZone(
        View,
        name => _server.Store.Get("namespaces", null, name) is not null,
        podAt,
        [.. AddressPlan.AllPods, .. _ranges]).Answer(question);

    /// <summary>
    /// Waits until the nodes send connections where the API says by now; false when that takes too long.
    /// </summary>
    public async Task<bool> CatchUpAsync(TimeSpan patience, CancellationToken cancel)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!_server.EndpointsAreCurrent || !_proxy.IsCurrent)
        {
            if (Stopwatch.GetElapsedTime(begun) > patience)
                return false;
            await Task.Delay(5, cancel);
        }

        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _stop.CancelAsync();
        await _following.ContinueWith(_ => { }, TaskScheduler.Default);
        _signal.Dispose();
        _stop.Dispose();
    }
}

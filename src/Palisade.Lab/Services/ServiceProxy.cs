using System.Net;
using Palisade.Kubernetes.Client;
using Palisade.Lab.Network;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Services;

/// <summary>
/// Keeps the Services' table of every node. Level-triggered: a pass takes all Services and commits the difference to
/// what it last committed, one transaction a node.
/// </summary>
internal sealed class ServiceProxy : IAsyncDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(200);

    private readonly List<Place> _places = [];
    private readonly IReadOnlyList<IPNetwork> _ranges;
    private readonly ServiceBook _book;
    private readonly ChangeSignal _signal;
    private readonly Action<string> _say;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private (long, long) _synced = (-1, -1);

    /// <summary>Installs empty tables and begins to follow.</summary>
    /// <param name="network">The nodes.</param>
    /// <param name="book">The Services; it calls <paramref name="signal"/>.</param>
    /// <param name="signal">Says that the book changed.</param>
    /// <param name="say">Is told what the kernel refuses.</param>
    public ServiceProxy(LabNetwork network, ServiceBook book, ChangeSignal signal, Action<string> say)
    {
        (_book, _signal, _say, _ranges) = (book, signal, say, network.Plan.ServiceRanges);
        foreach (var node in network.Nodes)
            _places.Add(node.Namespace.Run(() => new Place(node)));
        _running = RunAsync();
    }

    /// <summary>Whether the kernels have everything that the API knows of Services and endpoints.</summary>
    public bool IsCurrent => _synced.Item1 >= 0 && _book.IsNewest(_synced);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _places.ForEach(place => place.Dispose());
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await _book.Complete.WaitAsync(_stop.Token);
            while (true)
            {
                // What a kernel refused is tried again, though nothing changes any more.
                if (!SyncOnce())
                    await Task.Delay(Again, _stop.Token);
                else
                    await _signal.WaitAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The end of the lab.
        }
    }

    private bool SyncOnce()
    {
        var (view, version) = _book.Now;
        var table = ServiceTable.Of(view);
        var isDone = true;
        foreach (var place in _places)
        {
            try
            {
                place.Apply(table, _ranges);
            }
            catch (KernelException refusal)
            {
                isDone = false;
                if (place.Forget(refusal.Message))
                    _say($"Services of {place.Node.Name}: {refusal.Message}");
            }
        }

        if (isDone)
            _synced = version;
        return isDone;
    }

    /// <summary>A node's kernel.</summary>
    private sealed class Place(LabNode node) : IDisposable
    {
        private readonly NftSocket _socket = new();
        private readonly ConntrackSocket _connections = new();
        private ServiceTable? _applied;
        private string? _refusal;

        public LabNode Node => node;

        public void Apply(ServiceTable table, IReadOnlyList<IPNetwork> ranges)
        {
            _socket.Commit(_applied is null
                ? ServiceTableChange.Whole(table, node.Addresses, ranges)
                : ServiceTableChange.Between(_applied, table));
            var hasLess = _applied is null ? _refusal is not null : _applied.Chains.Any(old =>
                old.Key.Contains("/udp/", StringComparison.Ordinal)
                && (!table.Chains.TryGetValue(old.Key, out var chain) || !chain.Equals(old.Value)));
            _applied = table;
            if (hasLess)
                EndStaleDatagrams(table);
            _refusal = null;
        }

        /// <summary>
        /// The next pass begins from nothing. Answers whether the reason is another than before: it is tried again and
        /// again, and told once.
        /// </summary>
        public bool Forget(string refusal)
        {
            var isNew = refusal != _refusal;
            (_applied, _refusal) = (null, refusal);
            return isNew;
        }

        public void Dispose()
        {
            _socket.Dispose();
            _connections.Dispose();
        }

        /// <summary>
        /// UDP has no end: a client that keeps its port would be sent to an endpoint that is gone for as long as it
        /// sends. What the table would no longer choose is forgotten, and chosen anew with the next datagram.
        /// </summary>
        private void EndStaleDatagrams(ServiceTable table)
        {
            foreach (byte family in (ReadOnlySpan<byte>)[4, 6])   // the kernel compares no tuple of both
            {
                var udp = new FlowFilter
                {
                    Family = family,
                    Original = new() { Protocol = 17 },
                    Status = (FlowStatus.DestinationNat, FlowStatus.DestinationNat),
                };
                _connections.Delete(_connections.Dump(udp).Where(flow => !table.Leads(flow)).ToList());
            }
        }
    }
}

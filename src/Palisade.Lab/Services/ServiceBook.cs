using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Palisade.ApiServer;
using ObjectStore = Palisade.ApiServer.ObjectStore;

namespace Palisade.Lab.Services;

/// <summary>All Services and who stands behind them, at one moment.</summary>
internal sealed class ServiceView
{
    private readonly FrozenDictionary<string, ImmutableArray<LabEndpoint>> _endpoints;
    private readonly FrozenDictionary<string, LabService> _byKey;

    public ServiceView(IEnumerable<LabService> services, IEnumerable<LabSlice> slices)
    {
        Services = [.. services];
        _byKey = Services.ToFrozenDictionary(service => service.Key, StringComparer.Ordinal);
        _endpoints = slices.GroupBy(slice => slice.Service).ToFrozenDictionary(
            group => group.Key,
            // A pod that moves from slice to slice may be in both for a moment.
            group => group.SelectMany(slice => slice.Endpoints).DistinctBy(end => (end.Address, PortsText(end)))
                .ToImmutableArray(),
            StringComparer.Ordinal);
    }

    /// <summary>No Services.</summary>
    public static ServiceView Empty { get; } = new([], []);

    /// <summary>By namespace and name.</summary>
    public ImmutableArray<LabService> Services { get; }

    /// <summary>The Service of that name, or null.</summary>
    public LabService? Find(string ns, string name) => _byKey.GetValueOrDefault($"{ns}/{name}");

    /// <summary>The ready endpoints, of both families.</summary>
    public ImmutableArray<LabEndpoint> EndpointsOf(LabService service) =>
        _endpoints.GetValueOrDefault(service.Key, []);

    /// <summary>Where a port of a Service leads in a family, by address.</summary>
    public IEnumerable<(IPAddress Address, ushort Port)> Targets(
        LabService service, LabServicePort port, System.Net.Sockets.AddressFamily family) =>
        EndpointsOf(service).Where(end => end.Address.AddressFamily == family)
            .SelectMany(end => end.Ports.Where(p => p.Name == port.Name && p.Protocol == port.Protocol)
                .Select(p => (end.Address, p.Number)))
            .Distinct();

    private static string PortsText(LabEndpoint end) => string.Join(',', end.Ports);
}

/// <summary>Follows Services and EndpointSlices for the nodes' tables and the cluster's DNS.</summary>
internal sealed class ServiceBook
{
    private readonly ObjectFollower<LabService> _services;
    private readonly ObjectFollower<LabSlice> _slices;
    private volatile Known _known = new(ServiceView.Empty, (-1, -1));

    /// <summary>Prepares it; <see cref="RunAsync"/> makes it follow.</summary>
    /// <param name="store">The objects.</param>
    /// <param name="changed">Is called after each change.</param>
    public ServiceBook(ObjectStore store, Action changed)
    {
        _services = new(store, "services", LabService.Read, changed);
        _slices = new(store, "endpointslices.discovery.k8s.io", LabSlice.Read, changed);
    }

    /// <summary>Ends when everything that there was has been read.</summary>
    public Task Complete => Task.WhenAll(_services.Complete, _slices.Complete);

    /// <summary>What is known now, and the versions it is of.</summary>
    public (ServiceView View, (long Services, long Slices) Version) Now
    {
        get
        {
            var known = _known;
            if (known.Version != (_services.Version, _slices.Version))
            {
                var (services, servicesVersion) = _services.Now;
                var (slices, slicesVersion) = _slices.Now;
                _known = known = new(new ServiceView(services, slices), (servicesVersion, slicesVersion));
            }

            return (known.View, known.Version);
        }
    }

    /// <summary>Whether the API knows nothing newer.</summary>
    public bool IsNewest((long Services, long Slices) version) =>
        _services.IsNewest(version.Services) && _slices.IsNewest(version.Slices);

    /// <summary>Follows until cancelled.</summary>
    public Task RunAsync(CancellationToken cancel) =>
        Task.WhenAll(_services.RunAsync(cancel), _slices.RunAsync(cancel));

    private sealed record Known(ServiceView View, (long Services, long Slices) Version);
}

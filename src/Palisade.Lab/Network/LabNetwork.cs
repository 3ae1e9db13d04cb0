using System.Net;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Lab.Network;

/// <summary>
/// The fabric (a namespace that routes between nodes), the nodes, and the outside: everything but the pods. Between
/// nodes there are routes only: one kind of wire, and every hop is an ordinary router that preserves source addresses.
/// </summary>
internal sealed class LabNetwork : IAsyncDisposable
{
    private readonly NetworkNamespace _fabric;
    private readonly List<LabNode> _nodes = [];

    private readonly LabCni _cni;

    private LabNetwork(AddressPlan plan, LabCni cni)
    {
        (Plan, _cni) = (plan, cni);
        _fabric = LabNamespaces.CreateRouter("fabric");
        Outside = new Outside(plan);
    }

    /// <summary>Which addresses are whose.</summary>
    public AddressPlan Plan { get; }

    /// <summary>The nodes, by number.</summary>
    public IReadOnlyList<LabNode> Nodes => _nodes;

    /// <summary>Whoever is not in the cluster.</summary>
    public Outside Outside { get; }

    /// <summary>Builds the network with nodes 1 to <paramref name="nodes"/>.</summary>
    public static async Task<LabNetwork> CreateAsync(
        int nodes, LabCni cni = LabCni.Routed, CancellationToken cancel = default)
    {
        var network = new LabNetwork(new AddressPlan(LabNamespaces.HasIPv6), cni);
        try
        {
            network.Outside.ConnectTo(network._fabric);
            for (var number = 1; number <= nodes; number++)
            {
                cancel.ThrowIfCancellationRequested();
                network._nodes.Add(network.AddNode(number));
            }

            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>The node of that name, or null.</summary>
    public LabNode? Node(string? name) => _nodes.Find(node => node.Name == name);

    /// <summary>Leads packets for an address outside the node's pod range to that node all the same.</summary>
    public void RouteTo(LabNode node, IPAddress address) =>
        InFabric(routing => routing.ReplaceRoute(ViaNode(node, Wire.HostRoute(address).Destination)));

    /// <summary>Takes such a route back.</summary>
    public void Unroute(IPAddress address) => InFabric(routing =>
    {
        try
        {
            routing.DeleteRoute(Wire.HostRoute(address));
        }
        catch (KernelException gone) when (gone.Errno == 3)
        {
            // ESRCH: it went with the node's link.
        }
    });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            node.Namespace.Dispose();
        await Outside.DisposeAsync();
        _fabric.Dispose();
    }

    private LabNode AddNode(int number)
    {
        var addresses = Plan.Node(number);
        var name = AddressPlan.NodeName(number);
        var bridge = _cni == LabCni.Bridged ? Plan.Pod(number, AddressPlan.BridgeSlot) : null;
        var node = new LabNode(
            number, name, LabNamespaces.CreateRouter(name), addresses, Plan.PodRanges(number), bridge);
        Wire.Lay(_fabric, name, node.Namespace, addresses, null).Open();
        InFabric(routing =>
        {
            foreach (var range in Plan.PodRanges(number))
                routing.AddRoute(ViaNode(node, range));
        });
        if (bridge is not null)
        {
            BridgePort.Build(node.Namespace, bridge, node.PodRanges);
            return node;
        }

        // An address of the range that no pod has must end here: by the default route it would come back, and go round.
        node.Namespace.Run(() =>
        {
            using var routing = new RtSocket();
            foreach (var range in Plan.PodRanges(number))
                routing.AddRoute(new Route(range) { Kind = RouteKind.Blackhole });
        });
        return node;
    }

    private static Route ViaNode(LabNode node, IPNetwork range) => new(range)
    {
        Gateway = range.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? node.Addresses.V6
            : node.Addresses.V4,
        Device = node.Name,
        OnLink = true,
    };

    private void InFabric(Action<RtSocket> work) => _fabric.Run(() =>
    {
        using var routing = new RtSocket();
        work(routing);
    });
}

/// <summary>A node of the lab.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Name">Its name.</param>
/// <param name="Namespace">What stands for the machine.</param>
/// <param name="Addresses">Its own addresses.</param>
/// <param name="PodRanges">Where its pods' addresses come from.</param>
/// <param name="Bridge">The addresses of the bridge that its pods are ports of; null: it has routes to them.</param>
internal sealed record LabNode(
    int Number, string Name, NetworkNamespace Namespace, AddressPair Addresses, IReadOnlyList<IPNetwork> PodRanges,
    AddressPair? Bridge)
{
    /// <summary>Connects a pod, whose end stays down until it is opened.</summary>
    public IPodLink Connect(string name, NetworkNamespace pod, AddressPair addresses) => Bridge is { } gateway
        ? BridgePort.Lay(this, name, pod, addresses, gateway)
        : Wire.Lay(Namespace, name, pod, addresses, Addresses);
}

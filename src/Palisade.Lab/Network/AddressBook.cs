using System.Net;
using System.Net.Sockets;

namespace Palisade.Lab.Network;

/// <summary>A pod's addresses, and how they are given back.</summary>
/// <param name="Addresses">The addresses.</param>
/// <param name="Slot">The slot of the node's pod range, or null when none of it is used.</param>
/// <param name="Foreign">Those outside the node's own ranges, which the fabric must be told of.</param>
internal sealed record AddressLease(AddressPair Addresses, int? Slot, IReadOnlyList<IPAddress> Foreign);

/// <summary>
/// Gives pods their addresses: the ones they had or ask for where nobody else has them, else the node's next ones.
/// Not safe for concurrent use; the pod controller owns it.
/// </summary>
internal sealed class AddressBook(LabNetwork network)
{
    private readonly Dictionary<string, AddressPool> _pools =
        network.Nodes.ToDictionary(node => node.Name, _ => new AddressPool());
    private readonly HashSet<IPAddress> _foreign = [];

    /// <summary>Leases addresses on a node; null when the node has none left.</summary>
    public AddressLease? Lease(LabNode node, IReadOnlyList<IPAddress> wished)
    {
        var v4 = wished.FirstOrDefault(
            address => address.AddressFamily == AddressFamily.InterNetwork && MayHave(node, address));
        var v6 = network.Plan.HasIPv6
            ? wished.FirstOrDefault(
                address => address.AddressFamily == AddressFamily.InterNetworkV6 && MayHave(node, address))
            : null;
        var pool = _pools[node.Name];
        int? slot = v4 is null ? null : network.Plan.SlotOf(node.Number, v4);
        if (slot is null || !pool.TryTake(slot.Value))
            slot = pool.TakeNext();
        if (slot is null)
            return null;
        var own = network.Plan.Pod(node.Number, slot.Value);
        IPAddress[] foreign = [.. ((IPAddress?[])[v4, v6]).OfType<IPAddress>().Where(IsForeign).Where(_foreign.Add)];
        var addresses = new AddressPair(
            Array.Find(foreign, address => address.AddressFamily == AddressFamily.InterNetwork) ?? own.V4,
            Array.Find(foreign, address => address.AddressFamily == AddressFamily.InterNetworkV6) ?? own.V6);
        foreach (var address in foreign)
            network.RouteTo(node, address);
        return new AddressLease(addresses, slot, foreign);
    }

    /// <summary>Takes a lease back.</summary>
    public void Release(LabNode node, AddressLease lease)
    {
        if (lease.Slot is { } slot)
            _pools[node.Name].Release(slot);
        foreach (var address in lease.Foreign)
        {
            _foreign.Remove(address);
            network.Unroute(address);
        }
    }

    /// <summary>
    /// An address of another node's range stays there: its route leads there. So do the nodes' and the outside's own.
    /// </summary>
    private bool MayHave(LabNode node, IPAddress address) =>
        network.Plan.SlotOf(node.Number, address) is not null
        || (IsForeign(address) && !_foreign.Contains(address) && !IsInfrastructure(address));

    private bool IsForeign(IPAddress address) => !AddressPlan.AllPods.Any(range => range.Contains(address));

    private bool IsInfrastructure(IPAddress address) =>
        network.Nodes.SelectMany(node => node.Addresses.All).Concat(network.Plan.Outside.All).Contains(address)
        || IPAddress.IsLoopback(address) || address.IsIPv6LinkLocal || address.IsIPv6Multicast
        || address.Equals(AddressPlan.PodGatewayV4) || address.Equals(AddressPlan.FabricGatewayV4)
        || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is 0 or >= 224);
}

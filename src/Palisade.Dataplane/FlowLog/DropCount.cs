using Palisade.Nftables;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.FlowLog;

/// <summary>How many packets a node's table has stopped for one reason.</summary>
/// <param name="Reason">As in flow records.</param>
/// <param name="Direction">The side that stopped them, where a counter is of one side.</param>
/// <param name="Packets">Since the table was made.</param>
public readonly record struct DropCount(string Reason, Direction? Direction, ulong Packets)
{
    /// <summary>All counters of the node's table.</summary>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused, or there is no table.</exception>
    public static IReadOnlyList<DropCount> Read(NftSocket socket) =>
    [
        .. from counter in socket.Counters(Lower.Names.Table())
           let mark = new DropMark(counter.Name, "", true)
           select new DropCount(mark.Reason, mark.Direction, counter.Packets),
    ];
}

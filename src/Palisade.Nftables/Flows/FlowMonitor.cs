using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Flows;

/// <summary>What happened to a connection.</summary>
[Flags]
public enum FlowChange
{
    /// <summary>It was confirmed.</summary>
    New = 1,

    /// <summary>Its status, protocol state, mark or labels changed.</summary>
    Updated = 2,

    /// <summary>It ended.</summary>
    Ended = 4,

    /// <summary>The receive buffer overflowed and events were dropped: dump again.</summary>
    Lost = 8,
}

/// <summary>One event; the connection is null when events were lost.</summary>
public readonly record struct FlowEvent(FlowChange Change, Flow? Flow);

/// <summary>Events about the connections of the namespace of the thread that created it.</summary>
/// <remarks>
/// With sysctl net.netfilter.nf_conntrack_events = 2, the kernel's default, a connection that began while nobody
/// listened never has an event, its end included; 1 makes each connection have them. Memory is bounded by the receive
/// buffer; what does not fit is reported as <see cref="FlowChange.Lost"/>.
/// </remarks>
public sealed class FlowMonitor : IDisposable
{
    private readonly NetlinkSocket _socket;

    /// <summary>Subscribes; what happens from now on is reported.</summary>
    /// <param name="changes">Any of New, Updated and Ended.</param>
    /// <param name="receiveBuffer">Bytes; unprivileged no more than net.core.rmem_max.</param>
    public FlowMonitor(
        FlowChange changes = FlowChange.New | FlowChange.Updated | FlowChange.Ended,
        int receiveBuffer = 4 * 1024 * 1024)
    {
        // NFNLGRP_CONNTRACK_NEW 1, _UPDATE 2, _DESTROY 3; group n is bit n - 1
        _socket = new(NetlinkConstants.Netfilter, (uint)changes & 7);
        _socket.EnsureReceiveBuffer(receiveBuffer);
    }

    /// <summary>The next event, or null when none came in time. A negative time waits for ever.</summary>
    public FlowEvent? Read(TimeSpan timeout)
    {
        try
        {
            while (_socket.TryReceive(timeout, out var message))
            {
                if (Decode(message) is { } found)
                    return found;
            }

            return null;
        }
        catch (KernelException e) when (e.Errno == Errno.ENOBUFS)
        {
            return new(FlowChange.Lost, null);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static FlowEvent? Decode(in NetlinkMessage message)
    {
        if (message.Type is not (ConntrackSocket.New or ConntrackSocket.DeleteType))
            return null;
        if (FlowWire.Decode(message.Payload) is not { } flow)
            return null;
        var isNew = (message.Flags & NetlinkConstants.Create) != 0;
        return new(message.Type == ConntrackSocket.DeleteType ? FlowChange.Ended
            : isNew ? FlowChange.New : FlowChange.Updated, flow);
    }
}

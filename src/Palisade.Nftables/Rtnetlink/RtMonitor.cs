using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Rtnetlink;

/// <summary>What a notification is about.</summary>
public enum RtChange
{
    /// <summary>An interface appeared or changed.</summary>
    LinkChanged,

    /// <summary>An interface went away (also: moved to another namespace).</summary>
    LinkDeleted,

    /// <summary>An address was added or changed.</summary>
    AddressChanged,

    /// <summary>An address was removed.</summary>
    AddressDeleted,

    /// <summary>A route was added or replaced.</summary>
    RouteChanged,

    /// <summary>A route was removed.</summary>
    RouteDeleted,

    /// <summary>The kernel dropped notifications (ENOBUFS): dump again.</summary>
    Lost,
}

/// <summary>One change; exactly the part it is about is set.</summary>
/// <param name="Change">What happened.</param>
/// <param name="Link">For link changes.</param>
/// <param name="Address">For address changes.</param>
/// <param name="Route">For route changes; its Device is never set here, see RouteDevice.</param>
/// <param name="RouteDevice">For route changes: the interface's number.</param>
public sealed record RtNotification(
    RtChange Change, Link? Link = null, InterfaceAddress? Address = null, Route? Route = null, int? RouteDevice = null);

/// <summary>Notifications of link, address and route changes in the namespace of the thread that created it.</summary>
public sealed class RtMonitor : IDisposable
{
    // RTNLGRP_LINK 1, IPV4_IFADDR 5, IPV4_ROUTE 7, IPV6_IFADDR 9, IPV6_ROUTE 11; group n is bit n - 1
    private const uint Groups = 1u << 0 | 1u << 4 | 1u << 6 | 1u << 8 | 1u << 10;
    private static readonly TimeSpan CancellationLatency = TimeSpan.FromMilliseconds(100);
    private readonly NetlinkSocket _socket;

    /// <summary>Subscribes in the calling thread's namespace; what happens from now on is reported.</summary>
    public RtMonitor()
    {
        _socket = new(NetlinkConstants.Route, Groups);
        _socket.EnsureReceiveBuffer(4 * 1024 * 1024);
    }

    /// <summary>The next change, or null when none came in time. A negative time waits for ever.</summary>
    public RtNotification? Read(TimeSpan timeout)
    {
        try
        {
            while (_socket.TryReceive(timeout, out var message))
            {
                if (Decode(message) is { } notification)
                    return notification;
            }

            return null;
        }
        catch (KernelException e) when (e.Errno == Errno.ENOBUFS)
        {
            return new(RtChange.Lost);
        }
    }

    /// <summary>All changes until cancellation, read by a pool thread that blocks for short times.</summary>
    public async IAsyncEnumerable<RtNotification> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var next = Read(TimeSpan.Zero) ?? await Task.Run(() => Read(CancellationLatency), CancellationToken.None);
            if (next is not null)
                yield return next;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static RtNotification? Decode(in NetlinkMessage message) => message.Type switch
    {
        RtConstants.NewLink => new(RtChange.LinkChanged, Link: Link.Decode(message.Payload)),
        RtConstants.DeleteLink => new(RtChange.LinkDeleted, Link: Link.Decode(message.Payload)),
        RtConstants.NewAddress => new(RtChange.AddressChanged, Address: InterfaceAddress.Decode(message.Payload)),
        RtConstants.DeleteAddress => new(RtChange.AddressDeleted, Address: InterfaceAddress.Decode(message.Payload)),
        RtConstants.NewRoute => DecodeRoute(RtChange.RouteChanged, message.Payload),
        RtConstants.DeleteRoute => DecodeRoute(RtChange.RouteDeleted, message.Payload),
        _ => null,
    };

    private static RtNotification? DecodeRoute(RtChange change, byte[] payload)
    {
        if (Route.Decode(payload, _ => null) is not { } route)
            return null;
        var device = AttributeReader.Find(payload.AsSpan(12), RtConstants.RouteDevice);
        int? index = device.IsEmpty ? null : BinaryPrimitives.ReadInt32LittleEndian(device);
        return new(change, Route: route, RouteDevice: index);
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Rtnetlink;

/// <summary>What a route does with a packet (rtm_type).</summary>
public enum RouteKind : byte
{
    /// <summary>Sends it on.</summary>
    Unicast = 1,

    /// <summary>Delivers it here (the kernel's own routes of table local).</summary>
    Local = 2,

    /// <summary>Link broadcast.</summary>
    Broadcast = 3,

    /// <summary>Anycast (IPv6).</summary>
    Anycast = 4,

    /// <summary>Multicast.</summary>
    Multicast = 5,

    /// <summary>Drops it silently.</summary>
    Blackhole = 6,

    /// <summary>Drops it and answers "host unreachable".</summary>
    Unreachable = 7,

    /// <summary>Drops it and answers "administratively prohibited".</summary>
    Prohibit = 8,
}

/// <summary>A route of one table. Gateway, device or both; a kind that drops needs neither.</summary>
public sealed record Route(IPNetwork Destination)
{
    /// <summary>The next hop.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>The outgoing interface's name. In dumps it is set where the interface exists.</summary>
    public string? Device { get; init; }

    /// <summary>The gateway is taken to be on the device's link though no prefix says so.</summary>
    public bool OnLink { get; init; }

    /// <summary>The local address preferred as source.</summary>
    public IPAddress? PreferredSource { get; init; }

    /// <summary>Smaller wins; null leaves the kernel's default (0, IPv6: 1024).</summary>
    public uint? Metric { get; init; }

    /// <summary>Routing table: 254 main, 255 local.</summary>
    public uint Table { get; init; } = 254;

    /// <summary>What it does.</summary>
    public RouteKind Kind { get; init; } = RouteKind.Unicast;

    /// <summary>Who made it: 2 the kernel, 3 boot, 4 an administrator.</summary>
    public byte Protocol { get; init; } = 4;

    /// <summary>
    /// struct rtmsg: family, destination length, source length, tos, table, protocol, scope, type, all u8 · flags
    ///   u32; attributes.
    /// </summary>
    internal void Encode(NetlinkBuffer buffer, int? deviceIndex)
    {
        var v4 = Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        // scope link without a gateway, as ip(8) chooses
        var scope = v4 && Gateway is null && Kind == RouteKind.Unicast ? (byte)253 : (byte)0;
        Span<byte> message = stackalloc byte[12];
        message[0] = v4 ? RtConstants.FamilyV4 : RtConstants.FamilyV6;
        message[1] = (byte)Destination.PrefixLength;
        message[4] = Table < 256 ? (byte)Table : (byte)0;
        message[5] = Protocol;
        message[6] = scope;
        message[7] = (byte)Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(message[8..], OnLink ? RtConstants.NextHopOnLink : 0);
        buffer.Append(message);
        buffer.PutHost32(RtConstants.RouteTable, Table);
        if (Destination.PrefixLength > 0)
            buffer.Put(RtConstants.RouteDestination, Destination.BaseAddress.GetAddressBytes());
        if (Gateway is not null)
            EncodeGateway(buffer, v4, Gateway);
        if (deviceIndex is { } index)
            buffer.PutHost32(RtConstants.RouteDevice, (uint)index);
        if (Metric is { } metric)
            buffer.PutHost32(RtConstants.RoutePriority, metric);
        if (PreferredSource is not null)
            buffer.Put(RtConstants.RoutePreferredSource, PreferredSource.GetAddressBytes());
    }

    internal static Route? Decode(ReadOnlySpan<byte> payload, Func<int, string?> nameOf)
    {
        if (payload[0] is not (RtConstants.FamilyV4 or RtConstants.FamilyV6))
            return null;
        var destination = payload[0] == RtConstants.FamilyV4 ? IPAddress.Any : IPAddress.IPv6Any;
        var route = new Route(new IPNetwork(destination, 0))
        {
            Table = payload[4],
            Protocol = payload[5],
            Kind = (RouteKind)payload[7],
            OnLink = (payload[8] & RtConstants.NextHopOnLink) != 0,
        };
        var reader = new AttributeReader(payload[12..]);
        while (reader.Next())
        {
            route = reader.Type switch
            {
                RtConstants.RouteDestination => route with { Destination = new(new(reader.Payload), payload[1]) },
                RtConstants.RouteGateway => route with { Gateway = new(reader.Payload) },
                RtConstants.RouteVia => route with { Gateway = new(reader.Payload[2..]) },
                RtConstants.RouteDevice => route with { Device = nameOf((int)reader.Host32) },
                RtConstants.RoutePriority => route with { Metric = reader.Host32 },
                RtConstants.RoutePreferredSource => route with { PreferredSource = new(reader.Payload) },
                RtConstants.RouteTable => route with { Table = reader.Host32 },
                _ => route,
            };
        }

        return route;
    }

    private static void EncodeGateway(NetlinkBuffer buffer, bool v4, IPAddress gateway)
    {
        var bytes = gateway.GetAddressBytes();
        var family = bytes.Length == 4 ? RtConstants.FamilyV4 : RtConstants.FamilyV6;
        if (v4 == (bytes.Length == 4))
            buffer.Put(RtConstants.RouteGateway, bytes);
        else
            buffer.Put(RtConstants.RouteVia, [family, 0, .. bytes]);
    }
}

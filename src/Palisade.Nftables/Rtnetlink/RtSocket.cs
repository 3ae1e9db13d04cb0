using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Rtnetlink;

/// <summary>Links, addresses, routes and neighbours of one network namespace (rtnetlink(7)).</summary>
/// <remarks>
/// It belongs to the namespace of the thread that created it: create it inside
/// <see cref="NetworkNamespace.Run{T}"/>. After that any thread may use it, one at a time. Refusals are <see
/// cref="NetlinkException"/>s.
/// </remarks>
public sealed class RtSocket : IDisposable
{
    private const uint Up = 1;
    private readonly NetlinkSocket _socket;
    private readonly NetlinkBuffer _buffer = new();

    /// <summary>Opens a socket in the calling thread's namespace.</summary>
    public RtSocket()
    {
        _socket = new(NetlinkConstants.Route);
        _socket.BeStrict();
    }

    /// <summary>
    /// Creates a veth pair. The peer is made directly in another namespace where its descriptor is given.
    /// </summary>
    /// <remarks>Both ends are down. Nothing of the peer ever shows up in this namespace then.</remarks>
    public void CreateVeth(string name, string peerName, int? peerNamespace = null, uint? mtu = null)
    {
        var sequence = BeginLink(RtConstants.NewLink, NetlinkConstants.Create | NetlinkConstants.Exclusive, name);
        if (mtu is { } own)
            _buffer.PutHost32(RtConstants.LinkMtu, own);
        var link = _buffer.BeginNest(RtConstants.LinkKindNest);
        _buffer.PutString(RtConstants.KindName, "veth");
        var settings = _buffer.BeginNest(RtConstants.KindSettings);
        var peer = _buffer.BeginNest(RtConstants.VethPeer);
        _buffer.Append(new byte[16]);   // struct ifinfomsg of the peer: nothing asked for
        _buffer.PutString(RtConstants.LinkName, peerName);
        if (mtu is { } theirs)
            _buffer.PutHost32(RtConstants.LinkMtu, theirs);
        if (peerNamespace is { } descriptor)
            _buffer.PutHost32(RtConstants.LinkNamespaceDescriptor, (uint)descriptor);
        _buffer.EndNest(peer);
        _buffer.EndNest(settings);
        _buffer.EndNest(link);
        Execute(sequence, $"create veth {name} with peer {peerName}");
    }

    /// <summary>Creates a bridge, down.</summary>
    public void CreateBridge(string name) => CreateKind(name, "bridge");

    /// <summary>Makes an interface a port of a bridge; null takes it out.</summary>
    public void SetMaster(string name, string? bridge) =>
        Change(name, $"set master of {name} to {bridge}", RtConstants.LinkMaster, bridge is null ? 0 : IndexOf(bridge));

    /// <summary>Whether a port of a bridge sends frames back to where they came from.</summary>
    public void SetHairpin(string port, bool on)
    {
        var sequence = BeginLink(RtConstants.NewLink, 0, port);
        var nest = _buffer.BeginNest(RtConstants.LinkKindNest);
        _buffer.PutString(RtConstants.PortKind, "bridge");
        var settings = _buffer.BeginNest(RtConstants.PortSettings);
        _buffer.PutByte(RtConstants.PortHairpin, on ? (byte)1 : (byte)0);
        _buffer.EndNest(settings);
        _buffer.EndNest(nest);
        Execute(sequence, $"set hairpin mode of {port}");
    }

    /// <summary>Brings an interface up.</summary>
    public void SetUp(string name) => SetFlags(name, Up);

    /// <summary>Sets the largest packet size in bytes.</summary>
    public void SetMtu(string name, uint mtu) =>
        Change(name, $"set mtu of {name} to {mtu}", RtConstants.LinkMtu, (int)mtu);

    /// <summary>Sets the MAC address.</summary>
    public void SetHardwareAddress(string name, PhysicalAddress address)
    {
        var sequence = BeginLink(RtConstants.NewLink, 0, name);
        _buffer.Put(RtConstants.LinkAddress, address.GetAddressBytes());
        Execute(sequence, $"set address of {name} to {address}");
    }

    /// <summary>Renames an interface; it must be down.</summary>
    public void Rename(string name, string newName)
    {
        var index = IndexOf(name);
        var sequence = Begin(RtConstants.NewLink, 0);
        AppendLinkHeader(index, 0, 0);
        _buffer.PutString(RtConstants.LinkName, newName);
        Execute(sequence, $"rename {name} to {newName}");
    }

    /// <summary>Moves an interface to another namespace; it arrives down and without addresses.</summary>
    public void MoveTo(string name, int namespaceDescriptor) =>
        Change(name, $"move {name}", RtConstants.LinkNamespaceDescriptor, namespaceDescriptor);

    /// <summary>Deletes an interface; a veth takes its peer with it.</summary>
    public void DeleteLink(string name) => Execute(BeginLink(RtConstants.DeleteLink, 0, name), $"delete link {name}");

    /// <summary>Every interface of the namespace.</summary>
    public ImmutableArray<Link> Links() =>
        [.. Dump(RtConstants.GetLink, "dump links", new byte[16])
            .Where(m => m.Type == RtConstants.NewLink).Select(m => Link.Decode(m.Payload))];

    /// <summary>One interface; null when there is none of that name.</summary>
    public Link? FindLink(string name)
    {
        var sequence = BeginLink(RtConstants.GetLink, 0, name);
        try
        {
            var answers = Execute(sequence, $"get link {name}");
            return answers.Count > 0 ? Link.Decode(answers[0].Payload) : null;
        }
        catch (NetlinkException e) when (e.Errno == Errno.ENODEV)
        {
            return null;
        }
    }

    /// <summary>
    /// The other end of a veth in another namespace, without entering that: its link, and its addresses there. Null: it
    /// is gone, it is no veth, or this process may not administer that namespace (CAP_NET_ADMIN over its owner).
    /// </summary>
    public (Link Link, ImmutableArray<InterfaceAddress> Addresses)? FindPeer(Link link)
    {
        if (link is not { Kind: "veth", PeerIndex: { } index, PeerNamespace: { } space })
            return null;
        try
        {
            var sequence = Begin(RtConstants.GetLink, 0);
            AppendLinkHeader(index, 0, 0);
            _buffer.PutHost32(RtConstants.LinkTargetNamespace, (uint)space);
            var answers = Execute(sequence, $"get the peer of {link.Name}");
            Span<byte> header = stackalloc byte[8];
            BinaryPrimitives.WriteInt32LittleEndian(header[4..], index);
            var addresses = Dump(
                RtConstants.GetAddress, $"dump addresses of the peer of {link.Name}", header.ToArray(),
                (RtConstants.AddressTargetNamespace, (uint)space));
            return (Link.Decode(answers[0].Payload),
                [.. addresses.Where(m => m.Type == RtConstants.NewAddress)
                    .Select(m => InterfaceAddress.Decode(m.Payload)).Where(a => a.LinkIndex == index)]);
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    /// <summary>The interface's number.</summary>
    /// <exception cref="KernelException">ENODEV: there is none of that name.</exception>
    public int IndexOf(string name) => FindLink(name)?.Index ?? throw new KernelException($"link {name}", Errno.ENODEV);

    /// <summary>Adds an address. IPv6 addresses skip duplicate detection, so that they are usable at once.</summary>
    public void AddAddress(string link, IPAddress address, int prefixLength)
    {
        var flags = NetlinkConstants.Create | NetlinkConstants.Exclusive;
        var sequence = BeginAddress(RtConstants.NewAddress, flags, link, address, prefixLength);
        Execute(sequence, $"add {address}/{prefixLength} to {link}");
    }

    /// <summary>Removes an address.</summary>
    public void DeleteAddress(string link, IPAddress address, int prefixLength)
    {
        var sequence = BeginAddress(RtConstants.DeleteAddress, 0, link, address, prefixLength);
        Execute(sequence, $"delete {address}/{prefixLength} from {link}");
    }

    /// <summary>Every address of the namespace, both families.</summary>
    public ImmutableArray<InterfaceAddress> Addresses() =>
        [.. Dump(RtConstants.GetAddress, "dump addresses", new byte[8])
            .Where(m => m.Type == RtConstants.NewAddress).Select(m => InterfaceAddress.Decode(m.Payload))];

    /// <summary>Adds a route; EEXIST when one is there.</summary>
    public void AddRoute(Route route) =>
        SendRoute(RtConstants.NewRoute, NetlinkConstants.Create | NetlinkConstants.Exclusive, route, "add");

    /// <summary>Adds a route or replaces the one with the same destination and metric.</summary>
    public void ReplaceRoute(Route route) =>
        SendRoute(RtConstants.NewRoute, NetlinkConstants.Create | NetlinkConstants.Replace, route, "replace");

    /// <summary>Deletes a route; ESRCH when there is none.</summary>
    public void DeleteRoute(Route route) => SendRoute(RtConstants.DeleteRoute, 0, route, "delete");

    /// <summary>
    /// Every route of both families and all tables (the kernel's local table included). Multipath routes have no
    /// gateway here.
    /// </summary>
    public ImmutableArray<Route> Routes()
    {
        var names = Links().ToDictionary(link => link.Index, link => link.Name);
        var messages = Dump(RtConstants.GetRoute, "dump routes", new byte[12]);
        return [.. messages.Where(m => m.Type == RtConstants.NewRoute)
            .Select(m => Route.Decode(m.Payload, names.GetValueOrDefault)).OfType<Route>()];
    }

    /// <summary>Adds or replaces a permanent neighbour entry.</summary>
    /// <remarks>
    /// struct ndmsg: family u8 · padding u8, u16 · index i32 · state u16 (0x80 permanent) · flags u8 · type u8.
    /// </remarks>
    public void AddNeighbour(string link, IPAddress address, PhysicalAddress hardwareAddress)
    {
        var index = IndexOf(link);
        var sequence = Begin(RtConstants.NewNeighbour, NetlinkConstants.Create | NetlinkConstants.Replace);
        Span<byte> message = stackalloc byte[12];
        message[0] = FamilyOf(address);
        BinaryPrimitives.WriteInt32LittleEndian(message[4..], index);
        BinaryPrimitives.WriteUInt16LittleEndian(message[8..], 0x80);
        _buffer.Append(message);
        _buffer.Put(1, address.GetAddressBytes());
        _buffer.Put(2, hardwareAddress.GetAddressBytes());
        Execute(sequence, $"add neighbour {address} on {link}");
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static byte FamilyOf(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork ? RtConstants.FamilyV4 : RtConstants.FamilyV6;

    private void CreateKind(string name, string kind)
    {
        var sequence = BeginLink(RtConstants.NewLink, NetlinkConstants.Create | NetlinkConstants.Exclusive, name);
        var nest = _buffer.BeginNest(RtConstants.LinkKindNest);
        _buffer.PutString(RtConstants.KindName, kind);
        _buffer.EndNest(nest);
        Execute(sequence, $"create {kind} {name}");
    }

    private void SetFlags(string name, uint up)
    {
        var sequence = Begin(RtConstants.NewLink, 0);
        AppendLinkHeader(0, up, Up);
        _buffer.PutString(RtConstants.LinkName, name);
        Execute(sequence, $"set {name} {(up == 0 ? "down" : "up")}");
    }

    private void Change(string name, string what, int attribute, int value)
    {
        var sequence = BeginLink(RtConstants.NewLink, 0, name);
        _buffer.PutHost32(attribute, (uint)value);
        Execute(sequence, what);
    }

    private void SendRoute(ushort type, int flags, Route route, string verb)
    {
        int? index = route.Device is null ? null : IndexOf(route.Device);
        var sequence = Begin(type, flags);
        route.Encode(_buffer, index);
        var via = route.Gateway is null ? "" : $" via {route.Gateway}";
        var device = route.Device is null ? "" : $" dev {route.Device}";
        Execute(sequence, $"{verb} route {route.Destination}{via}{device}");
    }

    private uint BeginAddress(ushort type, int flags, string link, IPAddress address, int prefixLength)
    {
        var index = IndexOf(link);
        var sequence = Begin(type, flags);
        Span<byte> message = stackalloc byte[8];
        message[0] = FamilyOf(address);
        message[1] = (byte)prefixLength;
        BinaryPrimitives.WriteInt32LittleEndian(message[4..], index);
        _buffer.Append(message);
        var bytes = address.GetAddressBytes();
        _buffer.Put(RtConstants.AddressLocal, bytes);
        _buffer.Put(RtConstants.AddressPeer, bytes);
        if (bytes.Length == 16)
            _buffer.PutHost32(RtConstants.AddressFlags, RtConstants.NoDuplicateDetection);
        return sequence;
    }

    private uint BeginLink(ushort type, int flags, string name)
    {
        var sequence = Begin(type, flags);
        AppendLinkHeader(0, 0, 0);
        _buffer.PutString(RtConstants.LinkName, name);
        return sequence;
    }

    private void AppendLinkHeader(int index, uint flags, uint change)
    {
        Span<byte> message = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(message[4..], index);
        BinaryPrimitives.WriteUInt32LittleEndian(message[8..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(message[12..], change);
        _buffer.Append(message);
    }

    private uint Begin(ushort type, int flags)
    {
        var sequence = _socket.NextSequence();
        _buffer.Clear();
        _buffer.Begin(type, (ushort)(flags | NetlinkConstants.Request | NetlinkConstants.Ack), sequence);
        return sequence;
    }

    private List<NetlinkMessage> Execute(uint sequence, string what)
    {
        _buffer.End();
        return _socket.Request(_buffer, sequence, what);
    }

    private List<NetlinkMessage> Dump(
        ushort type, string what, byte[] header, params ReadOnlySpan<(int Type, uint Value)> attributes)
    {
        for (var attempt = 0; attempt < 10; attempt++)
        {
            var sequence = _socket.NextSequence();
            _buffer.Clear();
            _buffer.Begin(type, NetlinkConstants.Request | NetlinkConstants.Dump, sequence);
            _buffer.Append(header);
            foreach (var attribute in attributes)
                _buffer.PutHost32(attribute.Type, attribute.Value);
            _buffer.End();
            if (_socket.Dump(_buffer, sequence, what) is { } answers)
                return answers;
        }

        throw new KernelException($"{what}: it changed during each of 10 attempts", Errno.EINTR);
    }
}

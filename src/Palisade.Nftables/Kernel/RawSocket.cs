using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Palisade.Nftables.Kernel;

/// <summary>
/// A raw socket of the namespace its creating thread was in: packets as bytes, for probes and spoofing tests.
/// </summary>
public sealed unsafe class RawSocket : IDisposable
{
    private const int FamilyV4 = 2;
    private const int FamilyV6 = 10;
    private const int FamilyPacket = 17;
    private const int RawCloseOnExec = 3 | 0x80000;
    private const int ProtocolRaw = 255;
    private const ushort EveryProtocol = 0x0300;   // ETH_P_ALL, big-endian
    private const short PollIn = 1;

    private readonly FileDescriptor _descriptor;
    private readonly int _family;
    private readonly int _interface;

    private RawSocket(int family, int protocol, int interfaceIndex)
    {
        var number = Libc.socket(family, RawCloseOnExec, protocol);
        if (number < 0)
            throw KernelException.Last("socket(SOCK_RAW)");
        _descriptor = new(number);
        _family = family;
        _interface = interfaceIndex;
    }

    /// <summary>
    /// Sends and receives packets of one protocol over IPv4 or IPv6. Sent: what follows the IP header, which the
    /// kernel writes.
    /// Received: IPv4 with its IP header, IPv6 without.
    /// </summary>
    /// <param name="family">4 or 6.</param>
    /// <param name="protocol">IP protocol number, for example 132 for SCTP.</param>
    public static RawSocket Ip(int family, byte protocol) => new(family == 4 ? FamilyV4 : FamilyV6, protocol, 0);

    /// <summary>
    /// The same as <see cref="Ip"/>, as a .NET socket, which waits without a thread. .NET itself opens only the
    /// protocols it knows.
    /// </summary>
    public static Socket IpAsync(int family, byte protocol)
    {
        var number = Libc.socket(family == 4 ? FamilyV4 : FamilyV6, RawCloseOnExec, protocol);
        return number >= 0
            ? new Socket(new SafeSocketHandle(number, ownsHandle: true))
            : throw KernelException.Last("socket(SOCK_RAW)");
    }

    /// <summary>Sends whole packets, IP header included, from any source address; receives nothing.</summary>
    /// <param name="family">4 or 6.</param>
    public static RawSocket IpWithHeader(int family) => new(family == 4 ? FamilyV4 : FamilyV6, ProtocolRaw, 0);

    /// <summary>Sends and receives whole Ethernet frames on an interface of the calling thread's namespace.</summary>
    /// <remarks>
    /// struct sockaddr_ll: family u16 · protocol u16, big-endian · interface i32 · hatype u16 · type u8 · halen u8 ·
    /// address 8
    /// </remarks>
    public static RawSocket Frames(string interfaceName)
    {
        var index = Libc.if_nametoindex(interfaceName);
        if (index == 0)
            throw new KernelException($"link {interfaceName}", Errno.ENODEV);
        var socket = new RawSocket(FamilyPacket, EveryProtocol, (int)index);
        Span<byte> address = stackalloc byte[20];
        BinaryPrimitives.WriteUInt16LittleEndian(address, FamilyPacket);
        BinaryPrimitives.WriteUInt16LittleEndian(address[2..], EveryProtocol);
        BinaryPrimitives.WriteInt32LittleEndian(address[4..], (int)index);
        fixed (byte* pointer = address)
        {
            if (Libc.bind(socket._descriptor.Number, pointer, 20) < 0)
                throw KernelException.Last($"bind to {interfaceName}");
        }

        return socket;
    }

    /// <summary>
    /// Binds to a local address, which becomes the source of what is sent and the filter of what is received.
    /// </summary>
    public void Bind(IPAddress local)
    {
        var address = AddressBytes(local);
        fixed (byte* pointer = address)
        {
            if (Libc.bind(_descriptor.Number, pointer, (uint)address.Length) < 0)
                throw KernelException.Last($"bind to {local}");
        }
    }

    /// <summary>Sends one packet to an address; with IpWithHeader that only chooses the route.</summary>
    /// <exception cref="KernelException">EPERM when an output rule of this namespace dropped it; ENETUNREACH
    /// without a route.</exception>
    public void Send(ReadOnlySpan<byte> packet, IPAddress destination) =>
        Send(packet, AddressBytes(destination), $"send to {destination}");

    /// <summary>Sends one Ethernet frame; only for <see cref="Frames"/>.</summary>
    public void SendFrame(ReadOnlySpan<byte> frame)
    {
        var address = new byte[20];
        BinaryPrimitives.WriteUInt16LittleEndian(address, FamilyPacket);
        BinaryPrimitives.WriteInt32LittleEndian(address.AsSpan(4), _interface);
        Send(frame, address, "send frame");
    }

    /// <summary>
    /// The next packet and who sent it (null for frames), or null when none came in time. A negative time waits for
    /// ever.
    /// </summary>
    public (byte[] Packet, IPAddress? Source)? Receive(TimeSpan timeout)
    {
        var entry = new Libc.PollEntry { FileDescriptor = _descriptor.Number, Events = PollIn };
        var milliseconds = timeout < TimeSpan.Zero ? -1 : (int)Math.Min(timeout.TotalMilliseconds, int.MaxValue);
        int ready;
        while ((ready = Libc.poll(&entry, 1, milliseconds)) < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR)
        {
        }

        if (ready == 0)
            return null;
        var buffer = new byte[65536];
        var address = new byte[28];
        var addressLength = (uint)address.Length;
        nint length;
        fixed (byte* bytes = buffer)
        fixed (byte* from = address)
        {
            length = Libc.recvfrom(_descriptor.Number, bytes, (nuint)buffer.Length, 0, from, &addressLength);
        }

        return length < 0 ? throw KernelException.Last("receive") : (buffer[..(int)length], SourceOf(address));
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    /// <summary>
    /// sockaddr_in: family u16 · port u16 · address 4 · zero 8. sockaddr_in6: family u16 · port u16 · flow u32 ·
    ///   address 16 · scope u32.
    /// </summary>
    private static byte[] AddressBytes(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        var v4 = bytes.Length == 4;
        var result = new byte[v4 ? 16 : 28];
        BinaryPrimitives.WriteUInt16LittleEndian(result, (ushort)(v4 ? FamilyV4 : FamilyV6));
        bytes.CopyTo(result, v4 ? 4 : 8);
        if (!v4 && address.ScopeId != 0)
            BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(24), (uint)address.ScopeId);
        return result;
    }

    private static IPAddress? SourceOf(ReadOnlySpan<byte> address) =>
        BinaryPrimitives.ReadUInt16LittleEndian(address) switch
        {
            FamilyV4 => new(address.Slice(4, 4)),
            FamilyV6 => new(address.Slice(8, 16)),
            _ => null,
        };

    private void Send(ReadOnlySpan<byte> packet, byte[] destination, string what)
    {
        var number = _descriptor.Number;
        fixed (byte* bytes = packet)
        fixed (byte* address = destination)
        {
            while (Libc.sendto(number, bytes, (nuint)packet.Length, 0, address, (uint)destination.Length) < 0)
            {
                if (Marshal.GetLastPInvokeError() != Errno.EINTR)
                    throw KernelException.Last(what);
            }
        }
    }
}

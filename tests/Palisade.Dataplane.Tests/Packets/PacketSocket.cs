using System.Runtime.InteropServices;

namespace Palisade.Dataplane.Tests.Packets;

/// <summary>
/// A socket of kinds .NET does not offer: AF_PACKET frames of one interface, or whole IP packets. It belongs to the
/// network namespace of the thread that opened it; every other call may come from any thread.
/// </summary>
internal sealed unsafe partial class PacketSocket : IDisposable
{
    private const int AfInet = 2;
    private const int AfInet6 = 10;
    private const int AfPacket = 17;
    private const int SockRaw = 3;
    private const int NonBlocking = 0x800 | 0x80000;   // SOCK_NONBLOCK | SOCK_CLOEXEC
    private const ushort EveryProtocol = 0x0300;        // htons(ETH_P_ALL)
    private readonly int _fd;

    private PacketSocket(int family, int protocol)
    {
        _fd = Native.socket(family, SockRaw | NonBlocking, protocol);
        Check(_fd, "socket");
        var size = 8 << 20;
        // SOL_SOCKET, SO_RCVBUFFORCE: all probes of a round arrive at once.
        _ = Native.setsockopt(_fd, 1, 33, &size, 4);
        _ = Native.setsockopt(_fd, 1, 32, &size, 4);   // SO_SNDBUFFORCE
    }

    /// <summary>
    /// All frames that come in by an interface of the calling thread's namespace, Ethernet header included.
    /// </summary>
    public static PacketSocket Frames(string link)
    {
        var socket = new PacketSocket(AfPacket, EveryProtocol);
        var address = stackalloc byte[20];
        new Span<byte>(address, 20).Clear();
        *(ushort*)address = AfPacket;
        *(ushort*)(address + 2) = EveryProtocol;
        *(int*)(address + 4) = (int)Native.if_nametoindex(link);
        Check(Native.bind(socket._fd, address, 20), $"bind to {link}");
        var on = 1;
        // SOL_PACKET, PACKET_IGNORE_OUTGOING: what the namespace's own kernel sends has not reached it.
        Check(Native.setsockopt(socket._fd, 263, 23, &on, 4), "ignore outgoing frames");
        return socket;
    }

    /// <summary>Copies of the packets of a protocol that the namespace's own stack accepted.</summary>
    public static PacketSocket Delivered(bool v6, int protocol) => new(v6 ? AfInet6 : AfInet, protocol);

    /// <summary>Sends whole IP packets as the namespace's own stack (IPPROTO_RAW).</summary>
    public static PacketSocket Sender(bool v6) => new(v6 ? AfInet6 : AfInet, 255);

    /// <summary>Sends a frame on the bound interface.</summary>
    public void SendFrame(ReadOnlySpan<byte> frame)
    {
        fixed (byte* bytes = frame)
            Check((int)Native.send(_fd, bytes, (nuint)frame.Length, 0), "send frame");
    }

    /// <summary>
    /// Sends an IP packet towards its destination address. False: the kernel's own firewall refused it (EPERM).
    /// </summary>
    public bool SendPacket(ReadOnlySpan<byte> packet)
    {
        var v6 = packet[0] >> 4 == 6;
        var address = stackalloc byte[28];
        new Span<byte>(address, 28).Clear();
        *(ushort*)address = (ushort)(v6 ? AfInet6 : AfInet);
        var destination = v6 ? packet.Slice(24, 16) : packet.Slice(16, 4);
        destination.CopyTo(new Span<byte>(address + (v6 ? 8 : 4), destination.Length));
        fixed (byte* bytes = packet)
        {
            var sent = (int)Native.sendto(_fd, bytes, (nuint)packet.Length, 0, address, v6 ? 28u : 16u);
            if (sent < 0 && Marshal.GetLastPInvokeError() == 1)
                return false;
            Check(sent, "send packet");
            return true;
        }
    }

    /// <summary>The next frame or packet that has arrived; -1 when none waits.</summary>
    public int Receive(Span<byte> into)
    {
        fixed (byte* bytes = into)
        {
            var read = (int)Native.recv(_fd, bytes, (nuint)into.Length, 0);
            if (read < 0 && Marshal.GetLastPInvokeError() is not (11 or 4 or 100))   // EAGAIN, EINTR, ENETDOWN
                Check(read, "recv");
            return read;
        }
    }

    public void Dispose() => _ = Native.close(_fd);

    private static void Check(int result, string what)
    {
        if (result < 0)
            throw new IOException($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static partial class Native
    {
        [LibraryImport("libc", SetLastError = true)]
        internal static partial int socket(int domain, int type, int protocol);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial int bind(int fd, byte* address, uint length);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial int setsockopt(int fd, int level, int name, void* value, uint length);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial nint send(int fd, byte* buffer, nuint length, int flags);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial nint sendto(
            int fd, byte* buffer, nuint length, int flags, byte* address, uint addressLength);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial nint recv(int fd, byte* buffer, nuint length, int flags);

        [LibraryImport("libc")]
        internal static partial int close(int fd);

        [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
        internal static partial uint if_nametoindex(string name);
    }
}

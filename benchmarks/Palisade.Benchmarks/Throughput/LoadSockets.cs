using System.Net;
using System.Runtime.InteropServices;

namespace Palisade.Benchmarks.Throughput;

/// <summary>
/// TCP by plain system calls: what the runtime does around a socket is as much as the kernel does for a connection, and
/// would hide what rules cost.
/// </summary>
internal static unsafe partial class LoadSockets
{
    private const int Internet = 2, Stream = 1, CloseOnExec = 0x80000, SolSocket = 1, Linger = 13, ReuseAddress = 2;

    /// <summary>A listening socket of the namespace of the calling thread.</summary>
    public static int Listen(int port)
    {
        var socket = Checked(Socket(Internet, Stream | CloseOnExec, 0), "socket");
        var one = 1;
        _ = SetOption(socket, SolSocket, ReuseAddress, &one, sizeof(int));
        var address = stackalloc byte[16];
        Write(address, IPAddress.Any, port);
        Checked(Bind(socket, address, 16), "bind");
        Checked(Listen(socket, 65_535), "listen");
        return socket;
    }

    /// <summary>The next connection; negative when the listening socket was shut down.</summary>
    public static int Accept(int listening) => Accept(listening, null, null);

    /// <summary>A connection to a server; it is reset when it is closed, and leaves no TIME_WAIT.</summary>
    public static int Connect(IPAddress server, int port)
    {
        var socket = Checked(Socket(Internet, Stream | CloseOnExec, 0), "socket");
        var linger = stackalloc int[] { 1, 0 };
        _ = SetOption(socket, SolSocket, Linger, linger, 8);
        var address = stackalloc byte[16];
        Write(address, server, port);
        Checked(Connect(socket, address, 16), "connect");
        return socket;
    }

    /// <summary>Sends all of it.</summary>
    public static void SendAll(int socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (nint sent = 0; sent < bytes.Length;)
                sent += Checked((int)Send(socket, start + sent, (nuint)(bytes.Length - sent), 0), "send");
        }
    }

    /// <summary>What has come; 0 at the end, and when the connection was reset.</summary>
    public static int Receive(int socket, Span<byte> into)
    {
        fixed (byte* start = into)
            return Math.Max(0, (int)Receive(socket, start, (nuint)into.Length, 0));
    }

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int socket);

    /// <summary>Ends those who wait in a call on it.</summary>
    public static void Shutdown(int socket) => Shutdown(socket, 2);

    private static int Checked(int result, string what) => result >= 0 ? result
        : throw new IOException($"{what}: error {Marshal.GetLastPInvokeError()}");

    // struct sockaddr_in: family u16 · port u16 big-endian · address 4 bytes · 8 of padding
    private static void Write(byte* at, IPAddress address, int port)
    {
        (at[0], at[1], at[2], at[3]) = (Internet, 0, (byte)(port >> 8), (byte)(port & 255));
        address.GetAddressBytes().CopyTo(new Span<byte>(at + 4, 4));
        new Span<byte>(at + 8, 8).Clear();
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(int socket, int level, int name, int* value, uint length);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int socket, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int Listen(int socket, int backlog);

    [LibraryImport("libc", EntryPoint = "accept", SetLastError = true)]
    private static partial int Accept(int socket, byte* address, uint* length);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int socket, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    private static partial int Shutdown(int socket, int how);
}

using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Palisade.Benchmarks.Enforcement;

/// <summary>
/// Runs in a pod: sends a datagram about four thousand times a second, each from a port of its own so that each is a
/// new connection to the kernel, and logs when it sent it. Clock: CLOCK_MONOTONIC in ticks of Stopwatch, equal in all
/// processes.
/// </summary>
internal static class Sender
{
    private static readonly TimeSpan Pause = TimeSpan.FromMicroseconds(250);

    public static int Run(string target, int port, string log)
    {
        var end = new IPEndPoint(IPAddress.Parse(target), port);
        using var file = new BinaryWriter(File.Create(log));
        var datagram = new byte[8];
        var next = Stopwatch.GetTimestamp();
        while (!File.Exists(log + ".stop"))
        {
            for (var i = 0; i < 400; i++)
            {
                next += (long)(Pause.TotalSeconds * Stopwatch.Frequency);
                while (Stopwatch.GetTimestamp() < next)
                    Thread.SpinWait(20);
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                var now = Stopwatch.GetTimestamp();
                BinaryPrimitives.WriteInt64LittleEndian(datagram, now);
                socket.SendTo(datagram, end);
                file.Write(now);
            }

            // A machine that stalls must not be followed by a burst that it stalls on again.
            next = Math.Max(next, Stopwatch.GetTimestamp());
        }

        return 0;
    }
}

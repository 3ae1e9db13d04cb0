using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Palisade.Nftables.Kernel;

namespace Palisade.Nftables.Netlink;

/// <summary>A netlink socket of the namespace its creating thread was in. Not safe for concurrent use.</summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    private const int FamilyNetlink = 16;
    private const int RawCloseOnExec = 3 | 0x80000;
    private const int SolSocket = 1;
    private const int SolNetlink = 270;
    private const int SendBuffer = 7;
    private const int ReceiveBuffer = 8;
    private const int SendBufferForce = 32;
    private const int ReceiveBufferForce = 33;
    private const int DontWait = 0x40;
    private const int Truncate = 0x20;
    private const short PollIn = 1;

    private readonly FileDescriptor _descriptor;
    private readonly Queue<NetlinkMessage> _received = new();
    private byte[] _buffer = new byte[64 * 1024];
    private uint _sequence;

    internal NetlinkSocket(int protocol, uint groups = 0)
    {
        var number = Libc.socket(FamilyNetlink, RawCloseOnExec, protocol);
        if (number < 0)
            throw KernelException.Last("socket(AF_NETLINK)");
        _descriptor = new(number);
        _ = SetOption(SolNetlink, NetlinkConstants.CapAck, 1);
        _ = SetOption(SolNetlink, NetlinkConstants.ExtendedAck, 1);

        // struct sockaddr_nl: family u16 · padding u16 · port u32 (0: the kernel picks one) · groups u32
        Span<byte> address = stackalloc byte[12];
        BinaryPrimitives.WriteUInt16LittleEndian(address, FamilyNetlink);
        BinaryPrimitives.WriteUInt32LittleEndian(address[8..], groups);
        fixed (byte* pointer = address)
        {
            if (Libc.bind(number, pointer, 12) < 0)
                throw KernelException.Last("bind(AF_NETLINK)");
        }
    }

    /// <summary>The socket's own netlink port, which notifications of what it caused bear.</summary>
    internal uint Port
    {
        get
        {
            Span<byte> address = stackalloc byte[12];
            uint length = 12;
            fixed (byte* pointer = address)
            {
                if (Libc.getsockname(_descriptor.Number, pointer, &length) < 0)
                    throw KernelException.Last("getsockname(AF_NETLINK)");
            }

            return BinaryPrimitives.ReadUInt32LittleEndian(address[4..]);
        }
    }

    /// <summary>Messages handed to the kernel so far.</summary>
    internal long MessagesSent { get; private set; }

    /// <summary>Bytes handed to the kernel so far.</summary>
    internal long BytesSent { get; private set; }

    internal uint NextSequence() => _sequence = unchecked(_sequence + 1);

    /// <summary>Asks for strict checking of dump requests, so that their filters are honoured.</summary>
    internal void BeStrict() => _ = SetOption(SolNetlink, NetlinkConstants.StrictCheck, 1);

    /// <summary>
    /// Widens the send buffer as far as allowed: gives the bytes of the longest datagram, longer ones are EMSGSIZE.
    /// </summary>
    /// <remarks>
    /// SO_SNDBUFFORCE needs CAP_NET_ADMIN in the first user namespace; others are held to net.core.wmem_max. The kernel
    /// doubles what is set (for its own bookkeeping) and refuses what is longer than that less 32. It is a limit only:
    /// nothing is allocated.
    /// </remarks>
    internal int WidenSendBuffer(bool force = true)
    {
        const int Plenty = 1 << 29;
        if (!force || SetOption(SolSocket, SendBufferForce, Plenty) < 0)
            _ = SetOption(SolSocket, SendBuffer, Plenty);
        int granted;
        uint length = sizeof(int);
        if (Libc.getsockopt(_descriptor.Number, SolSocket, SendBuffer, &granted, &length) < 0)
            throw KernelException.Last("getsockopt(SO_SNDBUF)");
        return granted - 32;
    }

    internal void EnsureReceiveBuffer(int bytes)
    {
        if (SetOption(SolSocket, ReceiveBufferForce, bytes) < 0)
            _ = SetOption(SolSocket, ReceiveBuffer, bytes);
    }

    internal void Send(ReadOnlySpan<byte> datagram, int messages)
    {
        // struct sockaddr_nl of the kernel: port 0, no groups
        Span<byte> kernel = stackalloc byte[12];
        BinaryPrimitives.WriteUInt16LittleEndian(kernel, FamilyNetlink);
        fixed (byte* bytes = datagram)
        fixed (byte* address = kernel)
        {
            while (Libc.sendto(_descriptor.Number, bytes, (nuint)datagram.Length, 0, address, 12) < 0)
            {
                if (Marshal.GetLastPInvokeError() != Errno.EINTR)
                    throw KernelException.Last($"send {messages} netlink messages, {datagram.Length} bytes");
            }
        }

        MessagesSent += messages;
        BytesSent += datagram.Length;
    }

    /// <summary>
    /// The next message; false when none came in time. Zero does not wait, a negative time waits for ever.
    /// </summary>
    /// <exception cref="KernelException">ENOBUFS: the receive buffer overflowed and messages were lost.</exception>
    internal bool TryReceive(TimeSpan timeout, out NetlinkMessage message)
    {
        while (!_received.TryDequeue(out message))
        {
            if (!Wait(timeout) || !ReadDatagram())
                return false;
        }

        return true;
    }

    /// <summary>
    /// The next datagram as it came, valid until the next call; empty when none came in time. Not to be mixed with
    /// <see cref="TryReceive"/> on messages of one datagram.
    /// </summary>
    /// <exception cref="KernelException">ENOBUFS: the receive buffer overflowed and messages were lost.</exception>
    internal ReadOnlyMemory<byte> ReceiveDatagram(TimeSpan timeout)
    {
        var length = Wait(timeout) ? ReceiveWhole() : -1;
        return length < 0 ? default : _buffer.AsMemory(0, length);
    }

    /// <summary>Forgets what was received so far: answers to requests that ended early.</summary>
    internal void Drain()
    {
        _received.Clear();
        while (ReceiveWhole() >= 0)
        {
        }
    }

    internal NetlinkMessage Receive() =>
        TryReceive(TimeSpan.FromSeconds(30), out var message)
            ? message
            : throw new KernelException("the kernel did not answer a netlink request", 110);

    /// <summary>Sends one request that asks for an ack; gives what came before the ack.</summary>
    internal List<NetlinkMessage> Request(NetlinkBuffer request, uint sequence, string what)
    {
        _received.Clear();
        Send(request.Written, 1);
        var answers = new List<NetlinkMessage>();
        while (true)
        {
            var message = Receive();
            if (message.Sequence != sequence)
                continue;   // the rest of an earlier request that ended in an exception
            if (message.Type == NetlinkConstants.Error)
            {
                var error = NetlinkError.Decode(message);
                return error.Errno == 0 ? answers : throw new NetlinkException(what, error);
            }

            answers.Add(message);
        }
    }

    /// <summary>
    /// Sends one dump request. Null when the kernel says that the state changed meanwhile: ask again.
    /// </summary>
    internal List<NetlinkMessage>? Dump(NetlinkBuffer request, uint sequence, string what)
    {
        _received.Clear();
        Send(request.Written, 1);
        var answers = new List<NetlinkMessage>();
        var interrupted = false;
        while (true)
        {
            var message = Receive();
            if (message.Sequence != sequence)
                continue;
            interrupted |= (message.Flags & NetlinkConstants.DumpInterrupted) != 0;
            if (message.Type is NetlinkConstants.Done or NetlinkConstants.Error)
            {
                var errno = message.Payload.Length >= 4
                    ? -BinaryPrimitives.ReadInt32LittleEndian(message.Payload)
                    : 0;
                if (errno != 0)
                    throw new NetlinkException(what, Failed(message, errno));
                return interrupted ? null : answers;
            }

            answers.Add(message);
        }
    }

    public void Dispose() => _descriptor.Dispose();

    private static NetlinkError Failed(in NetlinkMessage message, int errno) =>
        message.Type == NetlinkConstants.Error
            ? NetlinkError.Decode(message)
            : new(errno, message.Sequence, null, null);

    private bool Wait(TimeSpan timeout)
    {
        var entry = new Libc.PollEntry { FileDescriptor = _descriptor.Number, Events = PollIn };
        var milliseconds = timeout < TimeSpan.Zero ? -1 : (int)Math.Min(timeout.TotalMilliseconds, int.MaxValue);
        int ready;
        while ((ready = Libc.poll(&entry, 1, milliseconds)) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Errno.EINTR)
                throw KernelException.Last("poll");
        }

        return ready > 0;
    }

    /// <summary>Takes one datagram apart into messages.</summary>
    private bool ReadDatagram()
    {
        var length = ReceiveWhole();
        if (length < 0)
            return false;
        var reader = new MessageReader(_buffer.AsSpan(0, length));
        while (reader.Next())
            _received.Enqueue(reader.Copy());
        return true;
    }

    /// <summary>The length of the next datagram, which is in the buffer then; negative: none is there.</summary>
    private int ReceiveWhole()
    {
        var length = ReceiveInto(DontWait | Truncate | 2 /* MSG_PEEK */);
        if (length > _buffer.Length)
            _buffer = new byte[length];
        return length < 0 ? length : ReceiveInto(DontWait);
    }

    private int ReceiveInto(int flags)
    {
        fixed (byte* bytes = _buffer)
        {
            nint length;
            while ((length = Libc.recv(_descriptor.Number, bytes, (nuint)_buffer.Length, flags)) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN)
                    return -1;
                if (errno != Errno.EINTR)
                    throw KernelException.Last("receive from netlink");
            }

            return (int)length;
        }
    }

    private int SetOption(int level, int name, int value) =>
        Libc.setsockopt(_descriptor.Number, level, name, &value, sizeof(int));
}

using System.Buffers.Binary;

namespace Palisade.Nftables.Netlink;

/// <summary>
/// Walks the messages of one datagram, each aligned to 4, without copying; stops at the first that does not fit.
/// </summary>
internal ref struct MessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    internal ushort Type { get; private set; }

    internal ushort Flags { get; private set; }

    internal uint Sequence { get; private set; }

    /// <summary>Of an answer: ours. Of a notification: the socket of the one who caused it; 0 the kernel.</summary>
    internal uint Port { get; private set; }

    internal ReadOnlySpan<byte> Payload { get; private set; }

    /// <summary>Errno of a message that ends a dump or answers a request, positive; 0 for success.</summary>
    internal readonly int ErrorNumber =>
        Payload.Length < 4 ? 0 : unchecked(-BinaryPrimitives.ReadInt32LittleEndian(Payload));

    internal bool Next()
    {
        if (_rest.Length < NetlinkConstants.HeaderLength)
            return false;
        var size = BinaryPrimitives.ReadInt32LittleEndian(_rest);
        if (size < NetlinkConstants.HeaderLength || size > _rest.Length)
            return false;
        Type = BinaryPrimitives.ReadUInt16LittleEndian(_rest[4..]);
        Flags = BinaryPrimitives.ReadUInt16LittleEndian(_rest[6..]);
        Sequence = BinaryPrimitives.ReadUInt32LittleEndian(_rest[8..]);
        Port = BinaryPrimitives.ReadUInt32LittleEndian(_rest[12..]);
        Payload = _rest[NetlinkConstants.HeaderLength..size];
        _rest = _rest[Math.Min((size + 3) & ~3, _rest.Length)..];
        return true;
    }

    internal readonly NetlinkMessage Copy() => new(Type, Flags, Sequence, Port, Payload.ToArray());
}

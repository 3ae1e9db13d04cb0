using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Palisade.Nftables.Kernel;

namespace Palisade.Nftables.Netlink;

/// <summary>A netlink request the kernel refused, with its extended acknowledgement where it gave one.</summary>
public class NetlinkException : KernelException
{
    internal NetlinkException(string what, NetlinkError error)
        : base(error.Errno, TextOf(what, error))
    {
        KernelText = error.Text;
        Offset = error.Offset;
    }

    /// <summary>The kernel's own words (NLMSGERR_ATTR_MSG), where it gave some.</summary>
    public string? KernelText { get; }

    /// <summary>Byte offset of the offending attribute in the refused message (NLMSGERR_ATTR_OFFS).</summary>
    public int? Offset { get; }

    private static string TextOf(string what, NetlinkError error)
    {
        var text = $"{what}: {Kernel.Errno.NameOf(error.Errno)} ({Marshal.GetPInvokeErrorMessage(error.Errno)})";
        if (error.Text is not null)
            text += $": {error.Text}";
        return error.Offset is { } offset ? $"{text} (attribute at byte {offset})" : text;
    }
}

/// <summary>A decoded NLMSG_ERROR.</summary>
/// <remarks>
/// error i32, negative errno or 0 for an ack · the refused message's header, 16 bytes (NETLINK_CAP_ACK: no more of it)
/// with NLM_F_ACK_TLVS then: NLMSGERR_ATTR_MSG (1) string · NLMSGERR_ATTR_OFFS (2) u32. Source: linux/netlink.h.
/// </remarks>
internal readonly record struct NetlinkError(int Errno, uint Sequence, string? Text, int? Offset)
{
    internal static NetlinkError Decode(in NetlinkMessage message)
    {
        var errno = -BinaryPrimitives.ReadInt32LittleEndian(message.Payload);
        string? text = null;
        int? offset = null;
        if ((message.Flags & NetlinkConstants.ErrorHasAttributes) != 0)
        {
            var reader = new AttributeReader(message.Payload.AsSpan(4 + NetlinkConstants.HeaderLength));
            while (reader.Next())
            {
                if (reader.Type == 1)
                    text = reader.Text;
                else if (reader.Type == 2)
                    offset = (int)reader.Host32;
            }
        }

        return new(errno, message.Sequence, text, offset);
    }
}

using System.Buffers.Binary;
using System.Collections.Immutable;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Wire;

/// <summary>Set definitions on the wire.</summary>
/// <remarks>
/// NFTA_SET_TABLE (1) string · _NAME (2) string · _FLAGS (3) u32 · _KEY_TYPE (4) u32 · _KEY_LEN (5) u32, bytes
///   · _DATA_TYPE (6) u32: 0xffffff00 verdict · _DATA_LEN (7) u32
///   · _DESC (9) nest { SIZE (1) u32 · CONCAT (2) nest { LIST_ELEM (1) nest { FIELD_LEN (1) u32 } … } }
///   · _ID (10) u32 · _USERDATA (13) records
/// Userdata: KEYBYTEORDER (0), DATABYTEORDER (1) u32 host order: 0 none, 1 host, 2 big · COMMENT (7) string.
/// Without the byte order nft prints some keys backwards. Source: linux/netfilter/nf_tables.h, libnftnl udata.h.
/// </remarks>
internal static class SetWire
{
    internal const uint Anonymous = 1;
    internal const uint Constant = 2;
    internal const uint Interval = 4;
    internal const uint Map = 8;
    internal const uint Concatenation = 0x80;
    private const uint VerdictData = 0xffffff00;
    private const byte CommentRecord = 7;

    internal static void Encode(NetlinkBuffer buffer, string table, SetDefinition set, uint id, int? anonymousSize)
    {
        var flags = (set.IsInterval ? Interval : 0) | (set.IsMap ? Map : 0)
            | (set.HasKeyEnds ? Concatenation : 0) | (anonymousSize is null ? 0 : Anonymous | Constant);
        buffer.PutString(1, table);
        buffer.PutString(2, set.Name);
        buffer.PutBig32(3, flags);
        buffer.PutBig32(4, set.Key.Number);
        buffer.PutBig32(5, (uint)set.Key.Length);
        if (set.IsVerdictMap)
        {
            buffer.PutBig32(6, VerdictData);
            buffer.PutBig32(7, 0);
        }
        else if (set.Data is { } data)
        {
            buffer.PutBig32(6, data.Number);
            buffer.PutBig32(7, (uint)data.Length);
        }

        buffer.PutBig32(10, id);
        EncodeDescription(buffer, set, anonymousSize);
        byte[] comment = set.Comment is null ? [] : NftComment.Encode(set.Comment, CommentRecord);
        byte[] dataOrder = set.Data is { } type ? [1, 4, ByteOrder(type), 0, 0, 0] : [];
        buffer.Put(13, [0, 4, ByteOrder(set.Key), 0, 0, 0, .. dataOrder, .. comment]);
    }

    /// <summary>
    /// A definition, whether it is anonymous, its table, and how many elements it has (-1: the kernel does not say).
    /// </summary>
    internal static (SetDefinition Definition, bool IsAnonymous, string Table, int Count) Decode(
        ReadOnlySpan<byte> attributes)
    {
        var definition = new SetDefinition("", default);
        var table = "";
        uint flags = 0, dataType = 0;
        var count = -1;
        var reader = new AttributeReader(attributes);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: table = reader.Text; break;
                case 2: definition = definition with { Name = reader.Text }; break;
                case 3: flags = reader.Big32; break;
                case 4: definition = definition with { Key = new(reader.Big32) }; break;
                case 5 when definition.Key.Number == (uint)FieldType.Integer && reader.Big32 > 1:
                    var bytes = (int)(reader.Big32 & 0xff);
                    definition = definition with { Key = definition.Key with { IntegerBytes = bytes } };
                    break;
                case 6: dataType = reader.Big32; break;
                case 20: count = unchecked((int)reader.Big32); break;   // NFTA_SET_COUNT, since Linux 6.16
                case 13:
                    definition = definition with { Comment = NftComment.Decode(reader.Payload, CommentRecord) };
                    break;
            }
        }

        var isMap = (flags & Map) != 0;
        definition = definition with
        {
            IsInterval = (flags & Interval) != 0,
            IsVerdictMap = isMap && dataType == VerdictData,
            Data = isMap && dataType != VerdictData ? new KeyType(dataType) : null,
        };
        return (definition, (flags & Anonymous) != 0, table, count);
    }

    private static void EncodeDescription(NetlinkBuffer buffer, SetDefinition set, int? anonymousSize)
    {
        if (anonymousSize is null && !set.HasKeyEnds)
            return;
        var description = buffer.BeginNest(9);
        if (anonymousSize is { } size)
            buffer.PutBig32(1, (uint)size);
        if (set.HasKeyEnds)
        {
            var fields = buffer.BeginNest(2);
            foreach (var field in set.Key.Fields)
            {
                var nest = buffer.BeginNest(1);
                buffer.PutBig32(1, (uint)KeyType.LengthOf(field));
                buffer.EndNest(nest);
            }

            buffer.EndNest(fields);
        }

        buffer.EndNest(description);
    }

    private static byte ByteOrder(KeyType key) => key.IsConcatenation ? (byte)0 : (FieldType)key.Number switch
    {
        FieldType.InterfaceName or FieldType.Mark or FieldType.InterfaceIndex or FieldType.CtState => (byte)1,
        FieldType.Integer when key.IntegerBytes > 1 => (byte)1,
        _ => (byte)2,
    };
}

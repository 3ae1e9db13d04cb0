using System.Globalization;
using System.Text;

namespace Palisade.Dataplane.Dns;

/// <summary>A name as a message of the domain name system carries it.</summary>
/// <remarks>
/// Labels: length u8 (0 to 63) · bytes; a zero length ends. A length whose two high bits are set is, with the byte
/// behind it, an offset from the message's start where the name goes on. At most 255 bytes. Source: RFC 1035 §3.1,
/// §4.1.4.
/// </remarks>
internal static class DnsName
{
    private const int MostBytes = 255;
    private const int MostLabel = 63;
    private const int Pointer = 0xc0;

    /// <summary>
    /// Reads a name and moves behind it. Each pointer must lead to before where the name, or the part of it that was
    /// last pointed to, begins: so it ends.
    /// </summary>
    /// <param name="message">The whole message.</param>
    /// <param name="at">Where the name begins; moved only when it is good.</param>
    /// <param name="name">
    /// In lower case, without a final dot; the root is empty. Bytes but letters, digits, - and _ are written \DDD, so
    /// that a dot inside a label is not taken for two labels.
    /// </param>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int at, out string name)
    {
        name = "";
        var text = new StringBuilder();
        var (from, begin, end, total) = (at, at, -1, 1);
        while (from < message.Length)
        {
            var length = message[from];
            if (length == 0)
            {
                at = end < 0 ? from + 1 : end;
                name = text.ToString();
                return true;
            }

            if ((length & Pointer) == Pointer)
            {
                if (from + 1 >= message.Length)
                    return false;
                var target = (length & ~Pointer) << 8 | message[from + 1];
                if (target >= begin)
                    return false;
                end = end < 0 ? from + 2 : end;
                from = begin = target;
                continue;
            }

            total += length + 1;
            if (length > MostLabel || total > MostBytes || from + 1 + length > message.Length)
                return false;
            Append(text, message.Slice(from + 1, length));
            from += length + 1;
        }

        return false;
    }

    private static void Append(StringBuilder text, ReadOnlySpan<byte> label)
    {
        if (text.Length > 0)
            text.Append('.');
        foreach (var value in label)
        {
            var letter = (char)value;
            if (char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')
                text.Append(char.ToLowerInvariant(letter));
            else
                text.Append(CultureInfo.InvariantCulture, $"\\{value:D3}");
        }
    }
}

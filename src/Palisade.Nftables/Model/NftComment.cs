using System.Text;

namespace Palisade.Nftables;

/// <summary>Comments and other userdata: bytes the kernel stores and nft understands.</summary>
/// <remarks>
/// One record: type u8 · length u8 · value. A comment's value is NUL-terminated. Source: libnftnl udata.h.
/// </remarks>
public static class NftComment
{
    /// <summary>Longest comment nft accepts, in UTF-8 bytes (NFTNL_UDATA_COMMENT_MAXLEN counts the NUL).</summary>
    public const int MaxBytes = 127;

    /// <summary>
    /// Makes a text fit for a comment: no quotes or control characters (nft escapes nothing), cut with "…" where too
    /// long.
    /// </summary>
    public static string Fit(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.Value == '"' ? "'" : Rune.IsControl(rune) ? " " : rune.ToString());
        var result = clean.ToString();
        if (Encoding.UTF8.GetByteCount(result) <= MaxBytes)
            return result;
        while (Encoding.UTF8.GetByteCount(result) > MaxBytes - 3)
            result = result[..^(char.IsLowSurrogate(result[^1]) ? 2 : 1)];
        return result + "…";
    }

    internal static byte[] Encode(string comment, byte type = 0)
    {
        var text = Encoding.UTF8.GetBytes(comment + '\0');
        return text.Length - 1 <= MaxBytes
            ? [type, (byte)text.Length, .. text]
            : throw new ArgumentException($"comment of {text.Length - 1} bytes, at most {MaxBytes}: {comment}");
    }

    internal static string? Decode(ReadOnlySpan<byte> userdata, byte type = 0)
    {
        while (userdata.Length >= 2 && userdata.Length >= 2 + userdata[1])
        {
            if (userdata[0] == type)
                return Encoding.UTF8.GetString(userdata.Slice(2, userdata[1])).TrimEnd('\0');
            userdata = userdata[(2 + userdata[1])..];
        }

        return null;
    }
}

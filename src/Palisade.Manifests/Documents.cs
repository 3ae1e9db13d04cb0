using System.Text;
using Palisade.Kubernetes.Wire;

namespace Palisade.Manifests;

/// <summary>One document of a file as text, before it is parsed.</summary>
/// <param name="Bytes">Its UTF-8 text.</param>
/// <param name="FirstLine">The line of the file it starts on, 1-based.</param>
/// <param name="NoSeparator">
/// No document, but a line that looks like the --- between two and is none (-----): what follows the three.
/// </param>
internal readonly record struct DocumentText(
    ReadOnlyMemory<byte> Bytes, int FirstLine, string? NoSeparator = null);

/// <summary>
/// Splits a file into documents as kubectl does (apimachinery's YAMLReader): at lines that begin with --- and hold
/// nothing else
/// but blanks or a comment. Splitting before parsing keeps one broken document from hiding the others.
/// </summary>
internal static class Documents
{
    public static IEnumerable<DocumentText> Split(ReadOnlyMemory<byte> file)
    {
        if (file.Span.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            file = file[3..];
        var (start, firstLine, line) = (0, 1, 1);
        for (var at = 0; at < file.Length; line++)
        {
            var length = file.Span[at..].IndexOf((byte)'\n');
            var next = length < 0 ? file.Length : at + length + 1;
            var separates = IsSeparator(file.Span[at..next], out var other);
            if (separates || other is not null)
            {
                if (HasContent(file.Span[start..at]))
                    yield return new(file[start..at], firstLine);
                if (other is not null)
                    yield return new(default, line, other);
                (start, firstLine) = (next, line + 1);
            }

            at = next;
        }

        if (HasContent(file.Span[start..]))
            yield return new(file[start..], firstLine);
    }

    // A document that begins behind the --- on its line is read, though kubectl refuses that, too.
    private static bool IsSeparator(ReadOnlySpan<byte> line, out string? other)
    {
        other = null;
        if (!line.StartsWith("---"u8))
            return false;
        var rest = line[3..].Trim(" \t\r\n"u8);
        if (rest.IsEmpty || rest[0] == '#')
            return true;
        if (line[3] is not ((byte)' ' or (byte)'\t'))
            other = Encoding.UTF8.GetString(rest);
        return false;
    }

    // A part with only comments and directives is no document (helm writes many).
    private static bool HasContent(ReadOnlySpan<byte> part)
    {
        foreach (var range in part.Split((byte)'\n'))
        {
            var line = part[range].Trim(" \t\r"u8);
            if (!line.IsEmpty && line[0] != '#' && line[0] != '%' && !line.SequenceEqual("..."u8))
                return true;
        }

        return false;
    }
}

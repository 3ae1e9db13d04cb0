using System.Collections.Immutable;
using System.Text;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;

namespace Palisade.Manifests;

/// <summary>A value read from a file: not yet known to be an object.</summary>
internal readonly record struct ReadValue(WireValue Value, string File);

/// <summary>
/// Reads files into wire values with their places: documents are split first, so that one that does not parse never
/// hides the others.
/// </summary>
internal sealed class ManifestReader(WireLimits limits, ICollection<Diagnostic> diagnostics)
{
    /// <summary>The values of one file, in order.</summary>
    public IEnumerable<ReadValue> Read(string file, byte[] text)
    {
        if (IsJson(file, text))
        {
            var stream = WireJson.ParseStream(text, limits);
            if (stream.Error is null || file.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            {
                if (stream.Error is { } error)
                    diagnostics.Add(Refusal(file, error, isJson: true));
                return stream.Values.Select(value => new ReadValue(LastOfRepeated(value, file), file));
            }
        }

        return Documents.Split(text).SelectMany(document => ReadDocument(file, document));
    }

    // kubectl takes what begins with { for JSON, and falls back to YAML when it is none.
    private static bool IsJson(string file, byte[] text) =>
        file.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            || text.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("{"u8);

    private IEnumerable<ReadValue> ReadDocument(string file, DocumentText document)
    {
        if (document.NoSeparator is { } text)
        {
            diagnostics.Add(Finding.NoSeparator(new(file, document.FirstLine, 4), text));
            return [];
        }

        var bytes = document.Bytes.Span;
        if (bytes.Length > limits.MaxBytes)
        {
            diagnostics.Add(Finding.TooLarge(new(file, document.FirstLine, 1), bytes.Length, limits.MaxBytes));
            return [];
        }

        if (InvalidUtf8(bytes) is { } bad)
        {
            diagnostics.Add(Finding.NotUtf8(new(file, bad.Line + document.FirstLine - 1, bad.Column)));
            return [];
        }

        var (values, repeated, error) = YamlReader.Read(Encoding.UTF8.GetString(bytes), document.FirstLine, limits);
        foreach (var key in repeated)
            diagnostics.Add(Finding.RepeatedKey(new(file, key.At.Line, key.At.Column), key.Name));
        if (error is not null)
            diagnostics.Add(Refusal(file, error, isJson: false));
        return values.Where(value => value is not WireNull).Select(value => new ReadValue(value, file));
    }

    private static Diagnostic Refusal(string file, WireError error, bool isJson)
    {
        var at = new SourceLocation(file, error.At.Line, error.At.Column);
        if (error.Message == "invalid UTF-8")
            return Finding.NotUtf8(at);
        if (error.Message.Contains("depth", StringComparison.Ordinal)
            || error.Message.Contains("excessive", StringComparison.Ordinal)
            || error.Message.StartsWith("the document has", StringComparison.Ordinal))
            return Finding.Bounds(at, error.Message);
        return isJson ? Finding.BadJson(at, error.Message) : Finding.BadYaml(at, error.Message);
    }

    private WireValue LastOfRepeated(WireValue value, string file)
    {
        switch (value)
        {
            case WireArray list:
                return list with { Items = [.. list.Items.Select(item => LastOfRepeated(item, file))] };
            case WireObject o:
                var seen = new HashSet<string>(StringComparer.Ordinal);
                foreach (var member in o.Members.Where(member => !seen.Add(member.Name)))
                    diagnostics.Add(Finding.RepeatedKey(new(file, member.At.Line, member.At.Column), member.Name));
                return o with
                {
                    Members =
                    [.. o.Distinct().Select(member => member with { Value = LastOfRepeated(member.Value, file) })]
                };
            default:
                return value;
        }
    }

    private static Position? InvalidUtf8(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
            return null;
        var at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out var used) == System.Buffers.OperationStatus.Done)
            at += used;
        var line = bytes[..at].Count((byte)'\n') + 1;
        var start = bytes[..at].LastIndexOf((byte)'\n') + 1;
        return new(line, Encoding.UTF8.GetCharCount(bytes[start..at]) + 1);
    }
}

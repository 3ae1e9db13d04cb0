using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Http;

/// <summary>JSON text as Go writes it: UTF-8 unescaped, no spaces.</summary>
internal static class JsonBytes
{
    // Deeper than any body that is let in (100), so that an object once stored can always be read and shown in a list.
    private const int MaxDepth = 256;

    public static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth };

    public static byte[] Of(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, Options))
            node.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A document that this server wrote.</summary>
    public static JsonObject ParseObject(byte[] json) =>
        JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth })!.AsObject();
}

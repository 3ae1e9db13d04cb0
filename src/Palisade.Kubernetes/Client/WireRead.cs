using System.Collections.Immutable;
using System.Text.Json;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Client;

/// <summary>Reads the server's JSON into wire objects; positions mean nothing there and stay unknown.</summary>
internal static class WireRead
{
    /// <summary>Objects in the API are shallow; 100 is what the validating reader takes too.</summary>
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 100 };

    /// <summary>The JSON object in these bytes.</summary>
    /// <param name="utf8">The bytes.</param>
    /// <param name="strings">Where many objects are read and kept: equal text of theirs becomes one string.</param>
    /// <exception cref="InvalidDataException">It is not one.</exception>
    public static WireObject Object(ReadOnlySpan<byte> utf8, SharedStrings? strings = null)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8, Options);
            reader.Read();
            return Value(ref reader, strings) as WireObject
                ?? throw new InvalidDataException("the server sent JSON that is no object");
        }
        // Text that is no UTF-8, or half of a surrogate pair, is an InvalidOperationException of the reader.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"the server sent no JSON: {e.Message}", e);
        }
    }

    private static WireValue Value(ref Utf8JsonReader reader, SharedStrings? strings) => reader.TokenType switch
    {
        JsonTokenType.StartObject => Members(ref reader, strings),
        JsonTokenType.StartArray => Items(ref reader, strings),
        JsonTokenType.String => new WireString(Text(ref reader, strings), default),
        JsonTokenType.Number => new WireNumber(System.Text.Encoding.ASCII.GetString(reader.ValueSpan), default),
        JsonTokenType.True => new WireBool(true, default),
        JsonTokenType.False => new WireBool(false, default),
        _ => new WireNull(default),
    };

    private static string Text(ref Utf8JsonReader reader, SharedStrings? strings) =>
        strings is null ? reader.GetString() ?? "" : strings.Of(ref reader);

    private static WireObject Members(ref Utf8JsonReader reader, SharedStrings? strings)
    {
        var members = ImmutableArray.CreateBuilder<WireMember>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Text(ref reader, strings);
            reader.Read();
            members.Add(new(name, default, Value(ref reader, strings)));
        }

        return new(members.DrainToImmutable(), default);
    }

    private static WireArray Items(ref Utf8JsonReader reader, SharedStrings? strings)
    {
        var items = ImmutableArray.CreateBuilder<WireValue>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            items.Add(Value(ref reader, strings));
        return new(items.DrainToImmutable(), default);
    }
}

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
    /// <exception cref="InvalidDataException">It is not one.</exception>
    public static WireObject Object(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8, Options);
            reader.Read();
            return Value(ref reader) as WireObject
                ?? throw new InvalidDataException("the server sent JSON that is no object");
        }
        // Text that is no UTF-8, or half of a surrogate pair, is an InvalidOperationException of the reader.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"the server sent no JSON: {e.Message}", e);
        }
    }

    private static WireValue Value(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => Members(ref reader),
        JsonTokenType.StartArray => Items(ref reader),
        JsonTokenType.String => new WireString(reader.GetString() ?? "", default),
        JsonTokenType.Number => new WireNumber(System.Text.Encoding.ASCII.GetString(reader.ValueSpan), default),
        JsonTokenType.True => new WireBool(true, default),
        JsonTokenType.False => new WireBool(false, default),
        _ => new WireNull(default),
    };

    private static WireObject Members(ref Utf8JsonReader reader)
    {
        var members = ImmutableArray.CreateBuilder<WireMember>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString() ?? "";
            reader.Read();
            members.Add(new(name, default, Value(ref reader)));
        }

        return new(members.DrainToImmutable(), default);
    }

    private static WireArray Items(ref Utf8JsonReader reader)
    {
        var items = ImmutableArray.CreateBuilder<WireValue>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            items.Add(Value(ref reader));
        return new(items.DrainToImmutable(), default);
    }
}

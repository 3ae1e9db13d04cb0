using System.Collections.Immutable;
using System.Globalization;
using Palisade.Kubernetes.Schema;

namespace Palisade.Kubernetes.Wire;

/// <summary>Decodes application/vnd.kubernetes.protobuf bodies into wire values, by the tags of the schemas.</summary>
/// <remarks>
/// Envelope: bytes 6b 38 73 00 ("k8s", NUL), then runtime.Unknown { 1: TypeMeta { 1: apiVersion, 2: kind }, 2: raw,
/// 3: contentEncoding, 4: contentType }. raw is the kind's message of k8s.io/api generated.proto (semantics §4.1.1).
/// Go writes its zero values too, so those of plain scalars are left out, as omitempty leaves them out of JSON.
/// </remarks>
public static class WireProtobuf
{
    /// <summary>Go's time.Time{}: 0001-01-01, which means no time.</summary>
    private const long ZeroTimeSeconds = -62135596800;

    /// <summary>What every body begins with.</summary>
    public static ReadOnlySpan<byte> Magic => [0x6b, 0x38, 0x73, 0x00];

    /// <summary>The object of a body, apiVersion and kind included; or why there is none.</summary>
    public static WireResult Parse(ReadOnlySpan<byte> body, WireLimits? limits = null)
    {
        limits ??= WireLimits.Default;
        if (body.Length > limits.MaxBytes)
            return Refused($"the document has {body.Length} bytes, more than the limit of {limits.MaxBytes}");
        if (!body.StartsWith(Magic))
            return Refused("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        var (apiVersion, kind, contentType) = ("", "", "");
        ReadOnlySpan<byte> raw = default;
        var envelope = new ProtobufReader(body[Magic.Length..]);
        while (envelope.Read())
        {
            switch (envelope.Number)
            {
                case 1:
                    (apiVersion, kind) = TypeMeta(envelope.Bytes);
                    break;
                case 2:
                    raw = envelope.Bytes;
                    break;
                case 4:
                    contentType = envelope.Text;
                    break;
            }
        }

        if (envelope.IsBroken)
            return Refused("unexpected EOF");
        if (contentType == "application/json")
            return WireJson.Parse(raw, limits);
        if (ApiKinds.Find(apiVersion, kind) is not { } schema)
            return Refused($"no kind \"{kind}\" is registered for version \"{apiVersion}\"");
        return Decode(raw, schema, apiVersion, limits);
    }

    private static WireResult Decode(ReadOnlySpan<byte> raw, KindSchema schema, string apiVersion, WireLimits limits)
    {
        var decoder = new Decoder(limits);
        if (decoder.Message(raw, schema.Type, 0) is not { } decoded)
            return Refused(decoder.Error ?? "unexpected EOF");
        ImmutableArray<WireMember> typed =
        [
            new("kind", default, new WireString(schema.Kind, default)),
            new("apiVersion", default, new WireString(apiVersion, default)),
        ];
        return new(new WireObject([.. typed, .. decoded.Members], default), null);
    }

    private static (string ApiVersion, string Kind) TypeMeta(ReadOnlySpan<byte> message)
    {
        var (apiVersion, kind) = ("", "");
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            if (reader.Number == 1)
                apiVersion = reader.Text;
            else if (reader.Number == 2)
                kind = reader.Text;
        }

        return (apiVersion, kind);
    }

    private static WireResult Refused(string message) => new(null, new(message, default));

    private sealed class Decoder(WireLimits limits)
    {
        private int _nodes;

        public string? Error { get; private set; }

        // Null: broken; Error says more where there is more to say.
        public WireObject? Message(ReadOnlySpan<byte> message, ObjectSchema type, int depth)
        {
            if (depth > limits.MaxDepth || ++_nodes > limits.MaxNodes)
            {
                Error = "exceeded max depth or size";
                return null;
            }

            var members = new Gathered();
            var reader = new ProtobufReader(message);
            while (reader.Read())
            {
                // Tags not known are of newer fields, and skipped as Go skips them.
                if (type.Field(reader.Number) is { } field && !Member(ref reader, field, depth, members))
                    return null;
            }

            return reader.IsBroken ? null : members.ToObject(type);
        }

        private bool Member(ref ProtobufReader reader, ApiField field, int depth, Gathered members)
        {
            if (field.Embedded)
            {
                if (Message(reader.Bytes, field.Type!(), depth + 1) is not { } inner)
                    return false;
                foreach (var member in inner.Members)
                    members.Values[member.Name] = member.Value;
                return true;
            }

            switch (field.Shape)
            {
                case FieldShape.List:
                    if (Item(ref reader, field, depth) is not { } item)
                        return false;
                    members.ListOf(field.Name).Add(item);
                    return ++_nodes <= limits.MaxNodes;
                case FieldShape.Map:
                    return Entry(reader.Bytes, field, depth, members);
                default:
                    if (Item(ref reader, field, depth) is not { } value)
                        return false;
                    if (field.Optional || !IsZero(value, field))
                        members.Values[field.Name] = value;
                    return true;
            }
        }

        private bool Entry(ReadOnlySpan<byte> message, ApiField field, int depth, Gathered members)
        {
            var key = "";
            WireValue? value = null;
            var entry = new ProtobufReader(message);
            while (entry.Read())
            {
                if (entry.Number == 1)
                    key = entry.Text;
                else if (entry.Number == 2 && (value = Item(ref entry, field, depth)) is null)
                    return false;
            }

            if (entry.IsBroken)
                return false;
            value ??= field.Kind == FieldKind.Object ? new WireObject([], default) : new WireString("", default);
            members.MapOf(field.Name)[key] = value;
            return ++_nodes <= limits.MaxNodes;
        }

        private WireValue? Item(ref ProtobufReader reader, ApiField field, int depth) => field.Kind switch
        {
            FieldKind.Object => Message(reader.Bytes, field.Type!(), depth + 1),
            FieldKind.String => new WireString(reader.Text, default),
            FieldKind.Bool => new WireBool(reader.Varint != 0, default),
            FieldKind.Int32 or FieldKind.Int64 => Number(reader.Varint),
            FieldKind.Bytes => new WireString(System.Convert.ToBase64String(reader.Bytes), default),
            FieldKind.IntOrString => IntOrString(reader.Bytes),
            FieldKind.Quantity => new WireString(First(reader.Bytes), default),
            FieldKind.Time => Time(reader.Bytes, "yyyy-MM-ddTHH:mm:ssZ"),
            FieldKind.MicroTime => Time(reader.Bytes, "yyyy-MM-ddTHH:mm:ss.ffffffZ"),
            FieldKind.StringList => Strings(reader.Bytes),
            _ => Raw(reader.Bytes),
        };

        private static WireNumber Number(long value) => new(value.ToString(CultureInfo.InvariantCulture), default);

        // IntOrString { 1: type (0 int, 1 string), 2: intVal, 3: strVal }
        private static WireValue IntOrString(ReadOnlySpan<byte> message)
        {
            var (type, number, text) = (0L, 0L, "");
            var reader = new ProtobufReader(message);
            while (reader.Read())
            {
                switch (reader.Number)
                {
                    case 1:
                        type = reader.Varint;
                        break;
                    case 2:
                        number = reader.Varint;
                        break;
                    case 3:
                        text = reader.Text;
                        break;
                }
            }

            return type == 0 ? Number(unchecked((int)number)) : new WireString(text, default);
        }

        // Quantity { 1: string }
        private static string First(ReadOnlySpan<byte> message)
        {
            var reader = new ProtobufReader(message);
            return reader.Read() && reader.Number == 1 ? reader.Text : "0";
        }

        // Time { 1: seconds since 1970, 2: nanos }
        private static WireValue Time(ReadOnlySpan<byte> message, string form)
        {
            var (seconds, nanos) = (ZeroTimeSeconds, 0L);
            var reader = new ProtobufReader(message);
            while (reader.Read())
            {
                if (reader.Number == 1)
                    seconds = reader.Varint;
                else if (reader.Number == 2)
                    nanos = reader.Varint;
            }

            // 9999-12-31: the last moment RFC 3339 can write.
            var isTime = seconds is > ZeroTimeSeconds and <= 253402300799 && nanos is >= 0 and < 1_000_000_000;
            return isTime
                ? new WireString(DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100).ToString(form,
                    CultureInfo.InvariantCulture), default)
                : new WireNull(default);
        }

        // ExtraValue { repeated 1: string }
        private static WireArray Strings(ReadOnlySpan<byte> message)
        {
            var items = ImmutableArray.CreateBuilder<WireValue>();
            var reader = new ProtobufReader(message);
            while (reader.Read())
                items.Add(new WireString(reader.Text, default));
            return new(items.ToImmutable(), default);
        }

        // FieldsV1 and RawExtension { 1: JSON }
        private WireValue? Raw(ReadOnlySpan<byte> message)
        {
            var reader = new ProtobufReader(message);
            if (!reader.Read())
                return new WireNull(default);
            var (value, error) = WireJson.Parse(reader.Bytes, limits);
            Error ??= error?.Message;
            return value;
        }

        private static bool IsZero(WireValue value, ApiField field) => value switch
        {
            WireNull => true,
            WireString { Value: "" } => true,
            WireString { Value: "0" } => field.Kind == FieldKind.Quantity,
            WireNumber { Text: "0" } => true,
            WireBool { Value: false } => true,
            _ => false,
        };
    }

    // Fields may come in any order and lists and maps entry by entry; put together at the end, so that long ones stay
    // linear.
    private sealed class Gathered
    {
        private readonly Dictionary<string, ImmutableArray<WireValue>.Builder> _lists = new(StringComparer.Ordinal);
        private readonly Dictionary<string, OrderedDictionary<string, WireValue>> _maps = new(StringComparer.Ordinal);

        public Dictionary<string, WireValue> Values { get; } = new(StringComparer.Ordinal);

        public ImmutableArray<WireValue>.Builder ListOf(string name) =>
            _lists.TryGetValue(name, out var list) ? list : _lists[name] = ImmutableArray.CreateBuilder<WireValue>();

        public OrderedDictionary<string, WireValue> MapOf(string name) =>
            _maps.TryGetValue(name, out var map) ? map : _maps[name] = new(StringComparer.Ordinal);

        public WireObject ToObject(ObjectSchema type)
        {
            foreach (var (name, list) in _lists)
                Values[name] = new WireArray(list.ToImmutable(), default);
            foreach (var (name, map) in _maps)
                Values[name] =
                    new WireObject([.. map.Select(pair => new WireMember(pair.Key, default, pair.Value))], default);
            var present = type.Fields.Where(field => Values.ContainsKey(field.Name));
            return new([.. present.Select(field => new WireMember(field.Name, default, Values[field.Name]))], default);
        }
    }
}

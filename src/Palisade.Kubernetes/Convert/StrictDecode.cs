using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Convert;

/// <summary>
/// Decodes a wire value as sigs.k8s.io/json decodes it into the kind's Go struct: field names are case-sensitive,
/// unknown and
/// repeated fields are strict errors, the first wrong type is the answer (and decoding goes on), null is the zero
/// value.
/// </summary>
public static partial class StrictDecode
{
    // sigs.k8s.io/json keeps no more than this many strict errors.
    internal const int MaxStrictErrors = 100;

    /// <summary>Decodes a whole object.</summary>
    public static DecodeResult Check(WireValue value, KindSchema kind) =>
        kind.Custom is { } custom ? CustomDecode.Check(value, custom) : Check(value, kind.Type);

    /// <summary>Decodes a part of an object, for example a LabelSelector.</summary>
    public static DecodeResult Check(WireValue value, ObjectSchema type) => Check(value, type, lettersAreText: false);

    /// <summary>
    /// As <see cref="Check(WireValue, KindSchema)"/>, but a plain y or n of YAML 1.1 counts as text where text
    /// belongs: what the
    /// author meant, though no API server would take it.
    /// </summary>
    public static DecodeResult CheckAsMeant(WireValue value, KindSchema kind) => kind.Custom is { } custom
        ? CustomDecode.Check(value, custom, lettersAreText: true)
        : Check(value, kind.Type, lettersAreText: true);

    internal static DecodeResult Check(WireValue value, ObjectSchema type, bool lettersAreText)
    {
        var walk = new Walk(lettersAreText);
        var pruned = walk.Struct(value, type, type.GoType) as WireObject ?? new WireObject([], value.At);
        return new(pruned, walk.StrictErrors.ToImmutable(), walk.TypeError);
    }

    [GeneratedRegex(@"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$")]
    private static partial Regex QuantityForm();

    private sealed class Walk(bool lettersAreText)
    {
        // The path for type errors has no indices; the path for strict errors has them.
        private readonly List<string> _fields = [];
        private readonly StringBuilder _path = new();
        private readonly HashSet<string> _known = new(StringComparer.Ordinal);
        private string? _struct;
        private bool _aborted;

        public ImmutableArray<StrictError>.Builder StrictErrors { get; } = ImmutableArray.CreateBuilder<StrictError>();

        public StrictError? TypeError { get; private set; }

        // The value of a struct; null when it is null or of a wrong type.
        public WireValue? Struct(WireValue value, ObjectSchema type, string goType)
        {
            if (value is WireNull)
                return null;
            if (value is not WireObject o)
                return Mismatch(value, goType);
            var outer = _struct;
            var members = new Dictionary<string, (WireMember Member, int Order)>(StringComparer.Ordinal);
            foreach (var member in o.Members)
            {
                var length = Enter(member.Name);
                if (type.Field(member.Name) is not { } field)
                {
                    Strict($"unknown field \"{_path}\"", member.At);
                }
                else
                {
                    if (members.ContainsKey(member.Name))
                        Strict($"duplicate field \"{_path}\"", member.At);
                    _struct = type.GoName;
                    _fields.Add(member.Name);
                    Keep(members, member, Value(member.Value, field));
                    _fields.RemoveAt(_fields.Count - 1);
                    _struct = outer;
                }

                _path.Length = length;
                if (_aborted)
                    break;
            }

            return new WireObject([.. members.Values.OrderBy(m => m.Order).Select(m => m.Member)], o.At);
        }

        private static void Keep(
            Dictionary<string, (WireMember Member, int Order)> members,
            WireMember member,
            WireValue? value)
        {
            var seen = members.TryGetValue(member.Name, out var before);
            if (value is null)
            {
                // null leaves a scalar as it is and empties a pointer, list or map: without an earlier value both
                // mean absent.
                if (seen && member.Value is WireNull)
                    members.Remove(member.Name);
                return;
            }

            // Go decodes a repeated object into the struct it already filled.
            if (seen && before.Member.Value is WireObject old && value is WireObject more)
                value = new WireObject([.. old.Members.Where(m => more[m.Name] is null), .. more.Members], old.At);
            members[member.Name] = (member with { Value = value }, seen ? before.Order : members.Count);
        }

        private WireValue? Value(WireValue value, ApiField field)
        {
            if (value is WireNull)
                return null;
            return field.Shape switch
            {
                FieldShape.List => List(value, field),
                FieldShape.Map => Map(value, field),
                _ => Item(value, field),
            };
        }

        private WireValue? List(WireValue value, ApiField field)
        {
            if (value is not WireArray list)
                return Mismatch(value, field.GoType);
            var items = ImmutableArray.CreateBuilder<WireValue>(list.Items.Length);
            for (var i = 0; i < list.Items.Length && !_aborted; i++)
            {
                var length = _path.Length;
                _path.Append('[').Append(i).Append(']');
                items.Add(Item(list.Items[i], field) ?? Zero(field, list.Items[i].At));
                _path.Length = length;
            }

            return new WireArray(items.DrainToImmutable(), list.At);
        }

        private WireValue? Map(WireValue value, ApiField field)
        {
            if (value is not WireObject o)
                return Mismatch(value, field.GoType);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var members = ImmutableArray.CreateBuilder<WireMember>(o.Members.Length);
            foreach (var member in o.Members)
            {
                var length = Enter(member.Name);
                if (!seen.Add(member.Name))
                    Strict($"duplicate field \"{_path}\"", member.At);
                members.Add(member with { Value = Item(member.Value, field) ?? Zero(field, member.Value.At) });
                _path.Length = length;
                if (_aborted)
                    break;
            }

            return new WireObject([.. new WireObject(members.DrainToImmutable(), o.At).Distinct()], o.At);
        }

        // What Go leaves in a list or map for null or a value it could not decode: the zero value.
        private static WireValue Zero(ApiField field, Position at) => field.Kind switch
        {
            FieldKind.Object => new WireObject([], at),
            FieldKind.String => new WireString("", at),
            FieldKind.Int32 or FieldKind.Int64 or FieldKind.IntOrString or FieldKind.Number => new WireNumber("0", at),
            FieldKind.Bool => new WireBool(false, at),
            FieldKind.Quantity => new WireString("0", at),
            FieldKind.StringList => new WireArray([], at),
            _ => new WireNull(at),
        };

        private WireValue? Item(WireValue value, ApiField field) => value is WireNull ? null : field.Kind switch
        {
            FieldKind.Object => Struct(value, field.Type!(), field.GoItemType),
            FieldKind.String => Text(value, field.GoItemType),
            FieldKind.Bool => value is WireBool ? value : Mismatch(value, field.GoItemType),
            FieldKind.Int32 => Integer(value, field.GoItemType, int.MinValue, int.MaxValue),
            FieldKind.Int64 => Integer(value, field.GoItemType, long.MinValue, long.MaxValue),
            FieldKind.IntOrString => IntOrString(value),
            FieldKind.Quantity => Quantity(value),
            FieldKind.Time or FieldKind.MicroTime => Time(value, field.Kind),
            FieldKind.Bytes => Bytes(value),
            FieldKind.StringList => StringList(value, field),
            FieldKind.Number => value is WireNumber ? value : Mismatch(value, field.GoItemType),
            FieldKind.ObjectOrOther when value is WireObject => Struct(value, field.Type!(), "v1.JSONSchemaProps"),
            _ => value,
        };

        private WireValue? Text(WireValue value, string goType)
        {
            if (lettersAreText && value is WireBool { Letter: { } letter })
                return new WireString(letter, value.At);
            return value is WireString ? value : Mismatch(value, goType);
        }

        private WireValue? Integer(WireValue value, string goType, long least, long most)
        {
            if (value is not WireNumber number)
                return Mismatch(value, goType);
            var fits =
                long.TryParse(number.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed)
                && parsed >= least && parsed <= most;
            return fits ? number : Mismatch($"number {number.Text}", goType, value.At);
        }

        // intstr.IntOrString decodes by itself, so the error names neither struct nor field, and Go stops there.
        private WireValue? IntOrString(WireValue value)
        {
            if (value is WireString)
                return value;
            var fits = value is WireNumber number
                && int.TryParse(number.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
            if (fits)
                return value;
            var what = value is WireNumber bad ? $"number {bad.Text}" : Name(value);
            return Abort($"json: cannot unmarshal {what} into Go value of type int32", value.At);
        }

        private WireValue? Quantity(WireValue value)
        {
            var text = value switch { WireString s => s.Value, WireNumber n => n.Text, _ => "?" };
            if (text.Length == 0)
                return new WireString("0", value.At);
            if (QuantityForm().IsMatch(text.Trim()))
                return new WireString(text, value.At);
            const string Form = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";
            return Abort($"quantities must match the regular expression '{Form}'", value.At);
        }

        private WireValue? Time(WireValue value, FieldKind kind)
        {
            if (value is not WireString s)
                return Abort($"json: cannot unmarshal {Name(value)} into Go value of type string", value.At);
            if (DateTimeOffset.TryParse(s.Value, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out _)
                && s.Value.Contains('T'))
                return value;
            var layout = kind == FieldKind.Time ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00";
            var shown = GoText.Quote(s.Value);
            return Abort($"parsing time {shown} as \"{layout}\": cannot parse {shown} as \"2006\"", value.At);
        }

        private WireValue? Bytes(WireValue value)
        {
            if (value is not WireString s)
                return Mismatch(value, "[]uint8");
            var room = new byte[s.Value.Length];
            return System.Convert.TryFromBase64String(s.Value, room, out _) ? value
                : Abort("illegal base64 data at input byte 0", value.At);
        }

        private WireValue? StringList(WireValue value, ApiField field)
        {
            if (value is not WireArray list)
                return Mismatch(value, field.GoItemType);
            var items =
                list.Items.Select(item =>
                    item is WireString ? item : Mismatch(item, "string") ?? new WireString("", item.At));
            return new WireArray([.. items], list.At);
        }

        private int Enter(string name)
        {
            var length = _path.Length;
            if (length > 0)
                _path.Append('.');
            _path.Append(name);
            return length;
        }

        private void Strict(string message, Position at)
        {
            if (StrictErrors.Count < MaxStrictErrors && _known.Add(message))
                StrictErrors.Add(new(message, at));
        }

        private WireValue? Mismatch(WireValue value, string goType) =>
            value is WireNull ? null : Mismatch(Name(value), goType, value.At);

        private WireValue? Mismatch(string what, string goType, Position at)
        {
            var into = _struct is null ? $"Go value of type {goType}"
                : $"Go struct field {_struct}.{string.Join('.', _fields)} of type {goType}";
            TypeError ??= new($"json: cannot unmarshal {what} into {into}", at);
            return null;
        }

        // A type that decodes itself ends the whole decoding, and its error is returned in place of one saved before.
        private WireValue? Abort(string message, Position at)
        {
            TypeError = new(message, at);
            _aborted = true;
            return null;
        }

        private static string Name(WireValue value) => value switch
        {
            WireObject => "object",
            WireArray => "array",
            WireString => "string",
            WireBool => "bool",
            _ => "number",
        };
    }
}

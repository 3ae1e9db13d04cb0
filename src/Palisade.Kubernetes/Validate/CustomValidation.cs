using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// A decoded custom resource against its schema, in the words of kube-openapi and apiextensions (semantics §3.2):
/// first what the schema says, then repeated items of sets, then the CEL rules.
/// </summary>
/// <remarks>
/// The API server does not ask its CEL rules about an object that lacks fields, and says so in one more cause without
/// a path. Here a rule is asked wherever the value it stands on is well-formed, so that all is told at once.
/// </remarks>
internal sealed partial class CustomValidation
{
    private readonly CauseList _causes;
    private readonly CauseList _repeats = new();
    private readonly CauseList _rules = new();
    private readonly bool _understood;

    private CustomValidation(CauseList causes, bool understood)
    {
        _causes = causes;
        _understood = understood;
    }

    /// <summary>
    /// A whole object; metadata has its own rules. A status that comes with a new object is dropped, so it does not
    /// count; on an update it does.
    /// </summary>
    public static void Check(Place root, CustomSchema schema, bool withStatus, CauseList causes)
    {
        var validation = new CustomValidation(causes, understood: false);
        foreach (var (name, part, required) in schema.Properties)
        {
            if ((name == "status" && !withStatus) || part.IsOpen)
                continue;
            if (root[name].IsPresent)
                validation.Value(root[name], part);
            else if (required)
                causes.Required(root[name]);
        }

        validation.Rules(root with { Path = "<nil>" }, root, schema);
        validation.Finish();
    }

    /// <summary>
    /// A part of an object, for whoever has to understand it: without bounds on how many and how long, and without
    /// CEL rules.
    /// </summary>
    public static void CheckMeaning(Place place, CustomSchema schema, CauseList causes) =>
        new CustomValidation(causes, understood: true).Value(place, schema);

    private void Finish()
    {
        _causes.AddRange(_repeats);
        _causes.AddRange(_rules);
    }

    private void Value(Place place, CustomSchema schema)
    {
        if (NameOf(schema.Type) is var wanted && NameOf(place.Value) is var given && wanted != given)
        {
            var shown = GoText.Quote(given);
            _causes.TypeInvalid(place, shown, $"{place.Path} in body must be of type {wanted}: {shown}");
            return;
        }

        var before = _causes.Count;
        switch (schema.Type)
        {
            case CustomType.Object:
                Object(place, schema);
                break;
            case CustomType.Array:
                List(place, schema);
                break;
            case CustomType.String:
                Text(place, schema);
                break;
            case CustomType.Integer:
                Integer(place, schema);
                break;
        }

        if (_causes.Count == before)
            Rules(place, place, schema);
    }

    private void Object(Place place, CustomSchema schema)
    {
        var count = place.Members.Length;
        if (schema.MinProperties is { } least && count < least)
        {
            _causes.InvalidValue(place, Shown(count), $"{place.Path} in body should have at least {least} properties");
            return;
        }

        if (schema.MaxProperties is { } most && count > most)
        {
            _causes.TooMany(place, count, most);
            return;
        }

        foreach (var (name, part, required) in schema.Properties)
        {
            if (place[name].IsPresent)
                Value(place[name], part);
            else if (required)
                _causes.Required(place[name]);
        }

        if (schema.Values is not { } values)
            return;
        foreach (var member in place.Members.OrderBy(member => member.Name, StringComparer.Ordinal))
            Value(new($"{place.Path}.{member.Name}", member.Value, member.Value.At), values);
    }

    private void List(Place place, CustomSchema schema)
    {
        if (schema.MinItems is { } least && place.Count < least)
            _causes.InvalidValue(place, Shown(place.Count),
                $"{place.Path} in body should have at least {least} items");
        if (schema.MaxItems is { } most && place.Count > most && !_understood)
            _causes.TooMany(place, place.Count, most);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in place.Items())
        {
            Value(item, schema.Items!);
            if (schema.IsSet && item.Value is WireString && !seen.Add(item.Text))
                _repeats.Duplicate(item, item.Text);
            if (schema.MapKey is { } key && item[key].Value is WireString name && !seen.Add(name.Value))
                _repeats.DuplicateValue(item, $"{{{GoText.Quote(key)}:{GoText.Quote(name.Value)}}}");
        }
    }

    private void Text(Place place, CustomSchema schema)
    {
        var length = place.Text.EnumerateRunes().Count();
        if (schema.MaxLength is { } most && length > most && !_understood)
            _causes.TooLong(place, most);
        if (schema.MinLength is { } least && length < least)
            _causes.Invalid(place, place.Text, $"{place.Path} in body should be at least {least} chars long");
        if (schema.Matches is { } matches && !matches(place.Text))
            _causes.Invalid(place, place.Text, $"{place.Path} in body should match '{schema.Pattern}'");
        if (!schema.Enum.IsEmpty && !schema.Enum.Contains(place.Text))
            _causes.NotSupported(place, place.Text, schema.Enum);
        if (schema.Format == "date-time" && !IsDateTime(place.Text))
        {
            var shown = GoText.Quote(place.Text);
            _causes.TypeInvalid(place, shown, $"{place.Path} in body must be of type date-time: {shown}");
        }
    }

    /// <summary>What kube-openapi's strfmt.IsDateTime takes: RFC 3339 without leap seconds.</summary>
    private static bool IsDateTime(string text) =>
        Rfc3339().Match(text) is { Success: true } match
        && DateOnly.TryParseExact(match.Groups["date"].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture,
            DateTimeStyles.None, out _);

    [GeneratedRegex(
        @"\A(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]+)?"
        + @"([Zz]|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex Rfc3339();

    private void Integer(Place place, CustomSchema schema)
    {
        if (place.Number > schema.Maximum)
            _causes.Invalid(place, place.Number,
                $"{place.Path} in body should be less than or equal to {schema.Maximum}");
        if (place.Number < schema.Minimum)
            _causes.Invalid(place, place.Number,
                $"{place.Path} in body should be greater than or equal to {schema.Minimum}");
    }

    private void Rules(Place told, Place place, CustomSchema schema)
    {
        if (_understood)
            return;
        foreach (var rule in schema.Rules)
        {
            if (!rule.Holds(place))
                _rules.InvalidValue(told, GoText.Quote(place.Value is WireString ? place.Text : "object"),
                    rule.Message);
        }
    }

    private static string Shown(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static string NameOf(CustomType type) => type switch
    {
        CustomType.Object => "object",
        CustomType.Array => "array",
        CustomType.String => "string",
        _ => "integer",
    };

    private static string NameOf(WireValue? value) => value switch
    {
        WireObject => "object",
        WireArray => "array",
        WireString => "string",
        WireBool => "boolean",
        WireNumber number => long.TryParse(
            number.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? "integer" : "number",
        _ => "null",
    };
}

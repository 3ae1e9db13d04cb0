using System.Globalization;
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
/// a path. Here a rule is asked wherever the value it stands on is well-formed, so that all is told at once. What an
/// update leaves as it was is not judged again (ratcheting, as from 1.33), but by rules that compare with before.
/// </remarks>
internal sealed class CustomValidation
{
    private readonly CauseList _causes;
    private readonly CauseList _repeats = new();
    private readonly CustomRules? _rules;

    private CustomValidation(CauseList causes, CustomRules? rules)
    {
        _causes = causes;
        _rules = rules;
    }

    /// <summary>
    /// A whole object; metadata has its own rules. A status that comes with a new object is dropped, so it does not
    /// count; on an update (<paramref name="old"/>) it does.
    /// </summary>
    public static void Check(Place root, CustomSchema schema, WireObject? old, CauseList causes)
    {
        var validation = new CustomValidation(causes, new CustomRules());
        foreach (var (name, part, required) in schema.Properties)
        {
            // Nothing but bounds on its name can be said of metadata here.
            if ((name == "status" && old is null) || (part.Known is not null && part.Properties.IsEmpty))
                continue;
            if (root[name].IsPresent)
                validation.Value(root[name], part, old?[name]);
            else if (required)
                causes.Required(root[name]);
        }

        validation.Combined(root, schema);
        validation._rules!.Ask(root with { Path = "<nil>" }, root, schema, old, unchanged: false);
        causes.AddRange(validation._repeats);
        causes.AddRange(validation._rules.Causes);
    }

    /// <summary>
    /// A part of an object, for whoever has to understand it: without bounds on how many and how long, and without
    /// CEL rules.
    /// </summary>
    public static void CheckMeaning(Place place, CustomSchema schema, CauseList causes) =>
        new CustomValidation(causes, null).Value(place, schema, null);

    private void Value(Place place, CustomSchema schema, WireValue? old)
    {
        if (old is not null && place.Value!.SameAs(old))
        {
            _rules?.AskTransitions(place, schema, old);
            return;
        }

        if (!place.IsPresent && schema.Nullable)
            return;
        var before = _causes.Count;
        if (!CustomTypes.Allows(schema, place.Value))
        {
            var shown = GoText.Quote(CustomTypes.NameOf(place.Value));
            _causes.TypeInvalid(
                place, shown, $"{place.Path} in body must be of type {CustomTypes.NameOf(schema)}: {shown}");
            return;
        }

        switch (place.Value)
        {
            case WireObject:
                Object(place, schema, old as WireObject);
                break;
            case WireArray:
                List(place, schema, old as WireArray);
                break;
            case WireString:
                Text(place, schema);
                break;
            case WireNumber number:
                Number(place, number, schema);
                break;
        }

        if (!schema.Enum.IsEmpty && !schema.Enum.Any(known => known.SameAs(place.Value!)))
            _causes.NotSupportedValue(place, CustomTypes.Shown(place), schema.Enum.Select(CustomTypes.Plain));
        Combined(place, schema);
        if (_causes.Count == before)
            _rules?.Ask(place, place, schema, old, unchanged: false);
    }

    private void Object(Place place, CustomSchema schema, WireObject? old)
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
            if (place[name].Value is not null)
                Value(place[name], part, old?[name]);
            else if (required)
                _causes.Required(place[name]);
        }

        foreach (var name in schema.AlsoRequired.Where(name => place[name].Value is null))
            _causes.Required(place[name]);
        if (schema.IsResource)
        {
            foreach (var name in (string[])["apiVersion", "kind"])
            {
                if (place[name].Text.Length == 0)
                    _causes.Required(place[name], "must not be empty");
            }
        }

        if (schema.Values is not { } values)
            return;
        foreach (var member in place.Members.OrderBy(member => member.Name, StringComparer.Ordinal))
            Value(new($"{place.Path}.{member.Name}", member.Value, member.Value.At), values, old?[member.Name]);
    }

    private void List(Place place, CustomSchema schema, WireArray? old)
    {
        if (schema.MinItems is { } least && place.Count < least)
            _causes.InvalidValue(place, Shown(place.Count),
                $"{place.Path} in body should have at least {least} items");
        if (schema.MaxItems is { } most && place.Count > most && _rules is not null)
            _causes.TooMany(place, place.Count, most);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var before = CustomTypes.ByKey(old, schema);
        foreach (var item in place.Items())
        {
            var key = CustomTypes.KeyOf(item, schema);
            if (schema.Items is { } items)
                Value(item, items, key is null ? null : before.GetValueOrDefault(key));
            if (schema.IsSet && item.Value is WireString && !seen.Add(item.Text))
                _repeats.Duplicate(item, item.Text);
            else if (schema.IsSet && item.Value is not (WireString or null) && !seen.Add(CustomTypes.Shown(item)))
                _repeats.DuplicateValue(item, CustomTypes.Shown(item));
            if (key is not null && !seen.Add(key))
                _repeats.DuplicateValue(item, key);
        }
    }

    private void Text(Place place, CustomSchema schema)
    {
        var length = place.Text.EnumerateRunes().Count();
        if (schema.MaxLength is { } most && length > most && _rules is not null)
            _causes.TooLong(place, most);
        if (schema.MinLength is { } least && length < least)
            _causes.Invalid(place, place.Text, $"{place.Path} in body should be at least {least} chars long");
        if (schema.Matches is { } matches && !matches(place.Text))
            _causes.Invalid(place, place.Text, $"{place.Path} in body should match '{schema.Pattern}'");
        if (schema.Format is { } format && !CustomFormats.Fits(format, place.Text))
        {
            var shown = GoText.Quote(place.Text);
            _causes.TypeInvalid(place, shown, $"{place.Path} in body must be of type {format}: {shown}");
        }
    }

    private void Number(Place place, WireNumber written, CustomSchema schema)
    {
        if (WireEquality.Number(written) is not { } number)
            return;
        if (schema.Maximum is { } most && (schema.ExclusiveMaximum ? number >= most : number > most))
            Bound(schema.ExclusiveMaximum ? "less than" : "less than or equal to", most);
        if (schema.Minimum is { } least && (schema.ExclusiveMinimum ? number <= least : number < least))
            Bound(schema.ExclusiveMinimum ? "greater than" : "greater than or equal to", least);
        if (schema.MultipleOf is { } factor && factor != 0 && number % factor != 0)
            Bound("a multiple of", factor);

        void Bound(string what, decimal bound) => _causes.InvalidValue(place, written.Text,
            $"{place.Path} in body should be {what} {bound.ToString(CultureInfo.InvariantCulture)}");
    }

    // go-openapi's texts; below the one that says that none fits stands what is wrong with the nearest.
    private void Combined(Place place, CustomSchema schema)
    {
        foreach (var part in schema.AllOf)
        {
            var failures = Failures(place, part);
            _causes.AddRange(failures);
            if (failures.Count > 0)
                Say("must validate all the schemas (allOf)");
        }

        if (!schema.AnyOf.IsEmpty)
        {
            var failures = schema.AnyOf.Select(part => Failures(place, part)).ToList();
            if (failures.All(list => list.Count > 0))
                Nearest("must validate at least one schema (anyOf)", failures);
        }

        if (!schema.OneOf.IsEmpty)
        {
            var failures = schema.OneOf.Select(part => Failures(place, part)).ToList();
            var valid = failures.Count(list => list.Count == 0);
            if (valid == 0)
                Nearest("must validate one and only one schema (oneOf). Found none valid", failures);
            else if (valid > 1)
                Say($"must validate one and only one schema (oneOf). Found {Shown(valid)} valid alternatives");
        }

        if (schema.Not is { } not && Failures(place, not).Count == 0)
            Say("must not validate the schema (not)");

        void Nearest(string text, List<CauseList> failures)
        {
            Say(text);
            _causes.AddRange(failures.MinBy(list => list.Count)!);
        }

        void Say(string text) => _causes.Invalid(place, "", $"\"{place.Path}\" {text}");
    }

    // Schemas within these words hold no rules of their own.
    private static CauseList Failures(Place place, CustomSchema part)
    {
        var failures = new CauseList();
        new CustomValidation(failures, new CustomRules()).Value(place, part, null);
        return failures;
    }

    private static string Shown(int count) => count.ToString(CultureInfo.InvariantCulture);
}

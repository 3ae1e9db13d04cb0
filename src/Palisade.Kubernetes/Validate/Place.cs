using System.Collections.Immutable;
using System.Globalization;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// A value of a decoded object with its path, or the place where it is missing (then with its holder's position).
/// </summary>
internal readonly record struct Place(string Path, WireValue? Value, Position At)
{
    public static Place Root(WireObject value) => new("", value, value.At);

    public bool IsPresent => Value is not null and not WireNull;

    public string Text => (Value as WireString)?.Value ?? "";

    public bool IsTrue => Value is WireBool { Value: true };

    public long Number =>
        Value is WireNumber number
            && long.TryParse(number.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed)
        ? parsed
        : 0;

    public ImmutableArray<WireMember> Members => Value is WireObject o ? o.Members : [];

    public int Count => Value is WireArray list ? list.Items.Length : 0;

    public Place this[string name]
    {
        get
        {
            var child = (Value as WireObject)?[name];
            return new(Path.Length == 0 ? name : $"{Path}.{name}", child, child?.At ?? At);
        }
    }

    public IEnumerable<Place> Items()
    {
        if (Value is not WireArray list)
            yield break;
        for (var i = 0; i < list.Items.Length; i++)
            yield return new($"{Path}[{i.ToString(CultureInfo.InvariantCulture)}]", list.Items[i], list.Items[i].At);
    }
}

/// <summary>Collects causes with the heads and reasons of apimachinery's field.Error.</summary>
internal sealed class CauseList
{
    // A body of 3 MB may hold hundreds of thousands of mistakes; as an answer they would be a hundred times as long.
    private const int Most = 1000;

    private readonly ImmutableArray<Cause>.Builder _causes = ImmutableArray.CreateBuilder<Cause>();

    public int Count => _causes.Count;

    public void Required(Place place, string detail = "") => Add("FieldValueRequired", "Required value", detail, place);

    public void Forbidden(Place place, string detail) => Add("FieldValueForbidden", "Forbidden", detail, place);

    /// <summary>A string value; other values are printed by the caller (InvalidValue).</summary>
    public void Invalid(Place place, string value, string detail) => InvalidValue(place, GoText.Quote(value), detail);

    public void Invalid(Place place, string value, IEnumerable<string> details)
    {
        foreach (var detail in details)
            Invalid(place, value, detail);
    }

    public void Invalid(Place place, long value, IEnumerable<string> details)
    {
        foreach (var detail in details)
            Invalid(place, value, detail);
    }

    public void Invalid(Place place, long value, string detail) =>
        InvalidValue(place, value.ToString(CultureInfo.InvariantCulture), detail);

    public void InvalidValue(Place place, string shown, string detail) =>
        Add("FieldValueInvalid", $"Invalid value: {shown}", detail, place);

    public void NotSupported(Place place, string value, params IEnumerable<string> supported) =>
        NotSupportedValue(place, GoText.Quote(value), supported);

    /// <summary>A value as it is printed.</summary>
    public void NotSupportedValue(Place place, string shown, params IEnumerable<string> supported) => Add(
        "FieldValueNotSupported",
        $"Unsupported value: {shown}",
        "supported values: " + string.Join(", ", supported.Select(GoText.Quote)),
        place);

    public void Duplicate(Place place, string value) =>
        DuplicateValue(place, GoText.Quote(value));

    public void DuplicateValue(Place place, string shown) =>
        Add("FieldValueDuplicate", $"Duplicate value: {shown}", "", place);

    public void NotFound(Place place, string value) =>
        Add("FieldValueNotFound", $"Not found: {GoText.Quote(value)}", "", place);

    /// <summary>A value of another type than a custom resource's schema has.</summary>
    public void TypeInvalid(Place place, string shown, string detail) =>
        Add("FieldValueTypeInvalid", $"Invalid value: {shown}", detail, place);

    public void TooMany(Place place, int count, int most) =>
        Add("FieldValueTooMany", string.Create(CultureInfo.InvariantCulture, $"Too many: {count}"),
            string.Create(CultureInfo.InvariantCulture, $"must have at most {most} items"), place);

    public void TooLong(Place place, int most) =>
        Add("FieldValueTooLong", "Too long",
            $"may not be more than {most.ToString(CultureInfo.InvariantCulture)} bytes", place);

    public void AddRange(CauseList others) => _causes.AddRange(others._causes.Take(Most - Count));

    public ImmutableArray<Cause> ToImmutable() => _causes.ToImmutable();

    private void Add(string reason, string head, string detail, Place place)
    {
        if (Count < Most)
            _causes.Add(new(reason, detail.Length == 0 ? head : $"{head}: {detail}", place.Path, place.At));
    }
}

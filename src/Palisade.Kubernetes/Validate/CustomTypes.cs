using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>Types of values as errors name them, and which of two lists' items are the same.</summary>
internal static class CustomTypes
{
    public static bool Allows(CustomSchema schema, WireValue? value) => (schema.Type, NameOf(value)) switch
    {
        (null, var given) => !schema.IntOrString || given is "integer" or "string",
        (CustomType.Number, "integer") => true,
        var (wanted, given) => NameOf(wanted.Value) == given,
    };

    public static string NameOf(CustomSchema schema) =>
        schema.Type is { } type ? NameOf(type) : "integer,string";

    public static string NameOf(WireValue? value) => value switch
    {
        WireObject => "object",
        WireArray => "array",
        WireString => "string",
        WireBool => "boolean",
        WireNumber number => WireEquality.Number(number) is { } parsed && parsed == decimal.Truncate(parsed)
            ? "integer"
            : "number",
        _ => "null",
    };

    /// <summary>A value in an error: strings quoted, scalars as they are, the rest by type.</summary>
    public static string Shown(Place place) => place.Value switch
    {
        WireString text => GoText.Quote(text.Value),
        WireNumber or WireBool => Plain(place.Value),
        _ => GoText.Quote(NameOf(place.Value)),
    };

    /// <summary>A scalar as text.</summary>
    public static string Plain(WireValue value) => value switch
    {
        WireString text => text.Value,
        WireNumber number => number.Text,
        WireBool flag => flag.Value ? "true" : "false",
        _ => "null",
    };

    /// <summary>What tells an item of a map list from the others: {"name":"a"}; null where the list is none.</summary>
    public static string? KeyOf(Place item, CustomSchema list)
    {
        if (list.MapKeys.IsEmpty || item.Value is not WireObject)
            return null;
        var parts = list.MapKeys.Where(key => item[key].IsPresent).Order(StringComparer.Ordinal)
            .Select(key => $"{GoText.Quote(key)}:{Shown(item[key])}").ToList();
        return parts.Count == 0 ? null : $"{{{string.Join(',', parts)}}}";
    }

    /// <summary>What the items of a list were before, by key: only those of map lists can be told again.</summary>
    public static IReadOnlyDictionary<string, WireValue?> ByKey(WireArray? old, CustomSchema list)
    {
        var items = new Dictionary<string, WireValue?>(StringComparer.Ordinal);
        if (old is null || list.MapKeys.IsEmpty)
            return items;
        foreach (var item in new Place("", old, default).Items())
        {
            if (KeyOf(item, list) is { } key)
                items.TryAdd(key, item.Value);
        }

        return items;
    }

    private static string NameOf(CustomType type) => type switch
    {
        CustomType.Object => "object",
        CustomType.Array => "array",
        CustomType.String => "string",
        CustomType.Integer => "integer",
        CustomType.Number => "number",
        _ => "boolean",
    };
}

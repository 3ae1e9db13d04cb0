using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Tables;

/// <summary>metav1.FormatLabelSelector: app=a,!d,e,k in (v1,v2), keys sorted.</summary>
internal static class SelectorText
{
    public static string Of(JsonNode? selector)
    {
        var terms = new List<(string Key, string Text)>();
        if (selector?["matchLabels"] is JsonObject labels)
            terms.AddRange(labels.Select(label => (label.Key, $"{label.Key}={Cell.Text(label.Value)}")));
        foreach (var expression in Cell.Objects(selector?["matchExpressions"]))
        {
            var key = Cell.Text(expression["key"]);
            var values = string.Join(",", Cell.Texts(expression["values"]).Order(StringComparer.Ordinal));
            terms.Add((key, Cell.Text(expression["operator"]) switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => key,
                _ => $"!{key}",
            }));
        }

        var sorted = terms.OrderBy(term => term.Key, StringComparer.Ordinal).Select(term => term.Text);
        return Cell.OrNone(string.Join(",", sorted));
    }

    /// <summary>A plain map of labels: a=1,b=2.</summary>
    public static string OfMap(JsonNode? map) =>
        Cell.OrNone(map is JsonObject labels
            ? string.Join(
                ",", labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={Cell.Text(l.Value)}"))
            : "");
}

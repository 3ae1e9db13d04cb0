using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Fields;

/// <summary>Whether a configuration fits its schema, in the words of structured-merge-diff.</summary>
internal sealed class TypedCheck
{
    // A body may hold a hundred thousand unknown fields; nobody reads that many errors.
    private const int MaxErrors = 100;

    private readonly List<string> _errors = [];
    private readonly FieldPath _path = new();

    private TypedCheck()
    {
    }

    /// <summary>What is wrong, one text; null when nothing is.</summary>
    public static string? Error(JsonNode? value, MergeType type)
    {
        var check = new TypedCheck();
        check.Walk(value, type);
        return check._errors.Count switch
        {
            0 => null,
            1 => check._errors[0],
            _ => "errors:\n  " + string.Join("\n  ", check._errors),
        };
    }

    private void Walk(JsonNode? value, MergeType type)
    {
        if (value is null || _errors.Count >= MaxErrors)
            return;
        switch (type.Form)
        {
            case MergeForm.Struct or MergeForm.Map:
                Members(value, type);
                break;
            case MergeForm.List:
                Items(value, type);
                break;
            case MergeForm.String when value.GetValueKind() != JsonValueKind.String:
                Report($": expected string, got {Shown(value)}");
                break;
            case MergeForm.Number when value.GetValueKind() != JsonValueKind.Number:
                Report($": expected numeric (int or float), got {Shown(value)}");
                break;
            case MergeForm.Bool when value.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False):
                Report($": expected boolean, got {Shown(value)}");
                break;
            case MergeForm.Untyped when value is not JsonValue:
                Report($": expected any scalar, got {Shown(value)}");
                break;
        }
    }

    private void Members(JsonNode value, MergeType type)
    {
        if (value is not JsonObject map)
        {
            Report($": expected map, got {Shown(value)}");
            return;
        }

        foreach (var (name, member) in map)
        {
            _path.Enter(FieldStep.Field(name));
            if (type.Member(name) is { } memberType)
                Walk(member, memberType);
            else
                Report(": field not declared in schema");
            _path.Leave();
        }
    }

    private void Items(JsonNode value, MergeType type)
    {
        if (value is not JsonArray list)
        {
            Report($": expected list, got {Shown(value)}");
            return;
        }

        var seen = new HashSet<FieldStep>();
        for (var i = 0; i < list.Count; i++)
        {
            var step = type.IsAtomic ? null : FieldStep.Item(list[i], type);
            if (!type.IsAtomic && step is null)
                Report($": element {i}: {NoStep(list[i], type)}");
            else if (step is { } item && !seen.Add(item))
                Report($": duplicate entries for key {item}");
            _path.Enter(step ?? FieldStep.At(i));
            Walk(list[i], type.Items);
            _path.Leave();
        }
    }

    private static string NoStep(JsonNode? item, MergeType type)
    {
        if (type.Keys.IsEmpty)
            return $"associative list without keys has an element that's a {(item is JsonArray ? "list" : "map")} type";
        if (item is null)
            return "associative list with keys may not have a null element";
        if (item is not JsonObject map)
            return "associative list with keys may not have non-map elements";
        var (missing, _) = type.Keys.First(
            key => map[key.Name] is JsonObject or JsonArray || (map[key.Name] is null && key.Default is null));
        return $"associative list with keys has an element that omits key field \"{missing}\" " +
            "(and doesn't have default value)";
    }

    private void Report(string what)
    {
        if (_errors.Count < MaxErrors)
            _errors.Add(_path + what);
    }

    // As Go prints the value it met (&value.valueUnstructured{Value:"x"}), which tells what a string or number was.
    private static string Shown(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.Object => "&value.valueUnstructured{Value:map[string]interface {}{...}}",
        JsonValueKind.Array => "&value.valueUnstructured{Value:[]interface {}{...}}",
        _ => $"&value.valueUnstructured{{Value:{value.ToJsonString()}}}",
    };
}

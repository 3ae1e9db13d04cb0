using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Tables;

/// <summary>
/// The JSON paths of printer columns and subresources (client-go jsonpath, relaxed): .a.b, ['a.b'], .a\.b, [0], [-1],
/// [*], [?(@.type=="Ready")].
/// </summary>
internal sealed class JsonPath
{
    private readonly ImmutableArray<Step> _steps;

    private JsonPath(ImmutableArray<Step> steps) => _steps = steps;

    /// <summary>The path; what cannot be read ends it, and then it finds nothing.</summary>
    public static JsonPath Parse(string text) => new(new Reader(text).Steps());

    /// <summary>The first value that the path leads to, or null.</summary>
    public JsonNode? First(JsonNode? root) => _steps.Aggregate(
        (IEnumerable<JsonNode?>)[root], (nodes, step) => nodes.SelectMany(node => step.From(node))).FirstOrDefault();

    /// <summary>Sets a value where all steps are names; makes the objects on the way.</summary>
    public void Set(JsonObject root, JsonNode? value)
    {
        for (var i = 0; i < _steps.Length - 1; i++)
        {
            if (root[_steps[i].Name ?? ""] is not JsonObject next)
                root[_steps[i].Name ?? ""] = next = [];
            root = next;
        }

        root[_steps[^1].Name ?? ""] = value;
    }

    private sealed record Step(string? Name, int? Index, JsonPath? Filter, string? Wanted, bool Equal)
    {
        public IEnumerable<JsonNode?> From(JsonNode? node)
        {
            if (Name is not null)
                return node is JsonObject holder && holder[Name] is { } value ? [value] : [];
            if (node is not JsonArray list)
                return Filter is null && Index is null && node is JsonObject all ? all.Select(pair => pair.Value) : [];
            if (Index is { } index)
            {
                var at = index < 0 ? list.Count + index : index;
                return at >= 0 && at < list.Count ? [list[at]] : [];
            }

            return Filter is null ? list
                : list.Where(item => Filter.First(item) is { } found && Cell.Scalar(found) == Wanted == Equal);
        }
    }

    private sealed class Reader(string text)
    {
        private int _at;

        public ImmutableArray<Step> Steps()
        {
            var steps = ImmutableArray.CreateBuilder<Step>();
            while (_at < text.Length)
            {
                var step = text[_at] == '[' ? Bracket() : Named();
                if (step is null)
                    return [new("\0", null, null, null, false)];
                steps.Add(step);
            }

            return steps.ToImmutable();
        }

        private Step? Named()
        {
            if (text[_at] == '.')
                _at++;
            var name = new System.Text.StringBuilder();
            for (; _at < text.Length && text[_at] is not ('.' or '['); _at++)
            {
                if (text[_at] == '\\' && _at + 1 < text.Length)
                    _at++;
                name.Append(text[_at]);
            }

            return name.Length == 0 ? null : Of(name.ToString());
        }

        private Step? Bracket()
        {
            var close = text.IndexOf(text[_at..].StartsWith("[?(", StringComparison.Ordinal) ? ")]" : "]", _at,
                StringComparison.Ordinal);
            if (close < 0)
                return null;
            var inner = text[(_at + 1)..close];
            _at = text.IndexOf(']', close) + 1;
            if (inner == "*")
                return new(null, null, null, null, false);
            if (inner.StartsWith("?(@", StringComparison.Ordinal))
                return Filtered(inner[3..]);
            if (inner.Length > 1 && inner[0] is '\'' or '"')
                return Of(inner[1..^1]);
            return int.TryParse(inner, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index)
                ? new(null, index, null, null, false)
                : null;
        }

        private static Step? Filtered(string condition)
        {
            var sign = condition.IndexOf("==", StringComparison.Ordinal);
            var equal = sign >= 0;
            if (!equal)
                sign = condition.IndexOf("!=", StringComparison.Ordinal);
            if (sign < 0)
                return null;
            var wanted = condition[(sign + 2)..].Trim().Trim('"', '\'');
            return new(null, null, Parse(condition[..sign].Trim()), wanted, equal);
        }

        private static Step Of(string name) => new(name, null, null, null, false);
    }
}

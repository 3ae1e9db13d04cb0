using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Selecting;

/// <summary>An operator of the labelSelector query parameter.</summary>
internal enum LabelOperator : byte
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// <summary>One term. NotIn (also written !=) holds when the key is absent.</summary>
internal readonly record struct LabelTerm(string Key, LabelOperator Operator, ImmutableArray<string> Values)
{
    public bool Matches(FrozenDictionary<string, string> labels)
    {
        var value = labels.GetValueOrDefault(Key);
        return Operator switch
        {
            LabelOperator.In => value is not null && Values.Contains(value),
            LabelOperator.NotIn => value is null || !Values.Contains(value),
            LabelOperator.Exists => value is not null,
            LabelOperator.DoesNotExist => value is null,
            _ => Compare(value),
        };
    }

    private bool Compare(string? value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var left)
        && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var right)
        && (Operator == LabelOperator.GreaterThan ? left > right : left < right);
}

/// <summary>
/// The labelSelector query parameter (apimachinery labels.Parse): terms joined by commas, all of which must hold.
/// </summary>
internal sealed class LabelSelection
{
    public static readonly LabelSelection Everything = new([]);

    private readonly ImmutableArray<LabelTerm> _terms;

    private LabelSelection(ImmutableArray<LabelTerm> terms) => _terms = terms;

    /// <summary>A LabelSelector of an object: matchLabels and matchExpressions.</summary>
    public static LabelSelection Of(JsonObject selector)
    {
        var labels = selector["matchLabels"] as JsonObject ?? [];
        var expressions = Cell.Objects(selector["matchExpressions"]).Select(expression => new LabelTerm(
            Cell.Text(expression["key"]),
            Enum.Parse<LabelOperator>(Cell.Text(expression["operator"])),
            [.. Cell.Texts(expression["values"])]));
        var equal = labels.Select(pair => new LabelTerm(pair.Key, LabelOperator.In, [Cell.Text(pair.Value)]));
        return new LabelSelection([.. equal, .. expressions]);
    }

    public bool IsEverything => _terms.IsEmpty;

    public bool Matches(FrozenDictionary<string, string> labels)
    {
        foreach (var term in _terms)
        {
            if (!term.Matches(labels))
                return false;
        }

        return true;
    }

    public static LabelSelection Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return Everything;
        var lexer = new Lexer(text);
        var terms = ImmutableArray.CreateBuilder<LabelTerm>();
        while (true)
        {
            terms.Add(Term(ref lexer));
            var next = lexer.Next();
            if (next.Length == 0)
                return new LabelSelection(terms.ToImmutable());
            if (next != ",")
                throw Refuse($"found '{next}', expected: ',' or 'end of string'");
            if (lexer.Peek().Length == 0)
                throw Refuse("found '', expected: identifier after ','");
        }
    }

    private static LabelTerm Term(ref Lexer lexer)
    {
        var key = lexer.Next();
        var negated = key == "!";
        if (negated)
            key = lexer.Next();
        if (key.Length == 0 || Lexer.IsSymbol(key[0]))
            throw Refuse($"found '{key}', expected: identifier");
        // The parser looks at the key with no path, hence their <nil>.
        if (LabelSyntax.KeyProblem(key) is { } problem)
            throw Refuse($"<nil>: Invalid value: {GoText.Quote(key)}: {problem}");
        if (negated)
            return new LabelTerm(key, LabelOperator.DoesNotExist, []);
        if (lexer.Peek() is "" or ",")
            return new LabelTerm(key, LabelOperator.Exists, []);
        var name = lexer.Next();
        return name switch
        {
            "=" or "==" => Checked(new LabelTerm(key, LabelOperator.In, [Value(ref lexer)])),
            "!=" => Checked(new LabelTerm(key, LabelOperator.NotIn, [Value(ref lexer)])),
            "in" => Checked(new LabelTerm(key, LabelOperator.In, Values(ref lexer))),
            "notin" => Checked(new LabelTerm(key, LabelOperator.NotIn, Values(ref lexer))),
            ">" => new LabelTerm(key, LabelOperator.GreaterThan, [Number(ref lexer)]),
            "<" => new LabelTerm(key, LabelOperator.LessThan, [Number(ref lexer)]),
            _ => throw Refuse($"found '{name}', expected: in, notin, =, ==, !=, gt, lt"),
        };
    }

    private static LabelTerm Checked(LabelTerm term)
    {
        var problems = term.Values.Order(StringComparer.Ordinal).Distinct(StringComparer.Ordinal)
            .Select((value, i) => LabelSyntax.ValueProblem(value) is { } problem
                ? $"values[{i}][{term.Key}]: Invalid value: {GoText.Quote(value)}: {problem}"
                : null)
            .OfType<string>().ToList();
        return problems.Count switch
        {
            0 => term,
            1 => throw Refuse(problems[0]),
            _ => throw Refuse($"[{string.Join(", ", problems)}]"),
        };
    }

    // An empty value is legal: "key=" and "key=,other".
    private static string Value(ref Lexer lexer)
    {
        var next = lexer.Peek();
        if (next is "" or ",")
            return "";
        lexer.Next();
        return Lexer.IsSymbol(next[0]) ? throw Refuse($"found '{next}', expected: identifier") : next;
    }

    private static string Number(ref Lexer lexer)
    {
        var value = Value(ref lexer);
        return long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            ? value
            : throw Refuse($"values[0]: Invalid value: {GoText.Quote(value)}: "
                + "for 'Gt', 'Lt' operators, the value must be an integer");
    }

    private static ImmutableArray<string> Values(ref Lexer lexer)
    {
        var open = lexer.Next();
        if (open != "(")
            throw Refuse($"found '{open}' expected: '('");
        var values = ImmutableArray.CreateBuilder<string>();
        while (true)
        {
            var next = lexer.Peek();
            if (next is "," or ")")
            {
                values.Add("");
            }
            else
            {
                lexer.Next();
                if (next.Length == 0 || Lexer.IsSymbol(next[0]))
                    throw Refuse($"found '{next}', expected: ',', ')' or identifier");
                values.Add(next);
            }

            var after = lexer.Next();
            if (after == ")")
                return values.ToImmutable();
            if (after != ",")
                throw Refuse($"found '{after}', expected: ',' or ')'");
        }
    }

    private static StatusException Refuse(string why) => Errors.BadRequest($"unable to parse requirement: {why}");

    /// <summary>Splits into words and the symbols ( ) , ! = == != &lt; &gt;; an empty token is the end.</summary>
    private struct Lexer(string text)
    {
        private int _at;

        public static bool IsSymbol(char c) => c is '(' or ')' or ',' or '!' or '=' or '<' or '>';

        public readonly string Peek()
        {
            var copy = this;
            return copy.Next();
        }

        public string Next()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                _at++;
            var start = _at;
            if (start == text.Length)
                return "";
            if (IsSymbol(text[start]))
            {
                var two = text[start] is '=' or '!' && start + 1 < text.Length && text[start + 1] == '=';
                _at += two ? 2 : 1;
                return text[start.._at];
            }

            while (_at < text.Length && !IsSymbol(text[_at]) && !char.IsWhiteSpace(text[_at]))
                _at++;
            return text[start.._at];
        }
    }
}

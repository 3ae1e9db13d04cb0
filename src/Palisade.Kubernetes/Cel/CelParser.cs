using System.Collections.Immutable;

namespace Palisade.Kubernetes.Cel;

/// <summary>Parses CEL by recursive descent; the grammar of cel-spec doc/langdef.md, without messages.</summary>
internal sealed class CelParser
{
    /// <summary>What 9223372036854775808 stands for until a minus comes before it.</summary>
    public static readonly object MinusMinimum = new();

    // cel-go refuses deeper recursion too; evaluation goes as deep as the tree.
    private const int MaxDepth = 250;

    private static readonly HashSet<string> _reserved =
    [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ];

    private readonly CelLexer _lexer;
    private CelToken _token;
    private int _nesting;

    private CelParser(string text)
    {
        _lexer = new(text);
        _token = _lexer.Next();
    }

    /// <exception cref="CelSyntaxException">It is none.</exception>
    public static CelNode Parse(string text)
    {
        var parser = new CelParser(text);
        var node = parser.Expression();
        return parser._token.Kind == CelTokenKind.End ? node : throw parser.Unexpected();
    }

    private CelNode Expression()
    {
        if (++_nesting > MaxDepth)
            throw new CelSyntaxException($"expression recursion limit exceeded: {MaxDepth}", _token.At);
        var condition = Chain(all: false);
        var at = _token.At;
        if (Accept("?"))
        {
            var then = Chain(all: false);
            Expect(":");
            var otherwise = Expression();
            condition = Over(new CelChoice(condition, then, otherwise, at), condition, then, otherwise);
        }

        _nesting--;
        return condition;
    }

    private CelNode Chain(bool all)
    {
        var sign = all ? "&&" : "||";
        var first = all ? Relation() : Chain(all: true);
        if (!Is(sign))
            return first;
        var at = _token.At;
        var terms = ImmutableArray.CreateBuilder<CelNode>();
        terms.Add(first);
        while (Accept(sign))
            terms.Add(all ? Relation() : Chain(all: true));
        return Over(new CelChain(all, terms.ToImmutable(), at), [.. terms]);
    }

    private CelNode Relation()
    {
        var left = Sum();
        while (true)
        {
            var (sign, at) = (_token.Text, _token.At);
            var isIn = _token is { Kind: CelTokenKind.Name, Text: "in" };
            if (!isIn && !(_token.Kind == CelTokenKind.Sign && sign is "==" or "!=" or "<" or "<=" or ">" or ">="))
                return left;
            Advance();
            left = Binary(sign, left, Sum(), at);
        }
    }

    private CelNode Sum()
    {
        var left = Product();
        while (Is("+") || Is("-"))
        {
            var (sign, at) = (_token.Text, _token.At);
            Advance();
            left = Binary(sign, left, Product(), at);
        }

        return left;
    }

    private CelNode Product()
    {
        var left = Unary();
        while (Is("*") || Is("/") || Is("%"))
        {
            var (sign, at) = (_token.Text, _token.At);
            Advance();
            left = Binary(sign, left, Unary(), at);
        }

        return left;
    }

    private CelNode Unary()
    {
        var at = _token.At;
        if (Accept("!"))
            return Prefix("!_", at);
        if (!Accept("-"))
            return Member();
        switch (_token.Value)
        {
            case long whole when _token.Kind == CelTokenKind.Constant:
                Advance();
                return Members(new CelConstant(-whole, at));
            case double real:
                Advance();
                return Members(new CelConstant(-real, at));
            case var least when least == MinusMinimum:
                Advance();
                return Members(new CelConstant(long.MinValue, at));
            default:
                return Prefix("-_", at);
        }
    }

    private CelNode Prefix(string function, int at)
    {
        if (++_nesting > MaxDepth)
            throw new CelSyntaxException($"expression recursion limit exceeded: {MaxDepth}", at);
        var operand = Unary();
        _nesting--;
        return Over(new CelCall(function, null, [operand], at), operand);
    }

    private CelNode Member() => Members(Primary());

    private CelNode Members(CelNode node)
    {
        while (true)
        {
            var at = _token.At;
            if (Is(".") || Is(".?"))
            {
                var access = Is(".?") ? CelAccess.Optional : CelAccess.Value;
                Advance();
                var name = NameOf();
                node = access == CelAccess.Value && Accept("(")
                    ? Method(node, name, at)
                    : Over(new CelField(node, name, access, at), node);
            }
            else if (Is("[") || Is("[?"))
            {
                var optional = Is("[?");
                Advance();
                var key = Expression();
                Expect("]");
                node = Over(new CelIndex(node, key, optional, at), node, key);
            }
            else
            {
                return node;
            }
        }
    }

    private CelNode Primary()
    {
        var token = _token;
        switch (token.Kind)
        {
            case CelTokenKind.Constant when token.Value != MinusMinimum:
                Advance();
                return new CelConstant(token.Value, token.At);
            case CelTokenKind.Name when !_reserved.Contains(token.Text):
                Advance();
                return Accept("(") ? Function(token.Text, token.At) : new CelName(token.Text, token.At);
            case CelTokenKind.Sign when Accept("("):
                var inner = Expression();
                Expect(")");
                return inner;
            case CelTokenKind.Sign when Is("[") || Is("[?"):
                return List();
            case CelTokenKind.Sign when Is("{") || Is("{?"):
                return Map();
            case CelTokenKind.Sign when Accept("."):
                // A name of the root scope; there is no other.
                return new CelName(NameOf(), token.At);
            default:
                throw Unexpected();
        }
    }

    private CelNode List()
    {
        var at = _token.At;
        var items = ImmutableArray.CreateBuilder<(CelNode, bool)>();
        var optional = Is("[?");
        Advance();
        while (!Is("]"))
        {
            optional |= Accept("?");
            items.Add((Expression(), optional));
            optional = false;
            if (!Accept(","))
                break;
        }

        Expect("]");
        return Over(new CelListNode(items.ToImmutable(), at), [.. items.Select(item => item.Item1)]);
    }

    private CelNode Map()
    {
        var at = _token.At;
        var entries = ImmutableArray.CreateBuilder<(CelNode, CelNode, bool)>();
        var optional = Is("{?");
        Advance();
        while (!Is("}"))
        {
            optional |= Accept("?");
            var key = Expression();
            Expect(":");
            entries.Add((key, Expression(), optional));
            optional = false;
            if (!Accept(","))
                break;
        }

        Expect("}");
        return Over(new CelMapNode(entries.ToImmutable(), at),
            [.. entries.SelectMany(entry => new[] { entry.Item1, entry.Item2 })]);
    }

    private ImmutableArray<CelNode> Arguments()
    {
        var arguments = ImmutableArray.CreateBuilder<CelNode>();
        while (!Is(")"))
        {
            arguments.Add(Expression());
            if (!Accept(","))
                break;
        }

        Expect(")");
        return arguments.ToImmutable();
    }

    private CelNode Function(string name, int at)
    {
        var arguments = Arguments();
        if (name != "has")
            return Over(new CelCall(name, null, arguments, at), [.. arguments]);
        return arguments is [CelField { Access: CelAccess.Value } field]
            ? Over(field with { Access = CelAccess.Presence }, field.Operand)
            : throw new CelSyntaxException("invalid argument to has() macro", at);
    }

    private CelNode Method(CelNode target, string name, int at)
    {
        // sets.contains(a, b): the name of a library, not an object.
        if (target is CelName library && (library.Name is "sets" or "optional"
            || (library.Name, name) is ("ip", "isCanonical")))
        {
            var given = Arguments();
            return Over(new CelCall($"{library.Name}.{name}", null, given, at), [.. given]);
        }

        var arguments = Arguments();
        if (CelMacros.Expand(target, name, arguments, at) is { } loop)
            return Over(loop, [target, .. arguments]);
        return Over(new CelCall(name, target, arguments, at), [target, .. arguments]);
    }

    private static CelNode Binary(string sign, CelNode left, CelNode right, int at) =>
        Over(new CelCall(sign, null, [left, right], at), left, right);

    private static CelNode Over(CelNode node, params ReadOnlySpan<CelNode> parts)
    {
        foreach (var part in parts)
            node.Depth = Math.Max(node.Depth, part.Depth + 1);
        return node.Depth <= MaxDepth ? node
            : throw new CelSyntaxException($"expression recursion limit exceeded: {MaxDepth}", node.At);
    }

    private string NameOf()
    {
        if (_token.Kind is not CelTokenKind.Name || _reserved.Contains(_token.Text))
            throw Unexpected();
        var name = _token.Text;
        Advance();
        return name;
    }

    private bool Is(string sign) => _token.Kind == CelTokenKind.Sign && _token.Text == sign;

    private bool Accept(string sign)
    {
        if (!Is(sign))
            return false;
        Advance();
        return true;
    }

    private void Expect(string sign)
    {
        if (!Accept(sign))
            throw Unexpected();
    }

    private void Advance() => _token = _lexer.Next();

    private CelSyntaxException Unexpected()
    {
        var shown = _token.Kind == CelTokenKind.End ? "<EOF>" : _token.Text;
        return new($"Syntax error: mismatched input '{shown}'", _token.At);
    }
}

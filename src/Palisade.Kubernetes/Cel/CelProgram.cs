namespace Palisade.Kubernetes.Cel;

/// <summary>A CEL expression, ready to be evaluated any number of times from any thread.</summary>
internal sealed class CelProgram
{
    private readonly CelFunctions _functions = new();

    private CelProgram(CelNode root) => Root = root;

    public CelNode Root { get; }

    /// <summary>The program, or why the text is none: in the words of cel-go's compiler, with the place.</summary>
    public static (CelProgram? Program, string? Problem) Parse(string text)
    {
        try
        {
            return (new CelProgram(CelParser.Parse(text)), null);
        }
        catch (CelSyntaxException e)
        {
            return (null, Problem(text, e.Message, e.At));
        }
    }

    /// <summary>ERROR: &lt;input&gt;:LINE:COLUMN, the line, and a caret below the place.</summary>
    public static string Problem(string text, string message, int at)
    {
        var start = at == 0 ? 0 : text.LastIndexOf('\n', Math.Min(at, text.Length) - 1) + 1;
        var end = text.IndexOf('\n', start);
        var line = text[start..(end < 0 ? text.Length : end)];
        var number = text.AsSpan(0, start).Count('\n') + 1;
        return $"ERROR: <input>:{number}:{at - start + 1}: {message}\n | {line}\n | {new string('.', at - start)}^";
    }

    /// <summary>The value, or a <see cref="CelError"/>.</summary>
    public object? Evaluate(CelScope? scope, CelBudget budget) =>
        new CelEvaluator(_functions, budget).Evaluate(Root, scope);

    /// <summary>Whether a name occurs free or bound: oldSelf makes a rule one of transitions.</summary>
    public bool Mentions(string name) => Mentions(Root, name);

    private static bool Mentions(CelNode node, string name) =>
        node is CelName own ? own.Name == name : node.Parts.Any(part => Mentions(part, name));
}

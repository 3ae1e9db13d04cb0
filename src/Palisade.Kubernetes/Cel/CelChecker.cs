using System.Collections.Immutable;
using Palisade.Kubernetes.Schema;

namespace Palisade.Kubernetes.Cel;

/// <summary>
/// What can be said against an expression before there is a value: names and functions that do not exist, and fields
/// that the schema does not have. Types of operands are judged when the rule is asked.
/// </summary>
internal sealed class CelChecker
{
    private string? _problem;
    private int _at;

    /// <summary>The first problem, in the words of cel-go's checker; null when there is none.</summary>
    public static string? Problem(CelProgram program, string text, CustomSchema self)
    {
        var checker = new CelChecker();
        var scope = ImmutableDictionary<string, CustomSchema?>.Empty.Add("self", self).Add("oldSelf", self);
        checker.Visit(program.Root, scope);
        return checker._problem is { } problem ? CelProgram.Problem(text, problem, checker._at) : null;
    }

    /// <summary>Visits a node; answers the schema of its value where that is known.</summary>
    private CustomSchema? Visit(CelNode node, ImmutableDictionary<string, CustomSchema?> scope)
    {
        switch (node)
        {
            case CelName name:
                if (!scope.TryGetValue(name.Name, out var known) && CelTypes.Named(name.Name) is null)
                    Fail($"undeclared reference to '{name.Name}' (in container '')", name.At);
                return known;
            case CelField field:
                return Field(field, Visit(field.Operand, scope));
            case CelIndex index:
                Visit(index.Key, scope);
                var holder = Visit(index.Operand, scope);
                return holder?.Items ?? holder?.Values;
            case CelLoop loop:
                return Loop(loop, scope);
            case CelCall call when !CelFunctions.IsKnown(call.Function):
                Fail($"undeclared reference to '{call.Function}' (in container '')", call.At);
                return null;
            default:
                foreach (var part in node.Parts)
                    Visit(part, scope);
                return null;
        }
    }

    private CustomSchema? Field(CelField field, CustomSchema? holder)
    {
        if (holder is null || holder.KeepsUnknown || holder.IsResource || holder.Values is not null
            || holder.Known is not null || field.Access == CelAccess.Optional)
            return holder?.Values ?? holder?[CelText.Unescape(field.Name)];
        // An optional's own methods are calls; a field of oldSelf under optionalOldSelf is not told from the value's.
        if (holder.Type == CustomType.Object && holder[CelText.Unescape(field.Name)] is { } part)
            return part;
        if (holder.Type is not null)
            Fail($"undefined field '{field.Name}'", field.At);
        return null;
    }

    private CustomSchema? Loop(CelLoop loop, ImmutableDictionary<string, CustomSchema?> scope)
    {
        var range = Visit(loop.Range, scope);
        var inner = loop.Second is null
            ? scope.SetItem(loop.First, range?.Items)
            : scope.SetItem(loop.First, null).SetItem(loop.Second, range?.Items ?? range?.Values);
        if (loop.Filter is not null)
            Visit(loop.Filter, inner);
        Visit(loop.Body, inner);
        return loop.Macro == CelMacro.Filter ? range : null;
    }

    private void Fail(string problem, int at)
    {
        if (_problem is null)
            (_problem, _at) = (problem, at);
    }
}

namespace Palisade.Kubernetes.Cel;

/// <summary>A variable, and those of the scopes around it.</summary>
internal sealed record CelScope(CelScope? Outer, string Name, object? Value)
{
    public static CelScope? Of(params ReadOnlySpan<(string Name, object? Value)> variables)
    {
        CelScope? scope = null;
        foreach (var (name, value) in variables)
            scope = new(scope, name, value);
        return scope;
    }
}

/// <summary>
/// What may still be spent on rules: a step for each node that is evaluated, and for each ten characters or items that
/// a function reads. About 20 million steps take a second.
/// </summary>
internal sealed class CelBudget(long steps)
{
    public long Left { get; private set; } = steps;

    public bool Spend(long steps)
    {
        Left = Math.Max(0, Left - steps);
        return Left > 0;
    }
}

/// <summary>Evaluates one expression over values; errors are values too.</summary>
internal sealed class CelEvaluator(CelFunctions functions, CelBudget budget)
{
    /// <summary>The value, or a <see cref="CelError"/>.</summary>
    public object? Evaluate(CelNode node, CelScope? scope)
    {
        if (!budget.Spend(1))
            return CelError.OutOfBudget;
        return node switch
        {
            CelConstant constant => constant.Value,
            CelName name => Name(name, scope),
            CelField field => Field(field, scope),
            CelIndex index => Index(index, scope),
            CelChoice choice => Choice(choice, scope),
            CelChain chain => Decide(chain.All, chain.Terms.Select(term => Evaluate(term, scope))),
            CelListNode list => List(list, scope),
            CelMapNode map => Map(map, scope),
            CelLoop loop => Loop(loop, scope),
            CelCall call => Call(call, scope),
            _ => CelError.NoOverload,
        };
    }

    private static object? Name(CelName name, CelScope? scope)
    {
        for (var at = scope; at is not null; at = at.Outer)
        {
            if (at.Name == name.Name)
                return at.Value;
        }

        return CelTypes.Named(name.Name) ?? (object)new CelError($"no such attribute(s): {name.Name}");
    }

    private object? Field(CelField field, CelScope? scope)
    {
        var operand = Evaluate(field.Operand, scope);
        if (operand is CelError)
            return operand;
        // A field of an optional is optional itself.
        var (holder, chained) = operand is CelOptional optional
            ? (optional.HasValue ? optional.Value : null, true)
            : (operand, false);
        if (chained && holder is null)
            return field.Access == CelAccess.Presence ? false : CelOptional.None;
        if (holder is not CelMap map)
            return holder is null ? CelError.NoKey(field.Name) : CelError.NoOverload;
        var value = map.Field(field.Name);
        if (field.Access == CelAccess.Presence)
            return value is not CelError;
        if (field.Access == CelAccess.Optional || chained)
            return value is CelError ? CelOptional.None : CelOptional.Of(value);
        return value;
    }

    private object? Index(CelIndex index, CelScope? scope)
    {
        var operand = Evaluate(index.Operand, scope);
        var key = Evaluate(index.Key, scope);
        if ((operand as CelError ?? key as CelError) is { } error)
            return error;
        var isOptional = index.Optional;
        if (operand is CelOptional optional)
        {
            if (!optional.HasValue)
                return CelOptional.None;
            (operand, isOptional) = (optional.Value, true);
        }

        var value = operand switch
        {
            CelMap map => map[key],
            CelList list when key is long at =>
                at >= 0 && at < list.Count ? list[(int)at] : new CelError($"index out of bounds: {CelText.Of(key)}"),
            _ => CelError.NoOverload,
        };
        if (!isOptional)
            return value;
        return value is CelError ? CelOptional.None : CelOptional.Of(value);
    }

    private object? Choice(CelChoice choice, CelScope? scope) => Evaluate(choice.Condition, scope) switch
    {
        true => Evaluate(choice.Then, scope),
        false => Evaluate(choice.Otherwise, scope),
        CelError error => error,
        _ => CelError.NoOverload,
    };

    // One value that decides wins over errors of the others, in whatever order.
    private static object Decide(bool all, IEnumerable<object?> values)
    {
        CelError? failed = null;
        foreach (var value in values)
        {
            if (value is bool decided && decided != all)
                return decided;
            if (value is not bool)
                failed ??= value as CelError ?? CelError.NoOverload;
            if (failed == CelError.OutOfBudget)
                break;
        }

        return failed is null ? all : failed;
    }

    private object? List(CelListNode list, CelScope? scope)
    {
        var items = new List<object?>();
        foreach (var (item, optional) in list.Items)
        {
            var value = Evaluate(item, scope);
            if (value is CelError)
                return value;
            if (!optional)
                items.Add(value);
            else if (value is CelOptional { HasValue: true } given)
                items.Add(given.Value);
        }

        return new CelList(items);
    }

    private object? Map(CelMapNode map, CelScope? scope)
    {
        var entries = new List<(object? Key, object? Value)>();
        foreach (var (keyNode, valueNode, optional) in map.Entries)
        {
            var key = Evaluate(keyNode, scope);
            var value = Evaluate(valueNode, scope);
            if ((key as CelError ?? value as CelError) is { } error)
                return error;
            if (optional)
            {
                if (value is not CelOptional { HasValue: true } given)
                    continue;
                value = given.Value;
            }

            entries.Add((key, value));
        }

        return new CelMap(entries);
    }

    private object? Call(CelCall call, CelScope? scope)
    {
        var target = call.Target is null ? null : Evaluate(call.Target, scope);
        if (target is CelError)
            return target;
        var arguments = new object?[call.Arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            // optional.or(…) and orValue(…) do not look at what they do not need.
            if (target is CelOptional { HasValue: true } && call.Function is "or" or "orValue")
                return call.Function == "or" ? target : ((CelOptional)target!).Value;
            arguments[i] = Evaluate(call.Arguments[i], scope);
            if (arguments[i] is CelError)
                return arguments[i];
        }

        return functions.Call(call.Function, call.Target is not null, target, arguments, budget);
    }

    private object? Loop(CelLoop loop, CelScope? scope)
    {
        var range = Evaluate(loop.Range, scope);
        IEnumerable<(object? First, object? Second)>? pairs = (range, loop.Second) switch
        {
            (CelList list, null) => list.Items.Select(item => (item, (object?)null)),
            (CelList list, _) => list.Items.Select((item, i) => ((object?)(long)i, item)),
            (CelMap map, null) => map.Keys.Select(key => (key, (object?)null)),
            (CelMap map, _) => map.Keys.Select(key => (key, map[key])),
            _ => null,
        };
        if (pairs is null)
            return range as CelError ?? CelError.NoOverload;
        var scopes = pairs.Select(pair => loop.Second is null
            ? new CelScope(scope, loop.First, pair.First)
            : new CelScope(new CelScope(scope, loop.First, pair.First), loop.Second, pair.Second));
        return loop.Macro switch
        {
            CelMacro.All or CelMacro.Exists =>
                Decide(loop.Macro == CelMacro.All, scopes.Select(inner => Evaluate(loop.Body, inner))),
            CelMacro.ExistsOne => Single(loop, scopes),
            CelMacro.Filter => Filter(loop, scopes),
            _ => Transform(loop, scopes),
        };
    }

    private object? Single(CelLoop loop, IEnumerable<CelScope> scopes)
    {
        var found = 0;
        foreach (var inner in scopes)
        {
            var value = Evaluate(loop.Body, inner);
            if (value is not bool holds)
                return value as CelError ?? CelError.NoOverload;
            if (holds)
                found++;
        }

        return found == 1;
    }

    private object? Filter(CelLoop loop, IEnumerable<CelScope> scopes)
    {
        var kept = new List<object?>();
        foreach (var inner in scopes)
        {
            var value = Evaluate(loop.Body, inner);
            if (value is not bool holds)
                return value as CelError ?? CelError.NoOverload;
            if (holds)
                kept.Add(inner.Value);
        }

        return new CelList(kept);
    }

    private object? Transform(CelLoop loop, IEnumerable<CelScope> scopes)
    {
        var made = new List<object?>();
        foreach (var inner in scopes)
        {
            if (loop.Filter is not null)
            {
                var holds = Evaluate(loop.Filter, inner);
                if (holds is not bool)
                    return holds as CelError ?? CelError.NoOverload;
                if (holds is false)
                    continue;
            }

            var value = Evaluate(loop.Body, inner);
            if (value is CelError)
                return value;
            made.Add(value);
        }

        return new CelList(made);
    }
}

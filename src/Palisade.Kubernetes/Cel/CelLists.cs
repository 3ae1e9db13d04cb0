namespace Palisade.Kubernetes.Cel;

/// <summary>Methods of lists (the lists library of Kubernetes, cel-go ext/lists) and the sets library.</summary>
internal static class CelLists
{
    public static object? Call(string function, CelList list, object?[] arguments, CelBudget budget) =>
        (function, arguments) switch
        {
            ("join", []) => CelStrings.Join(list, "", budget),
            ("join", [string separator]) => CelStrings.Join(list, separator, budget),
            ("isSorted", []) => IsSorted(list),
            ("sum", []) => Sum(list),
            ("min", []) => Extreme(list, -1),
            ("max", []) => Extreme(list, 1),
            ("indexOf", [var value]) => Indices(list, value).DefaultIfEmpty(-1L).First(),
            ("lastIndexOf", [var value]) => Indices(list, value).DefaultIfEmpty(-1L).Last(),
            ("contains", [var value]) => CelOperators.In(value, list),
            ("distinct", []) => Distinct(list, budget),
            ("reverse", []) => new CelList([.. list.Items.Reverse()]),
            ("flatten", []) => new CelList([.. list.Items.SelectMany(item =>
                item is CelList inner ? inner.Items : [item])]),
            ("slice", [long from, long to]) => from >= 0 && from <= to && to <= list.Count
                ? new CelList([.. list.Items.Skip((int)from).Take((int)(to - from))])
                : new CelError($"cannot slice({from}, {to}), list is length {list.Count}"),
            _ => CelError.NoOverload,
        };

    public static object Sets(string function, CelList a, CelList b) => function switch
    {
        "sets.contains" => Covers(a, b),
        "sets.equivalent" => Covers(a, b) && Covers(b, a),
        "sets.intersects" => a.Items.Any(item => CelOperators.In(item, b) is true),
        _ => CelError.NoOverload,
    };

    private static bool Covers(CelList a, CelList b) => b.Items.All(item => CelOperators.In(item, a) is true);

    private static IEnumerable<long> Indices(CelList list, object? value) =>
        Enumerable.Range(0, list.Count).Where(i => CelOperators.Same(list[i], value)).Select(i => (long)i);

    private static object IsSorted(CelList list)
    {
        for (var i = 1; i < list.Count; i++)
        {
            if (CelOperators.Order(list[i - 1], list[i]) is not { } order)
                return CelError.NoOverload;
            if (order > 0)
                return false;
        }

        return true;
    }

    private static object? Sum(CelList list)
    {
        if (list.Count == 0)
            return 0L;
        var sum = list[0];
        for (var i = 1; i < list.Count && sum is not CelError; i++)
            sum = CelOperators.Arithmetic("+", sum, list[i]);
        return sum;
    }

    private static object? Extreme(CelList list, int sign)
    {
        if (list.Count == 0)
            return new CelError(sign < 0 ? "min called on empty list" : "max called on empty list");
        var extreme = list[0];
        foreach (var item in list.Items.Skip(1))
        {
            if (CelOperators.Order(item, extreme) is not { } order)
                return CelError.NoOverload;
            if (Math.Sign(order) == sign)
                extreme = item;
        }

        return extreme;
    }

    private static object Distinct(CelList list, CelBudget budget)
    {
        var kept = new List<object?>();
        foreach (var item in list.Items)
        {
            if (!budget.Spend(kept.Count))
                return CelError.OutOfBudget;
            if (!kept.Exists(known => CelOperators.Same(known, item)))
                kept.Add(item);
        }

        return new CelList(kept);
    }
}

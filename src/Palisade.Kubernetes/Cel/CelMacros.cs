using System.Collections.Immutable;

namespace Palisade.Kubernetes.Cel;

/// <summary>The macros that look like methods: all, exists, exists_one, map, filter.</summary>
internal static class CelMacros
{
    /// <summary>The loop that a call stands for; null when it is an ordinary call.</summary>
    public static CelLoop? Expand(CelNode range, string name, ImmutableArray<CelNode> arguments, int at)
    {
        if (arguments is not [CelName first, .. var rest])
            return null;
        CelLoop One(CelMacro macro, CelNode body, CelNode? filter = null) =>
            new(macro, range, first.Name, null, filter, body, at);
        CelLoop Two(CelMacro macro, CelName second, CelNode body, CelNode? filter = null) =>
            new(macro, range, first.Name, second.Name, filter, body, at);
        return (name, rest) switch
        {
            ("all", [var body]) => One(CelMacro.All, body),
            ("exists", [var body]) => One(CelMacro.Exists, body),
            ("exists_one" or "existsOne", [var body]) => One(CelMacro.ExistsOne, body),
            ("filter", [var body]) => One(CelMacro.Filter, body),
            ("map", [var body]) => One(CelMacro.Map, body),
            ("map", [var filter, var body]) => One(CelMacro.Map, body, filter),
            ("all", [CelName second, var body]) => Two(CelMacro.All, second, body),
            ("exists", [CelName second, var body]) => Two(CelMacro.Exists, second, body),
            ("existsOne", [CelName second, var body]) => Two(CelMacro.ExistsOne, second, body),
            ("transformList", [CelName second, var body]) => Two(CelMacro.Map, second, body),
            ("transformList", [CelName second, var filter, var body]) => Two(CelMacro.Map, second, body, filter),
            _ => null,
        };
    }
}

using System.Collections.Immutable;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Selectors;

namespace Palisade.Kubernetes.Convert;

/// <summary>Labels and selectors of decoded objects as the model's.</summary>
internal static class WireSelectors
{
    /// <summary>A label map; what is not a string is left out (decoding has reported it).</summary>
    public static LabelSet Labels(WireValue? value) => value is not WireObject o
        ? LabelSet.Empty
        : LabelSet.Of(o.Members.Where(m => m.Value is WireString).Select(m =>
            KeyValuePair.Create(m.Name, ((WireString)m.Value).Value)));

    /// <summary>
    /// A LabelSelector; null when it cannot be understood (an unknown operator, In without values), so that the
    /// caller fails closed.
    /// </summary>
    public static LabelSelector? Read(WireValue? value)
    {
        var requirements = new List<Requirement>();
        foreach (var pair in Labels((value as WireObject)?["matchLabels"]).Pairs)
            requirements.Add(new(pair.Key, SelectorOperator.In, [pair.Value]));
        if ((value as WireObject)?["matchExpressions"] is WireArray expressions)
        {
            foreach (var item in expressions.Items)
            {
                if (Expression(item) is not { } requirement)
                    return null;
                requirements.Add(requirement);
            }
        }

        return LabelSelector.Of(requirements);
    }

    private static Requirement? Expression(WireValue value)
    {
        if (value is not WireObject o || o["key"] is not WireString key)
            return null;
        ImmutableArray<string> values = o["values"] is WireArray list
            ? [.. list.Items.OfType<WireString>().Select(item => item.Value)]
            : [];
        return (o["operator"] as WireString)?.Value switch
        {
            "In" when !values.IsEmpty => new(key.Value, SelectorOperator.In, values),
            "NotIn" when !values.IsEmpty => new(key.Value, SelectorOperator.NotIn, values),
            "Exists" when values.IsEmpty => new(key.Value, SelectorOperator.Exists, []),
            "DoesNotExist" when values.IsEmpty => new(key.Value, SelectorOperator.DoesNotExist, []),
            _ => null,
        };
    }
}

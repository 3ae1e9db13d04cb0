using System.Globalization;

namespace Palisade.Kubernetes.Wire;

/// <summary>Equality of what two values say, wherever they stand.</summary>
internal static class WireEquality
{
    /// <summary>As JSON: members in any order, numbers by value; of a repeated member the last counts.</summary>
    public static bool SameAs(this WireValue one, WireValue other)
    {
        switch (one, other)
        {
            case (WireNull, WireNull):
                return true;
            case (WireBool a, WireBool b):
                return a.Value == b.Value;
            case (WireString a, WireString b):
                return a.Value == b.Value;
            case (WireNumber a, WireNumber b):
                return a.Text == b.Text || (Number(a) is { } left && left == Number(b));
            case (WireArray a, WireArray b):
                return a.Items.Length == b.Items.Length
                    && a.Items.Zip(b.Items).All(pair => pair.First.SameAs(pair.Second));
            case (WireObject a, WireObject b):
                var members = a.Distinct().ToDictionary(member => member.Name, member => member.Value);
                var count = 0;
                foreach (var member in b.Distinct())
                {
                    if (!members.TryGetValue(member.Name, out var value) || !value.SameAs(member.Value))
                        return false;
                    count++;
                }

                return count == members.Count;
            default:
                return false;
        }
    }

    /// <summary>The number; null where a decimal cannot hold it.</summary>
    public static decimal? Number(WireNumber number) =>
        decimal.TryParse(number.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed : null;
}
